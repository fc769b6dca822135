"""The report's evidence: every cited line under one name, and the way back from lines to points of a series."""

from datetime import timedelta
from typing import Final, Literal

from faultmaven_events.consumers.reason.offline.case import Case
from faultmaven_events.consumers.reason.offline.rank import Candidate, Sign
from faultmaven_events.consumers.reason.offline.trend import Trend
from faultmaven_events.schemas.insight import Citation
from faultmaven_events.schemas.report import Evidence

Type = Literal["log", "metric", "config", "document", "trace", "tool", "user_statement", "other"]
_TYPES: Final[dict[str, Type]] = {
    "log": "log",
    "metrics": "metric",
    "config": "config",
    "document": "document",
    "trace": "trace",
    "command_output": "tool",
    "capture": "trace",
}


class Locker:
    """Collects citations and names them `E1`, `E2` ... in the order in which they are first used."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._names: dict[tuple[str, int, int], str] = {}
        self._items: list[Evidence] = []

    def put(self, citation: Citation, fact: str | None = None) -> str:
        """Return the name of a citation, new or known."""
        key = (citation.file, citation.line_start, citation.line_end)
        if key not in self._names:
            self._names[key] = f"E{len(self._items) + 1}"
            insights = self._case.insights(citation.file)
            kind = _TYPES.get(insights.classification.type, "other") if insights else "other"
            self._items.append(Evidence(evidence_id=self._names[key], type=kind, citation=citation, fact=fact[:300] if fact else None))
        return self._names[key]

    def items(self) -> tuple[Evidence, ...]:
        """Everything put in so far."""
        return tuple(self._items)


def cite(case: Case, sign: Sign) -> list[Citation]:
    """The lines that show a sign."""
    if sign.sighting:
        first, last = sign.sighting.citation, sign.sighting.last
        return [first] if first == last else [first, last]
    found = point(case, sign.trend) if sign.trend else None
    return [found] if found else []


def point(case: Case, trend: Trend) -> Citation | None:
    """The lines of a metric file from the beginning of a move on, 30 at most."""
    page = case.pages.get(trend.file)
    if page is None:
        return None
    edge = trend.at - timedelta(seconds=0.5)
    first = next(
        (n for n in range(1, len(page.lines) + 1) if page.lines[n - 1][:1].isdigit() and (at := page.at(n)) is not None and at >= edge),
        None,
    )
    return page.cite(first, min(first + 29, len(page.lines))) if first else None


def citations(case: Case, candidate: Candidate, limit: int = 10) -> tuple[Citation, ...]:
    """The strongest lines for a hypothesis: its change, its direct signs, then the rest."""
    found: list[Citation] = []
    if candidate.cause.blocking and case.lock:
        found += [*case.lock.head.lines[:2], *(line for s in case.lock.waiting[:1] for line in s.lines[:1])]
    if candidate.change:
        found += [candidate.change.citation, *candidate.change.extra]
    for sign in sorted(candidate.signs, key=lambda s: (s.name not in candidate.cause.direct, -s.weight)):
        found += cite(case, sign)
    for sign in candidate.supports:
        found += cite(case, sign)[:1]
    unique: dict[tuple[str, int, int], Citation] = {(c.file, c.line_start, c.line_end): c for c in found}
    return tuple(unique.values())[:limit]
