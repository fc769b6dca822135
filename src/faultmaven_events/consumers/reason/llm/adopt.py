"""A model's advice taken into a report: re-rank, word, add; never change a fact. What does not check is left out, and the report says so.

What a model may not do, whatever it says: overrule direct evidence, put first what the evidence hardly supports, cite what it was not
shown, name what does not stand in the lines that it cites, quote what is not there. Once it has seen a line that speaks to it, its ranking
and headline are not taken at all.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from faultmaven_events.consumers.reason.llm.advice import Advice, Proposal
from faultmaven_events.consumers.reason.llm.docket import Docket, Exhibit
from faultmaven_events.consumers.reason.llm.enclosed import neutral
from faultmaven_events.consumers.reason.llm.grounds import Grounds, Lack, phrases, tidy
from faultmaven_events.consumers.reason.llm.opinion import Added
from faultmaven_events.consumers.reason.llm.precedence import refusal
from faultmaven_events.consumers.reason.verify import verify
from faultmaven_events.reports.markdown import summary
from faultmaven_events.schemas.aftermath import Aftermath
from faultmaven_events.schemas.report import Confidence, Hypothesis, IncidentReport, Recommendation

_UNSURE: Final = 0.6
"""Most confidence where rules and model do not agree."""
_OWN: Final = 0.05
"""Most posterior of a hypothesis that only a model has."""
_DENIES: Final = re.compile(
    r"\b(?:(?:is|are|was|were|looks?|seems?|all|system|everything) healthy"
    r"|all (?:is |was )?(?:fine|well|good|clear)|(?:is|are|was|works?) (?:fine|ok|okay)"
    r"|nothing (?:is |was )?(?:happened|wrong|broken)"
    r"|no (?:incident|problem|issue|error|failure|outage)s?|false alarm|back to sleep)\b",
    re.IGNORECASE,
)
"""How a sentence says that there is no incident."""
_GROUNDED: Final = 0.15
"""Least share of a hypothesis's words that its facts use too."""
_ABOUT: Final = 0.5
"""Least share of a headline's words that the facts use too."""
_LACKS: Final[dict[Lack, str]] = {
    "number": "a number or time that its facts do not hold",
    "name": "a name that its facts do not hold",
    "link": "an address that its facts do not hold",
    "markup": "markup",
}


def adopt(report: IncidentReport, advice: Advice, docket: Docket, texts: Mapping[UUID, str]) -> IncidentReport:
    """Return the report with the advice in it, verified again."""
    tainted = advice.tainted or docket.tainted
    notes: list[str] = []
    ranked = list(report.hypotheses) if tainted else _ranked(report, advice.opinion.ranking, notes)
    if tainted:
        notes.append("Lines that the model was shown try to instruct their reader: its ranking and headline were not taken over.")
    added = _added(report, advice, docket, notes)
    update: dict[str, object] = {"hypotheses": (*ranked, *added), "reasoner": advice.origin}
    if ranked and ranked[0].id != report.hypotheses[0].id:
        update |= _first(report, ranked[0])
    elif not tainted:
        update |= _worded(report, advice.opinion.headline, docket, notes)
    cited = {name for h in added for name in h.supports}
    read = [x.evidence for name, x in docket.exhibits.items() if name in cited and name.startswith("T")]
    update["evidence"] = (*report.evidence, *read)
    update["recommendations"] = (*update.get("recommendations", report.recommendations), *map(_proposed, advice.proposals))  # type: ignore[misc]  # the update's values are of each field's type
    update["limitations"] = (*report.limitations, *advice.notes, *_counted(notes))
    if advice.agreement:
        confidence = update.get("confidence", report.confidence)
        assert isinstance(confidence, Confidence)
        update["confidence"] = confidence.model_copy(update={"basis": f"{confidence.basis}; {advice.agreement}"})
    checked = verify(report.model_copy(update=update), texts)
    return checked.model_copy(update={"summary": summary(checked)})


def _counted(notes: Iterable[str]) -> tuple[str, ...]:
    """Each note once."""
    return tuple(note if times == 1 else f"{note} ({times} times)" for note, times in Counter(notes).items())


