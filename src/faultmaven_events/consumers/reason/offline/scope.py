"""Blast radius: what fails, what does not, and along which way the fault travels."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from faultmaven_events.consumers.reason.offline.case import Case
from faultmaven_events.consumers.reason.offline.rank import Candidate
from faultmaven_events.schemas.insight import Fact
from faultmaven_events.schemas.report import Band, BlastRadius, ProblemStatement, Severity


def radius(case: Case, top: Candidate | None) -> BlastRadius:
    """Count failing events by component since the onset."""
    affected = _failing(case)
    unaffected = tuple(
        sorted(c for c in set(case.writers.values()) if c not in affected and (top is None or not top.component.startswith(c)))
    )
    path = _path(case, top)
    words = [i.text for i in case.impacts[:3]]
    felt = [i.fact for i in case.impacts if i.fact and i.fact.kind == "http_errors"]
    failing = tuple(sorted({str(f.attributes["upstream"]) for f in felt if f.attributes.get("upstream")}))
    names = ", ".join(list(affected)[:5]) or "no component"
    return BlastRadius(
        affected=affected,
        unaffected=unaffected,
        routes=_routes(felt),
        failing_hosts=failing,
        unaffected_hosts=_sound(case, failing),
        clients=max((n for f in felt if isinstance(n := f.attributes.get("clients"), int)), default=None),
        dependency_path=path,
        summary=f"{names} affected{': ' + '; '.join(words) if words else ''}.",
        confidence="high" if case.impacts and len(case.files) >= 3 else "medium" if case.impacts else "low",
    )


def _routes(felt: Sequence[Fact]) -> dict[str, int]:
    """Failing routes with their failing answers: of the file that counts most, so that no answer is counted twice."""
    counts: dict[str, int] = {}
    for fact in felt:
        route, failures = fact.attributes.get("route"), fact.attributes.get("failures")
        if route and isinstance(failures, int):
            counts[str(route)] = max(counts.get(str(route), 0), failures)
    return dict(sorted(counts.items(), key=lambda kv: (-kv[1], kv[0])))


def _sound(case: Case, failing: Sequence[str]) -> tuple[str, ...]:
    """Upstream addresses beside failing ones that no fact about errors names."""
    if not failing:
        return ()
    named = [f for facts in case.facts.values() for f in facts if f.attributes.get("upstream")]
    bad = {str(f.attributes["upstream"]) for f in named if f.kind == "http_errors"}
    return tuple(sorted({str(f.attributes["upstream"]) for f in named} - bad - set(failing)))


def _failing(case: Case) -> dict[str, int]:
    counts: Counter[str] = Counter()
    onset = case.onset
    for file in case.files:
        who = case.component(file.file)
        if who is None:
            continue
        moved = case.alignment[file.file].shift.total_seconds()
        for template in file.templates:
            if template.level in {"error", "critical"} and template.last_at is not None:
                late = template.last_at.timestamp() + moved
                counts[who] += template.count if onset is None or late >= onset else 0
    if onset is None:
        return {}
    return dict(sorted(((k, v) for k, v in counts.items() if v), key=lambda kv: (-kv[1], kv[0])))


def _path(case: Case, top: Candidate | None) -> tuple[str, ...]:
    if top is None:
        return ()
    goal = case.graph.find(top.component.split(" (")[0])
    if goal is None:
        return ()
    starts = [c for c in case.graph.components.values() if case.graph.tiers.get(c) == "edge"] or sorted(case.graph.uses)
    ways = [w for s in starts if (w := case.graph.path(s, goal))]
    return max(ways, key=len, default=(goal,))


def problem(case: Case, verdict: str) -> ProblemStatement:
    """What is wrong, from outside."""
    if not case.impacts:
        text = (
            "No failing or slow answers and no backlog in the evidence."
            if verdict == "healthy"
            else "No direct sign of what users feel in the evidence."
        )
        return ProblemStatement(
            symptom=text,
            observed=_traffic(case),
            ongoing=False if verdict == "healthy" else None,
            severity="none",
            severity_basis="no user impact seen",
        )
    first = case.impacts[0]
    worst = max(case.impacts, key=lambda i: (i.kind in {"errors", "no_answer"}, i.after if i.kind != "latency" else 0.0))
    until = max((i.until for i in case.impacts if i.until is not None), default=None)
    going = any(i.until is None for i in case.impacts)
    severity, basis = _severity(worst.kind, worst.after)
    impact, urgency = _IMPACT[severity], _urgency(worst.kind, going=going)
    return ProblemStatement(
        symptom=worst.text,
        expected=_expected(case),
        observed="; ".join(i.text for i in case.impacts[:4]),
        first_seen=case.when(first.at),
        last_seen=case.when(case.end if going else until),
        last_known_good=case.when(first.at - 1),
        ongoing=going,
        severity=severity,
        severity_basis=basis,
        impact=impact,
        urgency=urgency,
        priority=priority(impact, urgency),
    )


_IMPACT: Final[Mapping[Severity, Band]] = {"SEV1": "high", "SEV2": "medium", "SEV3": "low", "SEV4": "low", "none": "low"}
_BANDS: Final[Sequence[Band]] = ("high", "medium", "low")


def _urgency(kind: str, *, going: bool) -> Band:
    """High while requests fail, medium while they are slow or work piles up, low when it is over."""
    if not going:
        return "low"
    return "high" if kind in {"errors", "no_answer", "rejections"} else "medium"


def priority(impact: Band, urgency: Band) -> int:
    """Return 1 to 4 out of impact and urgency, as ITIL's matrix does: both high is 1, each step down in either is one more."""
    return min(4, 1 + _BANDS.index(impact) + _BANDS.index(urgency))


def _expected(case: Case) -> str:
    early = [f"{i.before:.1%} of requests" for i in case.impacts if i.kind == "errors"]
    return f"as before the onset: {early[0]} failing" if early else "as before the onset"


def _traffic(case: Case) -> str:
    return "; ".join(f"{v.requests:.0f} requests, {v.failed:.0f} failed, {v.rejected:.0f} refused (4xx)" for v in case.traffic)


_SEVERE: Mapping[str, tuple[tuple[float, Severity], ...]] = {
    "errors": ((0.5, "SEV1"), (0.1, "SEV2"), (0.0, "SEV3")),
    "no_answer": ((0.5, "SEV1"), (0.1, "SEV2"), (0.0, "SEV3")),
    "rejections": ((0.3, "SEV2"), (0.0, "SEV3")),
    "latency": ((2000.0, "SEV2"), (0.0, "SEV3")),
    "backlog": ((0.0, "SEV3"),),
}


def _severity(kind: str, size: float) -> tuple[Severity, str]:
    level = next(s for limit, s in _SEVERE[kind] if size >= limit)
    shown = (
        f"{size:.0%} of requests"
        if kind in {"errors", "no_answer", "rejections"}
        else f"{size:.0f} ms"
        if kind == "latency"
        else f"{size:.0f} waiting"
    )
    return level, f"{kind}: {shown}"
