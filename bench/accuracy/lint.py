"""Adapter of the rules of good practice for the evaluation kit: kind and text in, ids of broken rules out, under all names they go by."""

from faultmaven_events.consumers.process.config.braces import read_nginx
from faultmaven_events.consumers.process.config.lint.check import broken_rules
from faultmaven_events.consumers.process.config.yaml_text import read_yaml

_READERS = {"nginx": read_nginx, "kubernetes": read_yaml}


def config_lint(kind: str, text: str) -> set[str]:
    reading = _READERS[kind](text)
    return {id for finding in broken_rules(kind, reading, text.split("\n")) for id in finding.rule.ids}
