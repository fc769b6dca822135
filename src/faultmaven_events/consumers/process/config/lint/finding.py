"""A place that breaks a rule, and the notes made of such places: one for each rule, so that a report does not drown."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from faultmaven_events.consumers.process.config.lint.rule import Rule
from faultmaven_events.consumers.process.note import Note

WEIGHTS = {"high": 4.0, "medium": 2.4, "low": 0.5}
"""Hardening (low) ranks behind the settings of the file: a manifest without any breaks twenty such rules."""
LESS_URGENT = 0.6
"""Factor of the weight of what does not concern reliability: in an incident it explains less."""
PLACES_NAMED = 3
LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule is broken: 1-based line and column, and a name for it such as `Deployment/web, container app`."""

    line: int
    column: int
    name: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule broken at one place."""

    rule: Rule
    place: Place


def notes_of(findings: Iterable[Finding], product: str | None) -> Iterator[Note]:
    """One `config_finding` for each broken rule, cited at its first place, with the number of places."""
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule.id, []).append(finding)
    for group in by_rule.values():
        yield _note(group[0].rule, [finding.place for finding in group], product)


def _note(rule: Rule, places: list[Place], product: str | None) -> Note:
    named = "; ".join(f"line {place.line}: {place.name[:LONGEST_NAME]}" for place in places[:PLACES_NAMED])
    more = f"; and {len(places) - PLACES_NAMED} more" if len(places) > PLACES_NAMED else ""
    first = places[0]
    attributes = {
        "rule": rule.id,
        "also_known_as": ", ".join(f"{tool}: {' '.join(ids)}" for tool, ids in rule.known_as.items()) or None,
        "severity": rule.severity,
        "area": rule.area,
        "fix": rule.fix,
        "path": first.name[:LONGEST_NAME],
        "column": first.column,
        "places": len(places),
        "source": rule.source,
    }
    weight = WEIGHTS[rule.severity] * (1.0 if rule.area == "reliability" else LESS_URGENT)
    text = f"{rule.what} ({named}{more}): {rule.reason} {rule.fix}"
    return Note("config_finding", text, first.line, weight=weight, component=product, count=len(places), attributes=attributes)