def _ranked(report: IncidentReport, ranking: Sequence[str], notes: list[str]) -> list[Hypothesis]:
    known = {h.id: h for h in report.hypotheses}
    order = [known[i] for i in dict.fromkeys((*(i for i in ranking if i in known), *known))]
    if not order or order[0].id == report.hypotheses[0].id:
        return order
    first, wanted = report.hypotheses[0], order[0]
    why = refusal(report, wanted.id)
    if why is None:
        notes.append(f"The model put {wanted.id} before {first.id}, which the rules had put first.")
        return order
    notes.append(f"The model would put {wanted.id} first; {why}.")
    return [first, *(h for h in order if h is not first)]


def _first(report: IncidentReport, hypothesis: Hypothesis) -> dict[str, object]:
    """What follows when another hypothesis comes first: no longer sure, no chain is claimed, and remedies wait until it is decided."""
    old = report.hypotheses[0]
    root = None
    if report.root_cause is not None:
        root = report.root_cause.model_copy(
            update={
                "hypothesis_id": hypothesis.id,
                "statement": hypothesis.statement,
                "component": hypothesis.component,
                "reason": hypothesis.mechanism or "",
                "onset_time": hypothesis.onset,
                "mechanism": hypothesis.mechanism or "",
                "causal_chain": (),
                "contributing_factors": (),
                "app_or_infra": "unknown",
            }
        )
    score = round(min(report.confidence.score, _UNSURE), 3)
    basis = f"{report.confidence.basis}; re-ranked by the model"
    confidence = report.confidence.model_copy(update={"score": score, "band": "medium" if score >= 0.5 else "low", "basis": basis})
    decide = Recommendation(
        type="observe",
        action=f"Decide between {hypothesis.id} and {old.id} before acting: rules and model do not agree; see what is missing.",
        expected_effect="One of the two is ruled out",
        approval_required=False,
        priority=1,
    )
    later = tuple(r.model_copy(update={"priority": min(4, r.priority + 1)}) for r in report.recommendations)
    return {
        "root_cause": root,
        "headline": hypothesis.statement.split(" Change: ")[0][:300],
        "confidence": confidence,
        "recommendations": (decide, *later),
        "aftermath": _felt(report.aftermath),
    }


def _felt(aftermath: Aftermath | None) -> Aftermath | None:
    """What users felt stays; when it was caused and what is to be learned belong to the cause that was first before."""
    of_the_cause = {"caused_at": None, "latent_s": None, "lessons": (), "action_items": ()}
    return aftermath.model_copy(update=of_the_cause) if aftermath else None


def _worded(report: IncidentReport, headline: str | None, docket: Docket, notes: list[str]) -> dict[str, object]:
    """The model's headline when it says what the first hypothesis says, with nothing in it that the evidence does not hold."""
    text = tidy(headline or "")
    if not text or not report.hypotheses:
        return {}
    first = report.hypotheses[0]
    lines = [x.words for i, x in docket.exhibits.items() if i in first.supports and not x.suspect]
    quotes = [c.quote for c in first.citations]
    grounds = Grounds.of([report.headline, first.statement, first.mechanism or "", *lines, *quotes], [first.component])
    spoken = Grounds.of([first.statement, *(x.words for x in docket.exhibits.values() if not x.suspect)])
    if grounds.lacks(text):
        notes.append("The model's headline named something that the evidence does not hold; it was left out.")
    elif len(text) <= 10 or spoken.share(text) < _ABOUT or not _same_outcome(report, text):
        notes.append("The model's headline did not say what the facts say; it was left out.")
    else:
        return {"headline": text[:300]}
    return {}


def _same_outcome(report: IncidentReport, text: str) -> bool:
    """Whether a headline does not deny the verdict: it names the component where there is a cause."""
    component = report.hypotheses[0].component.casefold()
    if report.verdict == "healthy":
        return True
    names = [part for part in re.split(r"[^\w.-]+", component) if len(part) > 2]
    return _DENIES.search(text) is None and (not names or component == "unknown" or any(name in text.casefold() for name in names))


def _added(report: IncidentReport, advice: Advice, docket: Docket, notes: list[str]) -> list[Hypothesis]:
    found: list[Hypothesis] = []
    said = {_bare(h.statement) for h in report.hypotheses}
    posterior = min([_OWN, *(h.posterior for h in report.hypotheses)])
    for one in advice.opinion.hypotheses:
        fault = _fault(one, report, docket)
        if fault:
            notes.append(f"A hypothesis of the model {fault}; it was left out.")
        elif (bare := _bare(tidy(one.statement))) not in said:
            said.add(bare)
            found.append(_hypothesis(one, docket, advice.origin, posterior, len(report.hypotheses) + len(found) + 1))
    return found


