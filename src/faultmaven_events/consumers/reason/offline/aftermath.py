"""What a post-mortem starts from: times, numbers, what went well and badly. Facts of the case only; what it does not say stays empty.

Sentences name components and roles, never persons.
"""

from collections.abc import Sequence
from typing import Final

from faultmaven_events.consumers.reason.offline.actions import is_action
from faultmaven_events.consumers.reason.offline.alarms import Alarm, alarms
from faultmaven_events.consumers.reason.offline.case import Case
from faultmaven_events.consumers.reason.offline.hypotheses import Worded
from faultmaven_events.consumers.reason.offline.impact import Impact, Traffic
from faultmaven_events.consumers.reason.offline.phrases import fill
from faultmaven_events.consumers.reason.offline.rank import Candidate
from faultmaven_events.consumers.reason.offline.recommend import owner
from faultmaven_events.consumers.reason.offline.timeline import once
from faultmaven_events.schemas.aftermath import ActionItem, Aftermath
from faultmaven_events.schemas.report import IncidentReport, Recommendation

_SOON: Final = 300.0
"""Seconds within which an alert counts as quick."""
_EARLY: Final = 60.0
"""Seconds before users felt it in which an alert is about this incident."""
_LATENT: Final = 60.0
"""Seconds from which on a change that nobody felt yet counts as one that could have been seen."""
_MOST: Final = 6


def aftermath(case: Case, top: Worded | None, report: IncidentReport) -> Aftermath | None:
    """Return what the evidence tells of the incident as a whole; None where there was none. `report` is as far as it is written."""
    if not case.impacts and top is None:
        return None
    best = top.candidate if top else None
    caused = top.hypothesis.onset.timestamp() if top and top.hypothesis.onset else None
    began = case.onset if case.onset is not None else caused
    rung = [a for a in alarms(case) if began is not None and a.at >= began - _EARLY]
    detected = next((a for a in rung if a.what == "firing"), None)
    acknowledged = next((a for a in rung if a.what == "acknowledged"), None)
    ended = _ended(case)
    acted = _acted(case, best, ended)
    view = _view(case)
    return Aftermath(
        caused_at=case.when(caused),
        began_at=case.when(began),
        detected_at=case.when(detected.at if detected else None),
        acknowledged_at=case.when(acknowledged.at if acknowledged else None),
        mitigated_at=case.when(acted if ended is not None else None),
        resolved_at=case.when(ended),
        latent_s=_between(caused, case.onset),
        detect_s=_between(began, max(detected.at, began) if detected and began is not None else None),
        resolve_s=_between(began, ended),
        failed_requests=view[1] if view else None,
        total_requests=view[2] if view else None,
        counted_in=view[0] if view else None,
        impact=tuple(dict.fromkeys(i.text for i in _worst(case)))[:_MOST],
        went_well=tuple(_well(case, report.blast_radius.unaffected, detected, began)),
        went_badly=tuple(_badly(case, best, detected, began)),
        lucky=tuple(_lucky(case, ended, acted)),
        lessons=_lessons(top),
        action_items=_items(case, top, report.recommendations, detected),
    )


def _between(begin: float | None, end: float | None) -> float | None:
    return round(end - begin, 1) if begin is not None and end is not None and end >= begin else None


def _ended(case: Case) -> float | None:
    """When all that was felt was over."""
    ends = [i.until for i in case.impacts if i.until is not None]
    return max(ends) if ends and len(ends) == len(case.impacts) else None


def _acted(case: Case, top: Candidate | None, ended: float | None) -> float | None:
    """The last action, before the end where there is one."""
    cause = top.change if top else None
    times = [c.at for c in case.changes if c.at is not None and is_action(case, c, cause) and (ended is None or c.at <= ended)]
    return max(times, default=None)


def _worst(case: Case) -> list[Impact]:
    order = ("errors", "no_answer", "rejections", "backlog", "latency")
    return sorted(once(case.impacts), key=lambda i: (order.index(i.kind), -i.after, i.at, i.text))


def _view(case: Case) -> tuple[str, int, int] | None:
    """File, failed and all requests of the view with most requests; refusals count where they are what was felt."""
    refused = any(i.kind == "rejections" for i in case.impacts)
    views = [(v.file, *_sums(v, refused=refused)) for v in case.traffic if v.requests > 0] or _from_logs(case)
    return max(views, key=lambda v: (v[2], v[1], v[0]), default=None)


