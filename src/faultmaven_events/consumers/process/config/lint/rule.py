"""A rule, and the data files that hold them.

Fields of a `[[rule]]`; `source` at the top of a file holds for all its rules:
    id, severity (high | medium | low), area (security | reliability | efficiency)
    what, reason, fix       what is seen, why it matters, what to do: whole sentences but for `what`
    source                  where it is documented
    gixy, polaris, checkov  ids of the rules of those tools that ask the same
    bad, good               a file, or the part of one that `scope` names, which breaks or keeps it; tests run them
    scope, check, ...       when it is broken: see `kubernetes/predicate.py` and `nginx/predicate.py`
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

_STATED = frozenset({"id", "severity", "area", "what", "reason", "fix", "source", "gixy", "polaris", "checkov", "bad", "good"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `test` holds the fields that say when it is broken."""

    id: str
    severity: str
    area: str
    what: str
    reason: str
    fix: str
    source: str
    bad: str
    good: str
    known_as: Mapping[str, tuple[str, ...]]
    test: Mapping[str, Any]

    @property
    def ids(self) -> frozenset[str]:
        """Its own id and those in other tools."""
        return frozenset({self.id, *(id for ids in self.known_as.values() for id in ids)})


@cache
def rules(product: str) -> tuple[Rule, ...]:
    """All rules of `kubernetes` or `nginx`, in the order of the files' names."""
    room = files(__package__).joinpath(product)
    return tuple(
        rule
        for file in sorted(room.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".toml")
        for rule in _read(file.read_text("utf-8"))
    )


def _read(text: str) -> Iterator[Rule]:
    data = tomllib.loads(text)
    for row in data["rule"]:
        yield Rule(
            id=row["id"],
            severity=row["severity"],
            area=row["area"],
            what=row["what"],
            reason=row["reason"],
            fix=row["fix"],
            source=row.get("source", data["source"]),
            bad=row["bad"],
            good=row["good"],
            known_as={tool: tuple(row[tool]) for tool in ("gixy", "polaris", "checkov") if tool in row},
            test={key: value for key, value in row.items() if key not in _STATED},
        )
