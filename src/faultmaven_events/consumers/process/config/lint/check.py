"""Run the rules over what a reader has read."""

import warnings
from collections.abc import Iterator, Sequence

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from faultmaven_events.consumers.process.config.entry import Reading
from faultmaven_events.consumers.process.config.lint.finding import Finding
from faultmaven_events.consumers.process.config.lint.kubernetes.check import check_manifests
from faultmaven_events.consumers.process.config.lint.nginx.check import check_nginx

MOST_JSON = 300_000
"""Characters of a manifest in JSON that are read once more for their positions."""


def broken_rules(dialect: str, reading: Reading, lines: Sequence[str]) -> Iterator[Finding]:
    """Every place where a rule of this dialect is broken; nothing for dialects without rules. Never raises for any text."""
    if dialect == "nginx":
        yield from check_nginx(reading.tree)
    elif dialect in {"kubernetes", "yaml"}:
        yield from check_manifests(reading.tree)
    elif dialect == "json" and not reading.problems:
        yield from check_manifests(_nodes("\n".join(lines)))


def _nodes(text: str) -> object:
    """A manifest in JSON as YAML nodes, which know their positions; None for other JSON, and where the text is too long."""
    if len(text) > MOST_JSON or not ('"apiVersion"' in text and '"kind"' in text):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return tuple(YAML(typ="safe", pure=True).compose_all(text))
    except (YAMLError, RecursionError, ValueError):
        return None
