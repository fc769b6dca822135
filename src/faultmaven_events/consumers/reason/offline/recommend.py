"""What to do: mitigate now, fix, prevent; and the cheapest check that would decide. Nothing is executed."""

from collections.abc import Mapping, Sequence
from typing import Final

from faultmaven_events.consumers.reason.offline.case import Case
from faultmaven_events.consumers.reason.offline.phrases import fill
from faultmaven_events.consumers.reason.offline.rank import Candidate
from faultmaven_events.consumers.reason.offline.ruleset import Remedy
from faultmaven_events.schemas.question import Missing
from faultmaven_events.schemas.report import Gap, Recommendation

_PRIORITY: Final = {"mitigate": 1, "fix": 2, "observe": 3, "prevent": 4}


def advise(candidate: Candidate, hypothesis_id: str, values: Mapping[str, str]) -> tuple[Recommendation, ...]:
    """Return the remedies of a cause with their placeholders filled."""
    return tuple(_one(r, hypothesis_id, values) for r in candidate.cause.remedies)


def _one(remedy: Remedy, hypothesis_id: str, values: Mapping[str, str]) -> Recommendation:
    return Recommendation(
        type=remedy.type,
        action=fill(remedy.action, values),
        commands=tuple(fill(c, values) for c in remedy.commands),
        hypothesis_id=hypothesis_id,
        expected_effect=fill(remedy.verify, values),
        risk=remedy.risk,
        rollback=remedy.rollback,
        approval_required=remedy.type != "observe",
        verification=fill(remedy.verify, values),
        priority=_PRIORITY.get(remedy.type, 2),
    )


def gaps(case: Case, ranked: Sequence[Candidate], values: Sequence[Mapping[str, str]], missing: Sequence[Missing]) -> tuple[Gap, ...]:
    """What is not known, and the cheapest way to get it: failed evidence first, then each leading cause's own check."""
    found = [
        Gap(
            what=f"{m.name or 'a piece of evidence'} (job {m.job_id})",
            why=f"it was handed in but could not be used: {m.reason}",
            how="hand it in again as text",
        )
        for m in missing[:5]
    ]
    for candidate, known in zip(ranked[:3], values, strict=False):
        if candidate.cause.check:
            found.append(
                Gap(
                    what=f"Check for '{candidate.cause.title}'",
                    why=fill(candidate.cause.check_why, known),
                    how=fill(candidate.cause.check, known),
                )
            )
    if not case.changes:
        found.append(
            Gap(
                what="Change records",
                why="most incidents follow a change; none is in the evidence",
                how="deployment, configuration and job logs of the last 2 hours",
            )
        )
    if not case.traffic and not case.impacts:
        found.append(
            Gap(
                what="The client's view",
                why="without it the impact on users is not known",
                how="requests, errors and latency per minute at the edge",
            )
        )
    unique = {(g.what, g.how): g for g in found}
    return tuple(unique.values())
