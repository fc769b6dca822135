"""Ranked candidates as the report's hypotheses, each with the reason why it loses against the first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from faultmaven_events.consumers.reason.offline.case import Case
from faultmaven_events.consumers.reason.offline.change import Change
from faultmaven_events.consumers.reason.offline.details import in_force
from faultmaven_events.consumers.reason.offline.evidence import Locker, citations, cite
from faultmaven_events.consumers.reason.offline.noise import Noise
from faultmaven_events.consumers.reason.offline.phrases import clock
from faultmaven_events.consumers.reason.offline.rank import Candidate
from faultmaven_events.consumers.reason.offline.statement import onset, state, values
from faultmaven_events.consumers.reason.offline.verdict import proved
from faultmaven_events.schemas.insight import Citation
from faultmaven_events.schemas.question import Verdict
from faultmaven_events.schemas.report import Category, Hypothesis

MOST = 5


@dataclass(frozen=True, slots=True)
class Worded:
    """A candidate with its values, its sentence and its place in the report."""

    candidate: Candidate
    values: Mapping[str, str]
    hypothesis: Hypothesis


@dataclass(frozen=True, slots=True)
class Place:
    """Where a hypothesis stands: behind which first one, under which verdict, as which number."""

    top: Candidate
    verdict: Verdict
    number: int
    before: str = ""
    """What the better ones say."""


def word(case: Case, ranked: Sequence[Candidate], verdict: Verdict, locker: Locker) -> list[Worded]:
    """Word the leading candidates, one per change and cause, so that the alternatives differ."""
    found: list[Worded] = []
    for candidate in _varied(ranked):
        known = values(case, candidate)
        before = " ".join(w.hypothesis.statement for w in found)
        found.append(Worded(candidate, known, _one(case, candidate, known, Place(ranked[0], verdict, len(found) + 1, before), locker)))
    return found


def _varied(ranked: Sequence[Candidate]) -> list[Candidate]:
    kept: list[Candidate] = []
    for c in ranked:
        close = [k for k in kept if k.cause.id == c.cause.id or (k.component == c.component and k.change == c.change and len(kept) > 1)]
        if len(close) < (1 if len(kept) < MOST else 0) and len(kept) < MOST:
            kept.append(c)
    return kept


def _one(case: Case, c: Candidate, known: Mapping[str, str], place: Place, locker: Locker) -> Hypothesis:
    top, verdict = place.top, place.verdict
    setting = in_force(case, c)
    lines = tuple(dict.fromkeys((*citations(case, c), *((setting[1],) if setting else ()))))
    supports = tuple(dict.fromkeys(locker.put(line, c.cause.title) for line in lines))
    refutes = tuple(dict.fromkeys(locker.put(line, s.name) for s in c.refutes for line in cite(case, s)[:1]))
    first = c is top
    status = "validated" if first and verdict == "confirmed" else "refuted" if verdict == "healthy" else "candidate"
    return Hypothesis.model_validate(
        {
            "id": f"H{place.number}",
            "statement": state(case, c, known, place.before),
            "component": c.component[:80],
            "category": c.category,
            "onset": case.when(onset(case, c)),
            "citations": lines,
            "supports": supports,
            "refutes": refutes,
            "prior": round(c.prior, 4),
            "posterior": round(c.posterior, 4),
            "status": status,
            "validation_method": ("empirical" if proved(c) else "deductive") if status in {"validated", "candidate"} else "none",
            "why_not": None if first and verdict != "healthy" else _why_not(c, top, verdict),
            "mechanism": c.cause.mechanism,
        }
    )


def _why_not(c: Candidate, top: Candidate, verdict: Verdict) -> str:
    if verdict == "healthy":
        return "users do not feel it: answers stay good, so it is no incident"
    if c.eaten_by:
        return f"all that speaks for it is a consequence of: {c.eaten_by}"
    if c.refutes:
        return "speaks against it: " + ", ".join(s.name.replace("_", " ") for s in c.refutes[:3])
    if c.change is None and top.change is not None:
        return "no change explains why it began then; the first cause has one"
    late = (c.first or 0) - (top.first or 0)
    if c.first and top.first and late > 5:
        return f"its first sign comes {late:.0f} s after the first sign of the leading cause"
    return "less of the evidence speaks for it"


def unused(case: Case, top: Candidate | None) -> list[tuple[Change, str]]:
    """Changes that are not the cause, with the reason; a suspicion in the question deserves an answer."""
    found = []
    for change in case.changes:
        if top is None or change.kind == "alert" or (top.change and (change.id == top.change.id or change.citation in top.change.extra)):
            continue
        if top.change and change.component == top.change.component and change.at == top.change.at:
            continue
        reference = top.first if top.first is not None else case.onset
        if change.at is not None and reference is not None and change.at > reference + 3:
            found.append((change, f"it came {change.at - reference:.0f} s after the first sign"))
        elif change.component and change.component != top.component.split(" (")[0]:
            found.append((change, f"it touches {change.component}, and nothing there began to fail with it"))
    return found


def healthy(case: Case, noise: Sequence[Noise], locker: Locker) -> Hypothesis:
    """The hypothesis that nothing is wrong, with what was loud and why it does not matter."""
    view = case.traffic[0] if case.traffic else None
    served = (
        f"{view.requests:.0f} customer requests, {view.failed:.0f} failed"
        + (f", median latency {view.latency:.0f} ms" if view.latency else "")
        if view
        else "answers stay good"
    )
    loud = "; ".join(f"{n.what[:110]}: {n.why}" for n in noise[:3])
    text = f"Nothing is wrong: the service is healthy, no incident and no outage for customers ({served}, steady over the whole time)."
    if loud:
        text += f" What is loud is noise: {loud}."
    lines = [*_views(case), *(n.citation for n in noise[:5])]
    return Hypothesis(
        id="H1",
        statement=text[:600],
        component="none",
        category=_category(noise),
        onset=None,
        citations=tuple(lines),
        supports=tuple(dict.fromkeys(locker.put(line, "steady") for line in lines)),
        prior=0.3,
        posterior=0.9,
        status="validated",
        validation_method="empirical",
        mechanism="Customers' requests succeed with their usual latency; the errors seen have other explanations.",
    )


def _category(noise: Sequence[Noise]) -> Category:
    return "external" if any(n.scanner for n in noise) else "unknown"


def _views(case: Case) -> list[Citation]:
    found = []
    for view in case.traffic[:2]:
        page = case.pages.get(view.file)
        if page is not None:
            found.append(page.cite(1, min(200, len(page.lines))))
    return found


def said(change: Change) -> str:
    """A change in a few words with its time."""
    return f"{clock(change.at)} {change.text[:140]}".strip()
