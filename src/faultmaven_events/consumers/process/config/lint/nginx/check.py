"""Run every rule over the directives of a configuration."""

from collections.abc import Iterator
from typing import Any

from faultmaven_events.consumers.process.config.braces import Directive
from faultmaven_events.consumers.process.config.lint.finding import Finding, Place
from faultmaven_events.consumers.process.config.lint.nginx.flow import parents
from faultmaven_events.consumers.process.config.lint.nginx.predicate import broken_by
from faultmaven_events.consumers.process.config.lint.rule import rules


def check_nginx(tree: Any) -> Iterator[Finding]:
    """Every broken rule below the nameless directive that `read_nginx` gives."""
    if isinstance(tree, Directive):
        for rule in rules("nginx"):
            for one in broken_by(rule.test, tree):
                yield Finding(rule, Place(one.line, one.column, _name(one)))


def _name(one: Directive) -> str:
    """The directive and the blocks around it, as a person would look for it; arguments may be long and are left to the citation."""
    around = [_title(block) for block in parents(one) if block.name]
    return " > ".join([*reversed(around[:2]), one.name])


def _title(block: Directive) -> str:
    return " ".join([block.name, *(block.args[-1:] if block.name in {"location", "upstream"} else [])])[:40]