def _bare(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _fault(one: Added, report: IncidentReport, docket: Docket) -> str | None:
    """What is wrong with a hypothesis, or None."""
    cited = [docket.exhibits[name] for name in dict.fromkeys(one.supports) if name in docket.exhibits]
    if not cited or len(cited) != len(set(one.supports)):
        return "cited a fact that was not given"
    if any(x.suspect for x in cited):
        return "rests on a line that tries to instruct its reader"
    if not all(_quoted(q.quote, docket.exhibits.get(q.fact)) for q in one.quotes):
        return "quoted words that do not stand in the line"
    statement, mechanism, component = tidy(one.statement), tidy(one.mechanism or ""), tidy(one.component)
    names = [*(h.component for h in report.hypotheses), *report.blast_radius.affected, *report.blast_radius.dependency_path]
    grounds = _grounds(one, report, cited, names)
    lacks = (*grounds.lacks(statement), *grounds.lacks(mechanism), *grounds.lacks(component))
    if lacks:
        return f"named {_LACKS[lacks[0]]}"
    if len(statement) < 10 or (component.casefold() not in {n.casefold() for n in names} and not grounds.holds(component)):
        return "named a component that its facts do not hold"
    if grounds.share(statement) < _GROUNDED or (report.verdict != "healthy" and _DENIES.search(f"{statement} {mechanism}")):
        return "says what its facts do not say"
    if docket.suspects and _echoes(f"{statement} {mechanism}", docket.suspects, grounds):
        return "repeats a line that tries to instruct its reader"
    return None


def _echoes(text: str, suspects: Sequence[str], grounds: Grounds) -> bool:
    """Whether a text takes four words in a row from lines that instruct, or has more of their words than of its facts'."""
    lines = [form for line in suspects for form in (line, neutral(line))]
    return bool(phrases(text) & {p for line in lines for p in phrases(line)}) or Grounds.of(lines).share(text) > grounds.share(text)


def _grounds(one: Added, report: IncidentReport, cited: Sequence[Exhibit], names: Sequence[str]) -> Grounds:
    """What a hypothesis may say: what stands in its lines, and what the rules computed from one of them (counts, rates, durations)."""
    places = {x.evidence.citation for x in cited}
    computed = [
        f"{h.statement}\n{h.mechanism or ''}" for h in report.hypotheses if places & set(h.citations) or {*one.supports} & {*h.supports}
    ]
    told = [h.statement for h in report.hypotheses]
    return Grounds.of(
        [*(part for x in cited for part in (x.words, x.where, x.evidence.fact or "")), *computed], [*names, *one.supports, *told]
    )


def _quoted(quote: str, exhibit: Exhibit | None) -> bool:
    """Whether words stand in a line, as it is or as it was shown."""
    wanted = " ".join(quote.split())
    if exhibit is None or not wanted:
        return False
    return any(
        neutral(wanted) in " ".join(form.split()) or wanted in " ".join(form.split()) for form in (exhibit.words, neutral(exhibit.words))
    )


def _hypothesis(one: Added, docket: Docket, origin: str, posterior: float, place: int) -> Hypothesis:
    cited = [docket.exhibits[name].evidence for name in dict.fromkeys(one.supports)]
    return Hypothesis(
        id=f"H{place}",
        statement=tidy(one.statement),
        component=tidy(one.component),
        category=one.category,
        citations=tuple(e.citation for e in cited),
        supports=tuple(e.evidence_id for e in cited),
        prior=_OWN,
        posterior=posterior,
        why_not="added by the model; the rules do not weigh it",
        mechanism=tidy(one.mechanism or "") or None,
        origin=origin,
    )


def _proposed(proposal: Proposal) -> Recommendation:
    """A proposed setting as advice to a person."""
    where = f"{proposal.file}:{proposal.line}"
    return Recommendation(
        type="fix",
        action=f"Proposed by the model, to be judged by a person: set {proposal.path} to {proposal.value} ({where}).",
        expected_effect=proposal.reason,
        risk="A model proposed it; nobody has tried it.",
        rollback=f"Put back the line at {where}: {proposal.was}",
        approval_required=True,
        verification="What the report calls the symptom is gone, and nothing else is worse.",
        priority=4,
    )
