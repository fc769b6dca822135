"""A model's opinion taken into a report: re-rank, word, add; never change a fact. What does not check is left out and said so."""

import re
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from faultmaven_events.consumers.reason.llm.prompt import Added, Opinion
from faultmaven_events.consumers.reason.verify import verify
from faultmaven_events.reports.markdown import summary
from faultmaven_events.schemas.report import Evidence, Hypothesis, IncidentReport

_FIGURE: Final = re.compile(r"(?<![\w.])\d+(?:[.,:]\d+)*")
_FIRM: Final = frozenset({"confirmed", "healthy"})


def adopt(report: IncidentReport, opinion: Opinion, origin: str, texts: Mapping[UUID, str]) -> IncidentReport:
    """Return the report with the opinion in it, verified again.

    A confirmed or healthy answer keeps its first hypothesis: a model may disagree, which is noted, but does not overrule direct evidence.
    """
    good = {e.evidence_id: e for e in report.evidence if e.integrity == "verified"}
    ranked, notes = _rerank(report, opinion.ranking)
    added, refused = _added(opinion.hypotheses, good, origin, len(report.hypotheses))
    update: dict[str, object] = {
        "hypotheses": (*ranked, *added),
        "limitations": (*report.limitations, *notes, *refused),
        "reasoner": origin,
    }
    changed = bool(ranked) and ranked[0].id != report.hypotheses[0].id
    if changed:
        update |= _first(report, ranked[0])
    worded = _headline(report, opinion.headline, good)
    if worded and not changed:
        update["headline"] = worded
    elif opinion.headline and not worded:
        update["limitations"] = (
            *report.limitations,
            *notes,
            *refused,
            "The model's headline named something that the evidence does not hold; it was left out.",
        )
    checked = verify(report.model_copy(update=update), texts)
    return checked.model_copy(update={"summary": summary(checked)})


def _rerank(report: IncidentReport, ranking: Sequence[str]) -> tuple[list[Hypothesis], list[str]]:
    known = {h.id: h for h in report.hypotheses}
    order = [i for i in dict.fromkeys(ranking) if i in known]
    order += [i for i in known if i not in order]
    ranked = [known[i] for i in order]
    if not ranked or ranked[0].id == report.hypotheses[0].id:
        return ranked, []
    first = report.hypotheses[0]
    if report.verdict in _FIRM:
        note = f"The model would put {ranked[0].id} first; {first.id} rests on direct evidence and stays."
        return [first, *(h for h in ranked if h is not first)], [note]
    return ranked, [f"The model put {ranked[0].id} before {first.id}, which the rules had put first."]


def _first(report: IncidentReport, hypothesis: Hypothesis) -> dict[str, object]:
    """What follows when another hypothesis comes first: no longer sure, and no chain is claimed."""
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
    score = round(min(report.confidence.score, 0.6), 3)
    confidence = report.confidence.model_copy(
        update={"score": score, "band": "medium" if score >= 0.5 else "low", "basis": f"{report.confidence.basis}; re-ranked by the model"}
    )
    return {
        "root_cause": root,
        "headline": hypothesis.statement.split(" Change: ")[0][:300],
        "confidence": confidence,
        "recommendations": (),
    }


def _added(hypotheses: Sequence[Added], good: Mapping[str, Evidence], origin: str, known: int) -> tuple[list[Hypothesis], list[str]]:
    found: list[Hypothesis] = []
    refused: list[str] = []
    for one in hypotheses:
        refs = [r for r in one.supports if r in good]
        if len(refs) != len(one.supports) or not refs:
            refused.append("A hypothesis of the model cited a fact that was not given; it was left out.")
        elif not _holds(one.statement, [good[r] for r in refs]):
            refused.append("A hypothesis of the model named a number that its facts do not hold; it was left out.")
        else:
            found.append(_hypothesis(one, [good[r] for r in refs], origin, known + len(found) + 1))
    return found, refused


def _holds(text: str, evidence: Sequence[Evidence]) -> bool:
    quotes = " ".join(e.citation.quote for e in evidence)
    return all(f in quotes for f in _FIGURE.findall(text) if len(f) > 1)


def _hypothesis(one: Added, evidence: Sequence[Evidence], origin: str, place: int) -> Hypothesis:
    return Hypothesis(
        id=f"H{place}",
        statement=one.statement,
        component=one.component,
        category=one.category,
        citations=tuple(e.citation for e in evidence),
        supports=tuple(e.evidence_id for e in evidence),
        prior=0.05,
        posterior=0.05,
        why_not="added by the model; the rules do not weigh it",
        mechanism=one.mechanism,
        origin=origin,
    )


def _headline(report: IncidentReport, headline: str | None, good: Mapping[str, Evidence]) -> str | None:
    """The model's headline when every number of it stands in the report's own words or lines."""
    if not headline:
        return None
    known = " ".join([report.headline, *(h.statement for h in report.hypotheses[:1]), *(e.citation.quote for e in good.values())])
    text = " ".join(headline.split())
    return text if all(f in known for f in _FIGURE.findall(text)) and len(text) > 10 else None
