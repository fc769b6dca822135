"""What happened when, on one clock."""

from collections.abc import Callable, Sequence
from typing import Final

from faultmaven_events.consumers.reason.offline.actions import is_action
from faultmaven_events.consumers.reason.offline.alarms import alarms
from faultmaven_events.consumers.reason.offline.case import Case
from faultmaven_events.consumers.reason.offline.change import Change
from faultmaven_events.consumers.reason.offline.evidence import Locker, cite, point
from faultmaven_events.consumers.reason.offline.impact import Impact
from faultmaven_events.consumers.reason.offline.phrases import said
from faultmaven_events.consumers.reason.offline.rank import Candidate
from faultmaven_events.consumers.reason.offline.trend import Trend
from faultmaven_events.schemas.report import Moment

_MOST: Final = 30
_CHANGES: Final = 15
_NEAR: Final = 200
"""Changes that are looked at: those nearest to what was felt."""
_FELT: Final = 8
_DAY: Final = 86_400
_SAME_S: Final = 2.0
"""Seconds within which two records that say the same tell of one thing."""


def moments(case: Case, top: Candidate | None, locker: Locker) -> tuple[Moment, ...]:
    """Changes, first signs, what users felt, alerts, actions and recoveries, in order of time; what matters least goes first when cut."""
    found = [*_changes(case, top, locker), *_signs(case, top, locker), *_felt(case, locker), *_alerts(case, locker)]
    unique = list({(m.at, m.kind, m.text): m for m in found}.values())
    weight: Callable[[Moment], tuple[int, float]] = lambda m: (_WEIGHTS[m.kind], abs(m.at.timestamp() - (case.onset or 0.0)))  # noqa: E731  # a key
    kept = sorted(unique, key=weight)[:_MOST]
    return tuple(sorted(kept, key=lambda m: (m.at, m.kind, m.text)))


_WEIGHTS: Final = {"detection": 0, "action": 0, "first_anomaly": 1, "recovery": 2, "symptom": 2, "change": 3}


def _note(case: Case, file: str) -> str | None:
    return case.alignment[file].note if file in case.alignment else None


def _changes(case: Case, top: Candidate | None, locker: Locker) -> list[Moment]:
    cause = top.change if top else None
    recent = [c for c in case.changes if c.kind != "alert" and c.at is not None and (case.start is None or c.at >= case.start - _DAY)]
    felt = case.onset if case.onset is not None else case.end or 0.0
    near = sorted(recent, key=lambda c: (c != cause, abs((c.at or 0.0) - felt), c.id))
    found: list[Moment] = []
    for change in _different(near[:_NEAR], cause)[:_CHANGES]:
        at = case.when(change.at)
        if at is not None:
            found.append(
                Moment(
                    at=at,
                    kind="action" if is_action(case, change, cause) else "change",
                    text=change.text,
                    evidence_refs=(locker.put(change.citation, change.text),),
                    clock_note=_note(case, change.file),
                    component=change.component,
                )
            )
    return found


def _different(changes: Sequence[Change], cause: Change | None) -> list[Change]:
    """Changes in their order without those that another one at the same time tells in more words."""

    def told_by(other: Change, change: Change) -> bool:
        same = abs((other.at or 0.0) - (change.at or 0.0)) <= _SAME_S
        return same and other is not change and change.text in other.text and (change.text != other.text or other.id < change.id)

    return [c for c in changes if c == cause or not any(told_by(other, c) for other in changes)]


def _signs(case: Case, top: Candidate | None, locker: Locker) -> list[Moment]:
    found = []
    for sign in top.signs if top else ():
        at = case.when(sign.at)
        lines = cite(case, sign)
        if at is not None and lines:
            text = said(sign.sighting) if sign.sighting else _move(sign.trend)
            found.append(
                Moment(
                    at=at,
                    kind="first_anomaly",
                    text=text,
                    evidence_refs=(locker.put(lines[0], sign.name),),
                    clock_note=_note(case, sign.file),
                    component=(sign.sighting.writer if sign.sighting else None) or case.component(sign.file),
                )
            )
    return found


def _move(trend: Trend | None) -> str:
    return f"{trend.series} begins to move from {trend.before:.4g} (to {trend.extreme:.4g})" if trend else ""


def _felt(case: Case, locker: Locker) -> list[Moment]:
    found: list[Moment] = []
    for impact in once(case.impacts)[:_FELT]:
        at = case.when(impact.at)
        if at is None:
            continue
        refs = tuple(locker.put(c, impact.text) for c in (impact.fact.citations[:1] if impact.fact else ()))
        if not refs:
            near = next((t for t in case.trends if t.series in impact.series and t.file == impact.file), None)
            line = point(case, near) if near else None
            refs = (locker.put(line, impact.text),) if line else ()
        note, who = _note(case, impact.file), impact.component or case.component(impact.file)
        found.append(Moment(at=at, kind="symptom", text=impact.text, evidence_refs=refs, clock_note=note, component=who))
        over = case.when(impact.until)
        if over is not None and not any(m.at == over and m.kind == "recovery" for m in found):
            found.append(Moment(at=over, kind="recovery", text=f"Over: {impact.text}", evidence_refs=refs, clock_note=note, component=who))
    return found


def once(impacts: Sequence[Impact]) -> list[Impact]:
    """What several files tell alike is told once: the same route or whole, felt in the same way, begun at the same time."""
    kept: list[Impact] = []
    for impact in impacts:
        about = impact.text.partition(": ")[0]
        twice = (i for i in kept if i.kind == impact.kind and i.text.partition(": ")[0] == about and abs(i.at - impact.at) <= _SAME_S)
        if impact.fact is None or not any(i.fact is not None and i.file != impact.file for i in twice):
            kept.append(impact)
    return kept


def _alerts(case: Case, locker: Locker) -> list[Moment]:
    """Alerts that fired, were acknowledged or resolved."""
    found = []
    for alarm in alarms(case)[:_FELT]:
        at = case.when(alarm.at)
        if at is not None:
            found.append(
                Moment(
                    at=at,
                    kind="action" if alarm.what == "acknowledged" else "recovery" if alarm.what == "resolved" else "detection",
                    text=alarm.text,
                    evidence_refs=(locker.put(alarm.citation, alarm.text),),
                    clock_note=_note(case, alarm.file),
                    component=alarm.component or case.component(alarm.file),
                )
            )
    return found
