"""What each phase of the offline reasoner found, as figures and one sentence for a person who follows the job."""

from collections.abc import Sequence
from typing import Final

from faultmaven_events.consumers.reason.offline.case import Case
from faultmaven_events.consumers.reason.offline.phrases import clock, short
from faultmaven_events.consumers.reason.offline.rank import Candidate
from faultmaven_events.consumers.reason.phases import SUMMARY, Step
from faultmaven_events.schemas.knowledge import SearchResult
from faultmaven_events.schemas.phase import Phase
from faultmaven_events.schemas.question import Verdict
from faultmaven_events.schemas.report import BlastRadius, Confidence, IncidentReport

_NAMED: Final = 5
_LED: Final = 3
Scalars = dict[str, str | int | float | bool | None]


def _step(phase: Phase, found: Scalars, *sentences: str) -> Step:
    return Step(phase, found, short(" ".join(s for s in sentences if s), SUMMARY))


def blast_radius(case: Case, radius: BlastRadius) -> Step:
    """Who is affected, and what users feel."""
    names = list(radius.affected)
    found: Scalars = {
        "files": len(case.files),
        "components": len(set(case.writers.values())),
        "affected": ", ".join(names[:_NAMED]),
        "unaffected": ", ".join(radius.unaffected[:_NAMED]),
        "failing_events": sum(radius.affected.values()),
        "impacts": len(case.impacts),
    }
    felt = f"Users feel: {'; '.join(i.text for i in case.impacts[:2])}." if case.impacts else "Nothing that users feel was found."
    who = f"{len(names)} of {found['components']} components fail: {found['affected']}." if names else ""
    return _step("blast_radius", found, f"{len(case.files)} files read.", felt, who)


def timeline(case: Case) -> Step:
    """Since when, on which clocks, and what changed before."""
    moved = sorted(name for name, a in case.alignment.items() if a.shift)
    changes = [c for c in case.changes if c.kind != "alert"]
    found: Scalars = {
        "start": clock(case.start) or None,
        "end": clock(case.end) or None,
        "onset": clock(case.onset) or None,
        "changes": len(changes),
        "signs": sum(len(seen) for seen in case.sightings.values()),
        "clocks_moved": len(moved),
    }
    since = f"Felt since {clock(case.onset)}." if case.onset is not None else "No moment from which users felt it."
    what = f"{len(changes)} changes are recorded." if changes else "No change is recorded."
    clocks = f"The clocks of {', '.join(moved[:_LED])} were moved." if moved else ""
    return _step("timeline", found, since, what, clocks)


def knowledge(result: SearchResult) -> Step:
    """What runbooks and documents have to say."""
    best = result.hits[0] if result.hits else None
    found: Scalars = {"passages": len(result.hits), "best_score": round(best.score, 3) if best else None}
    text = f"{len(result.hits)} passages fit, first '{best.title or best.name}'." if best else "No runbook or document fits."
    return _step("knowledge", found, text)


def hypotheses(ranked: Sequence[Candidate]) -> Step:
    """Which causes fit."""
    lead = "; ".join(f"{c.cause.title} in {c.component} ({c.posterior:.0%})" for c in ranked[:_LED])
    found: Scalars = {
        "hypotheses": len(ranked),
        "first": ranked[0].cause.id if ranked else None,
        "component": ranked[0].component[:80] if ranked else None,
    }
    return _step("hypotheses", found, f"{len(ranked)} causes fit: {lead}." if ranked else "No known mechanism fits the evidence.")


def validation(verdict: Verdict, confidence: Confidence) -> Step:
    """What the evidence makes of them."""
    found: Scalars = {
        "verdict": verdict,
        "score": confidence.score,
        "independent_evidence": confidence.independent_evidence,
        "contradictions": confidence.contradictions,
        "margin": confidence.margin,
    }
    return _step("validation", found, f"{verdict.replace('_', ' ').capitalize()} ({confidence.score:.2f}): {confidence.basis}.")


def solution(report: IncidentReport) -> Step:
    """What to do, and what was read again."""
    checked = report.provenance.get("verification", {})
    found: Scalars = {
        "recommendations": len(report.recommendations),
        "gaps": len(report.missing_evidence),
        **{name: checked[name] for name in ("checked", "verified", "demoted", "dropped") if name in checked},
    }
    first = report.recommendations[0].action if report.recommendations else ""
    gap = report.missing_evidence[0] if report.missing_evidence else None
    then = f"First: {first}" if first else f"Missing: {gap.what} - {gap.how}" if gap else ""
    return _step("solution", found, f"{report.headline}", then)
