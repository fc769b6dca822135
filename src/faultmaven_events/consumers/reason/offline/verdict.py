"""The verdict: what may be said, and how surely."""

from collections.abc import Iterator, Sequence
from typing import Final

from faultmaven_events.consumers.reason.offline import confidence as sure
from faultmaven_events.consumers.reason.offline.case import Case
from faultmaven_events.consumers.reason.offline.confidence import weights
from faultmaven_events.consumers.reason.offline.page import Page
from faultmaven_events.consumers.reason.offline.rank import Candidate, Sign
from faultmaven_events.consumers.reason.offline.ruleset import rules
from faultmaven_events.consumers.reason.offline.trend import role
from faultmaven_events.schemas.question import Verdict
from faultmaven_events.schemas.report import Confidence

_SURE_FIT: Final = 2.6
_REST: Final = 0.25
_REST_S: Final = 15.0
"""The last part of the evidence, as share and in seconds."""
_MANY: Final = 50
"""Requests from which on a share of failing ones says something."""
_FELT: Final = frozenset({"server_errors", "no_answer", "latency"})
_WORK: Final = frozenset({"log", "metrics", "trace"})
_CLEAR: Final = 3.0
"""Score from which a mechanism counts as at work although users do not feel it."""


def judge(case: Case, ranked: Sequence[Candidate], confidence: Confidence) -> Verdict:
    """Confirmed needs direct evidence (a line that states it, a change that fits) and a score above the gate; healthy a client's view."""
    if is_healthy(case, ranked) and sure.healthy(case, ranked, inside=inside(case)).score >= weights().gates["healthy"]:
        return "healthy"
    if not ranked:
        return "inconclusive" if informative(case) else "insufficient_evidence"
    gates, top = weights().gates, ranked[0]
    if confidence.score >= gates["confirmed"] and confidence.independent_evidence >= 2 and proved(top) and not rivals(ranked):
        return "confirmed"
    return "likely" if confidence.score >= gates["likely"] else "inconclusive"


def informative(case: Case) -> bool:
    """Whether anything in the evidence may have to do with a fault: something felt, a sign, a move, a failing answer."""
    return bool(case.impacts or any(case.sightings.values()) or case.trends or case.lock)


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
    """Positive evidence: a client's view, or one equal to it, with many requests of which hardly any failed."""
    if case.traffic:
        return any(view.requests >= _MANY and view.failed <= 0.01 * view.requests + 1 for view in case.traffic)
    return answered(case) or steady(case)


def answered(case: Case) -> bool:
    """A log of requests and their answers shows what clients got: many of them, and hardly any that failed."""
    found = [(page.text.count(" HTTP/1.") + page.text.count(" HTTP/2"), page.insights.levels) for page in _logs(case)]
    return any(n >= _MANY and levels.get("error", 0) + levels.get("critical", 0) <= 0.01 * n + 1 for n, levels in found)


def steady(case: Case) -> bool:
    """Process found that failing or slow answers stayed where they were; that something inside did not move says nothing of clients."""
    roles = rules().roles
    series = [str(f.attributes.get("series") or "") for facts in case.facts.values() for f in facts if f.kind == "steady"]
    return any((what := role(name, roles)) is not None and what.name in _FELT for name in series)


def inside(case: Case) -> int:
    """Files that show the work behind the door over time: had something broken there, they would tell."""
    views = {view.file for view in case.traffic}
    return sum(1 for f in case.files if f.file not in views and f.start is not None and f.classification.type in _WORK)


def _logs(case: Case) -> Iterator[Page]:
    return (page for page in case.pages.values() if page.insights.classification.type == "log")
