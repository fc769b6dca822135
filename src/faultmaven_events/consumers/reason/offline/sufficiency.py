"""What is missing, and what to get first: what would move the answer most for the least trouble."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from faultmaven_events.consumers.reason.offline.case import Case
from faultmaven_events.consumers.reason.offline.confidence import weights
from faultmaven_events.consumers.reason.offline.phrases import fill
from faultmaven_events.consumers.reason.offline.rank import Candidate
from faultmaven_events.consumers.reason.offline.typed import typed
from faultmaven_events.schemas.question import Missing
from faultmaven_events.schemas.report import Gap

_CHECKED: Final = 3
"""Hypotheses whose own check is named."""
_FAILED: Final = 5
_COMMAND, _RECORDS, _LOG, _VIEW = 1.0, 1.5, 1.5, 2.0
"""Trouble of getting it: one command that only reads, a file that lies somewhere, a query of a monitoring system."""
Priced = tuple[float, Gap]
"""What a gap is worth: log-odds that the answer would gain, by trouble."""


def gaps(case: Case, ranked: Sequence[Candidate], values: Sequence[Mapping[str, str]], missing: Sequence[Missing]) -> tuple[Gap, ...]:
    """Evidence that was handed in and failed comes first, then what tells the first two hypotheses apart, the cheapest first."""
    found = sorted([*_checks(ranked, values), *_log(case, ranked), *_records(case, ranked), *_view(case)], key=lambda priced: -priced[0])
    several = (*_failed(missing), *(gap for _, gap in found))
    return tuple({(g.what, g.how): g for g in several}.values())


def _failed(missing: Sequence[Missing]) -> Iterator[Gap]:
    for m in missing[:_FAILED]:
        why = f"it was handed in but could not be used: {m.reason}"
        yield Gap(what=f"{m.name or 'a piece of evidence'} (job {m.job_id})", why=why, how="hand it in again as text")


def _checks(ranked: Sequence[Candidate], values: Sequence[Mapping[str, str]]) -> Iterator[Priced]:
    """The command of each leading cause: worth most where the first two are close and speak of different things."""
    for number, (candidate, known) in enumerate(zip(ranked[:_CHECKED], values, strict=False)):
        if not candidate.cause.check:
            continue
        other = ranked[0] if number else ranked[1] if len(ranked) > 1 else None
        why = fill(candidate.cause.check_why, known)
        worth = weights().weights["signs"] / 2
        if other is not None:
            worth *= 2 - abs(candidate.posterior - other.posterior) if _apart(candidate, other) else 1.0
            why = f"{why}; it tells '{candidate.cause.title}' from '{other.cause.title}'"
        worth *= candidate.posterior / max(ranked[0].posterior, 1e-9) if number else 1.0
        yield worth / _COMMAND, Gap(what=f"Check for '{candidate.cause.title}'", why=why, how=fill(candidate.cause.check, typed(known)))


def _apart(one: Candidate, other: Candidate) -> bool:
    """Whether they would be mended in different places."""
    return one.component != other.component or one.change != other.change


def _records(case: Case, ranked: Sequence[Candidate]) -> Iterator[Priced]:
    if case.changes:
        return
    known, cause = weights().weights, ranked[0].cause if ranked else None
    usual = cause is None or bool(cause.changes or cause.aspects)
    worth = (known["brought"] + known["link"]) * (1.0 if usual else 0.4)
    why = "most incidents follow a change; none is in the evidence"
    yield worth / _RECORDS, Gap(what="Change records", why=why, how="deployment, configuration and job logs of the last 2 hours")


def _log(case: Case, ranked: Sequence[Candidate]) -> Iterator[Priced]:
    """The suspect's own log, where nobody handed it in."""
    suspect = case.graph.find(ranked[0].component.split(" (")[0]) if ranked else None
    if suspect is None or suspect in set(case.writers.values()):
        return
    known = weights().weights
    worth = known["files"] / 4 + known["kinds"] / 3 + known["signs"] / 4
    why = f"only others speak of {suspect}; it has not been heard itself"
    yield worth / _LOG, Gap(what=f"The log of {suspect}", why=why, how=f"what {suspect} wrote around the onset")


def _view(case: Case) -> Iterator[Priced]:
    if case.traffic or case.impacts:
        return
    why = "without it the impact on users is not known, and nobody can say that nothing is wrong"
    worth = 2 * weights().weights["felt"]
    yield worth / _VIEW, Gap(what="The client's view", why=why, how="requests, errors and latency per minute at the edge")
