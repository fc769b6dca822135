"""What happened when, on one clock."""

from faultmaven_events.consumers.reason.offline.case import Case
from faultmaven_events.consumers.reason.offline.evidence import Locker, cite, point
from faultmaven_events.consumers.reason.offline.rank import Candidate
from faultmaven_events.consumers.reason.offline.trend import Trend
from faultmaven_events.schemas.report import Moment

_MOST = 30


def moments(case: Case, top: Candidate | None, locker: Locker) -> tuple[Moment, ...]:
    """Changes, first signs, what users felt, alerts and recoveries, in order of time."""
    found = [*_changes(case, locker), *_signs(case, top, locker), *_felt(case, locker)]
    unique = {(m.at, m.kind, m.text): m for m in found}
    return tuple(sorted(unique.values(), key=lambda m: (m.at, m.kind, m.text)))[:_MOST]


def _note(case: Case, file: str) -> str | None:
    return case.alignment[file].note if file in case.alignment else None


def _changes(case: Case, locker: Locker) -> list[Moment]:
    found = []
    for change in case.changes:
        at = case.when(change.at)
        if at is None or (case.start is not None and change.at is not None and change.at < case.start - 86_400):
            continue
        kind = "detection" if change.kind == "alert" else "change"
        found.append(
            Moment(
                at=at,
                kind=kind,
                text=change.text,
                evidence_refs=(locker.put(change.citation, change.text),),
                clock_note=_note(case, change.file),
            )
        )
    return found[:15]


def _signs(case: Case, top: Candidate | None, locker: Locker) -> list[Moment]:
    found = []
    for sign in top.signs if top else ():
        at = case.when(sign.at)
        lines = cite(case, sign)
        if at is not None and lines:
            text = sign.sighting.quote.strip()[:200] if sign.sighting else _move(sign.trend)
            found.append(
                Moment(
                    at=at,
                    kind="first_anomaly",
                    text=text,
                    evidence_refs=(locker.put(lines[0], sign.name),),
                    clock_note=_note(case, sign.file),
                )
            )
    return found


def _move(trend: Trend | None) -> str:
    return f"{trend.series} begins to move from {trend.before:.4g} (to {trend.extreme:.4g})" if trend else ""


def _felt(case: Case, locker: Locker) -> list[Moment]:
    found = []
    for impact in case.impacts[:8]:
        at = case.when(impact.at)
        if at is None:
            continue
        refs = tuple(locker.put(c, impact.text) for c in (impact.fact.citations[:1] if impact.fact else ()))
        if not refs:
            near = next((t for t in case.trends if t.series in impact.series and t.file == impact.file), None)
            line = point(case, near) if near else None
            refs = (locker.put(line, impact.text),) if line else ()
        found.append(Moment(at=at, kind="symptom", text=impact.text, evidence_refs=refs, clock_note=_note(case, impact.file)))
        over = case.when(impact.until)
        if over is not None:
            found.append(Moment(at=over, kind="recovery", text=f"Over: {impact.text}", evidence_refs=refs))
    return found
