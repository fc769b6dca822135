"""The verdict: what may be said, and how surely."""

from collections.abc import Sequence
from typing import Final

from faultmaven_events.consumers.reason.offline.case import Case
from faultmaven_events.consumers.reason.offline.rank import Candidate, Sign
from faultmaven_events.schemas.question import Verdict
from faultmaven_events.schemas.report import Confidence

_CONFIRMED: Final = 0.8
_AHEAD: Final = 0.55
"""Least posterior of a confirmed cause."""
_LIKELY: Final = 0.45
_SURE_FIT: Final = 2.6
_REST: Final = 0.25
_REST_S: Final = 15.0
"""The last part of the evidence, as share and in seconds."""
_CLEAR: Final = 3.0
"""Score from which a mechanism counts as at work although users do not feel it."""


def judge(case: Case, ranked: Sequence[Candidate], confidence: Confidence) -> Verdict:
    """Confirmed needs a direct statement, or change, mechanism and timing together; healthy needs positive evidence."""
    if not case.files:
        return "insufficient_evidence"
    if is_healthy(case, ranked):
        return "healthy"
    if not ranked:
        return "inconclusive" if case.impacts or case.sightings else "insufficient_evidence"
    top = ranked[0]
    sure = confidence.score >= _CONFIRMED and confidence.independent_evidence >= 2 and top.posterior >= _AHEAD
    if proved(top) and sure and not rivals(ranked):
        return "confirmed"
    return "likely" if confidence.score >= _LIKELY and top.posterior >= 0.2 else "inconclusive"


def proved(top: Candidate) -> bool:
    """A direct statement that belongs to the incident, or a change that fits in kind, time and place."""
    if top.cause.broad and not (top.fit and any("stands in the failing lines" in r for r in top.fit.reasons)):
        return False
    if top.holder:
        return True
    direct = any(s.name in top.cause.direct and s.weight >= 0.5 for s in top.signs)
    brought = top.fit is not None and top.fit.score >= _SURE_FIT and top.fit.change.at is not None
    return direct or brought


def rivals(ranked: Sequence[Candidate]) -> bool:
    """Whether another component is nearly as likely the culprit."""
    top = ranked[0]
    return any(c.posterior >= 0.6 * top.posterior for c in ranked[1:4] if c.component != top.component and c.change != top.change)


def is_healthy(case: Case, ranked: Sequence[Candidate]) -> bool:
    """Clients are served as before, nothing piles up, and no mechanism is plainly at work."""
    if case.impacts or not (served(case)):
        return False
    return not any(c.score >= _CLEAR and proved(c) and any(s.weight >= 0.5 and goes_on(case, s) for s in c.signs) for c in ranked[:3])


def goes_on(case: Case, sign: Sign) -> bool:
    """Whether it still shows towards the end of the evidence: what came and went without anybody feeling it is over."""
    if case.start is None or case.end is None:
        return True
    until = sign.trend.until.timestamp() if sign.trend and sign.trend.until else None
    last = sign.sighting.times[-1] if sign.sighting and sign.sighting.times else until
    return last is None or last >= case.end - max(_REST_S, _REST * (case.end - case.start))


def served(case: Case) -> bool:
    """Positive evidence: a client's view with many requests of which hardly any failed."""
    return any(view.requests >= 50 and view.failed <= 0.01 * view.requests + 1 for view in case.traffic) or steady(case)


def steady(case: Case) -> bool:
    """Process found that answers stayed good."""
    return not case.traffic and any(f.kind == "steady" for facts in case.facts.values() for f in facts)