def _sums(view: Traffic, *, refused: bool) -> tuple[int, int]:
    return round(view.failed + (view.rejected if refused else 0.0)), round(view.requests)


def _from_logs(case: Case) -> list[tuple[str, int, int]]:
    """The same out of what process found in access logs: all statuses of one file that were felt, over all its requests."""
    totals: dict[str, tuple[int, int]] = {}
    for i in case.impacts:
        a = i.fact.attributes if i.fact and i.fact.kind == "http_errors" else {}
        failures, requests = a.get("failures"), a.get("requests")
        if a.get("scope") == "all" and isinstance(failures, int) and isinstance(requests, int):
            failed, _ = totals.get(i.file, (0, 0))
            totals[i.file] = (failed + failures, requests)
    return [(file, *sums) for file, sums in totals.items()]


def _well(case: Case, unaffected: Sequence[str], detected: Alarm | None, began: float | None) -> list[str]:
    found = []
    if detected and began is not None and detected.at - began <= _SOON:
        late = detected.at - began
        found.append(f"An alert fired {late:.0f} s after it began." if late > 0 else "An alert fired before users felt it.")
    dated = [c for c in case.changes if c.at is not None and c.kind != "alert"]
    if dated:
        many = "1 change is" if len(dated) == 1 else f"{len(dated)} changes are"
        found.append(f"{many} on record with the time.")
    if unaffected and case.impacts:
        found.append(f"Not affected: {', '.join(unaffected[:_MOST])}.")
    return found


def _badly(case: Case, top: Candidate | None, detected: Alarm | None, began: float | None) -> list[str]:
    found = []
    if case.impacts and detected is None:
        found.append("No alert about it is in the evidence.")
    if detected and began is not None and detected.at - began > _SOON:
        found.append(f"The first alert fired {detected.at - began:.0f} s after it began.")
    changed = top.change.at if top and top.change else None
    if (
        changed is not None
        and case.onset is not None
        and case.onset >= changed + _LATENT
        and (detected is None or detected.at >= case.onset)
    ):
        found.append(f"The change was in place for {case.onset - changed:.0f} s before users felt it; no alert in the evidence told of it.")
    if case.impacts and _ended(case) is None and not any(is_action(case, c, top.change if top else None) for c in case.changes):
        found.append("No action against it is in the evidence, which ends while it goes on.")
    off = sorted(name for name, a in case.alignment.items() if a.skew or a.beside)
    if off:
        found.append(f"Clocks differ: {', '.join(off[:_MOST])}.")
    if not case.changes:
        found.append("No record of changes is in the evidence.")
    return found


def _lucky(case: Case, ended: float | None, acted: float | None) -> list[str]:
    found = []
    if ended is not None and acted is None:
        found.append("It ended without an action in the evidence.")
    if (
        case.impacts
        and {i.kind for i in case.impacts} <= {"backlog", "latency"}
        and case.traffic
        and not any(v.failed for v in case.traffic)
    ):
        found.append("No request failed: work was late, not lost.")
    return found


def _lessons(top: Worded | None) -> tuple[str, ...]:
    if top is None:
        return ()
    cause = top.candidate.cause
    return (f"{cause.title[:1].upper()}{cause.title[1:]}: {fill(cause.mechanism, top.values)}",)


def _items(case: Case, top: Worded | None, advice: tuple[Recommendation, ...], detected: Alarm | None) -> tuple[ActionItem, ...]:
    """Fix and prevention as they were advised; an alert where none was there to tell."""
    found = [
        ActionItem(
            action=r.action,
            type="detect" if _watches(r.action) else "prevent",
            owner_role=r.owner_role,
            priority=2 if r.type == "fix" else 3,
        )
        for r in advice
        if r.type in {"fix", "prevent"}
    ]
    felt = _worst(case)
    if top and felt and detected is None and not any(i.type == "detect" for i in found):
        signal = _SIGNALS[felt[0].kind]
        found.append(
            ActionItem(
                action=f"Alert on {signal}, which showed this incident.", type="detect", owner_role=owner("infrastructure", ""), priority=2
            )
        )
    return tuple(found)


_SIGNALS: Final = {
    "errors": "the share of failing answers",
    "no_answer": "requests without an answer",
    "rejections": "the share of refused requests",
    "latency": "the time that answers take",
    "backlog": "work that piles up",
}


def _watches(action: str) -> bool:
    return action.lower().startswith(("alert", "monitor", "watch"))
