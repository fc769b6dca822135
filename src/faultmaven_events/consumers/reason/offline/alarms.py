"""Alerts in the evidence: when a monitoring system fired, when somebody acknowledged, when it was resolved."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from faultmaven_events.consumers.reason.offline.case import Case
from faultmaven_events.consumers.reason.offline.records import plain
from faultmaven_events.schemas.insight import Citation

_RESOLVED: Final = re.compile(r"\b(?:resolved|cleared|closed)\b", re.IGNORECASE)
_ACKNOWLEDGED: Final = re.compile(r"\backnowledged?\b|\backed\b", re.IGNORECASE)
_ALERT: Final = re.compile(r"\b(?:firing|resolved|alert\w*|acknowledged?|paged)\b", re.IGNORECASE)
"""What a line of a change record must say to be about an alert: `page` alone is a page of a shop, too."""
_LINES: Final = 2000
"""Lines of a file, and characters of a line, in which acknowledgements are looked for."""
_LONG: Final = 2000
What = Literal["firing", "resolved", "acknowledged"]


@dataclass(frozen=True, slots=True)
class Alarm:
    """One message about an alert. `at` is seconds since 1970, on the common clock."""

    at: float
    what: What
    text: str
    file: str
    citation: Citation
    component: str | None = None


def alarms(case: Case) -> list[Alarm]:
    """Return what alerts the evidence holds, in order of time."""
    found = {(a.citation.file, a.citation.line_start): a for a in (*_recorded(case), *_told(case), *_acknowledged(case))}
    return sorted(found.values(), key=lambda a: (a.at, a.file, a.citation.line_start))


def _recorded(case: Case) -> Iterator[Alarm]:
    for change in case.changes:
        if change.kind == "alert" and change.at is not None and _ALERT.search(change.text):
            yield Alarm(change.at, _what(change.text), change.text, change.file, change.citation, change.component)


def _told(case: Case) -> Iterator[Alarm]:
    for file, facts in case.facts.items():
        moved = case.alignment[file].shift
        for fact in facts:
            if fact.kind == "alert" and fact.at is not None and fact.citations:
                said = str(fact.attributes.get("what") or "")
                at = (fact.at + moved).timestamp()
                yield Alarm(at, _what(f"{said} {fact.text}"), fact.text, file, fact.citations[0], fact.component)


def _acknowledged(case: Case) -> Iterator[Alarm]:
    """What alert files say of somebody who took an alert: no fact tells of it."""
    for file, facts in case.facts.items():
        page = case.pages.get(file)
        if page is None or not any(f.kind == "alert" for f in facts):
            continue
        for number, line in enumerate(page.lines[:_LINES], 1):
            at = page.at(number) if _ACKNOWLEDGED.search(line[:_LONG]) and _ALERT.search(line[:_LONG]) else None
            if at is not None:
                cited = page.cite(number)
                yield Alarm(at.timestamp(), "acknowledged", plain(cited.quote), file, cited)


def _what(text: str) -> What:
    if _ACKNOWLEDGED.search(text):
        return "acknowledged"
    return "resolved" if _RESOLVED.search(text) else "firing"
