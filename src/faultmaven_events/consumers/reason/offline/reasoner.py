"""The offline reasoner: insights in, incident report out. Pure and deterministic: the same evidence gives the same bytes.

Six phases: define the blast radius, establish the timeline, search the knowledge, formulate hypotheses, validate them, propose a solution.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from faultmaven_events.consumers.reason.context import Context
from faultmaven_events.consumers.reason.offline import confidence as sure
from faultmaven_events.consumers.reason.offline import progress
from faultmaven_events.consumers.reason.offline.case import Case, dated, survey
from faultmaven_events.consumers.reason.offline.claims import claims, root_cause
from faultmaven_events.consumers.reason.offline.complete import complete
from faultmaven_events.consumers.reason.offline.computed import own
from faultmaven_events.consumers.reason.offline.evidence import Locker
from faultmaven_events.consumers.reason.offline.hypotheses import Worded, healthy, said, unused, word
from faultmaven_events.consumers.reason.offline.noise import Noise, background
from faultmaven_events.consumers.reason.offline.phrases import fill
from faultmaven_events.consumers.reason.offline.rank import Candidate, rank
from faultmaven_events.consumers.reason.offline.recommend import advise
from faultmaven_events.consumers.reason.offline.ruleset import Rules, rules
from faultmaven_events.consumers.reason.offline.scope import problem, radius
from faultmaven_events.consumers.reason.offline.sufficiency import gaps
from faultmaven_events.consumers.reason.offline.timeline import moments
from faultmaven_events.consumers.reason.offline.verdict import inside, judge
from faultmaven_events.consumers.reason.phases import Watch, unwatched
from faultmaven_events.consumers.reason.verify import verify
from faultmaven_events.reports.summary import summary
from faultmaven_events.schemas.insight import MergedInsights
from faultmaven_events.schemas.knowledge import Hit, SearchResult
from faultmaven_events.schemas.phase import PHASES
from faultmaven_events.schemas.question import Verdict
from faultmaven_events.schemas.report import Confidence, Hypothesis, IncidentReport, KnowledgeRef, RootCause

_HEADLINE: Final = 300
_REFS: Final = 5


@dataclass(frozen=True, slots=True)
class Judged:
    """The causes that fit, best first, and what the evidence makes of them."""

    ranked: Sequence[Candidate]
    confidence: Confidence
    verdict: Verdict


def reason(merged: MergedInsights, knowledge: SearchResult, context: Context, watch: Watch = unwatched) -> IncidentReport:
    """Return the report of one question, verified against the context's texts. `watch` is told of each phase when it is done."""
    base = rules()
    case = survey(merged, context, base)
    watch(progress.blast_radius(case, radius(case, None)))
    case = dated(case, base)
    watch(progress.timeline(case))
    refs = tuple(_ref(h) for h in knowledge.hits[:_REFS])
    watch(progress.knowledge(knowledge))
    ranked = rank(case, base)
    watch(progress.hypotheses(ranked))
    judged = validate(case, ranked)
    watch(progress.validation(judged.verdict, judged.confidence))
    known = Known(digest(merged, context, base), refs, _origin(base, context, knowledge))
    report = solve(case, judged, context, known)
    watch(progress.solution(report))
    return report


def validate(case: Case, ranked: Sequence[Candidate]) -> Judged:
    """Weigh the first cause, and say what may be said of it."""
    confidence = sure.weigh(case, ranked)
    verdict = judge(case, ranked, confidence)
    if verdict == "healthy":
        confidence = sure.healthy(case, ranked, inside=inside(case))
    return Judged(ranked, confidence, verdict)


@dataclass(frozen=True, slots=True)
class Known:
    """What the report says beside the case."""

    digest: str
    refs: tuple[KnowledgeRef, ...]
    provenance: Mapping[str, Any]


def solve(case: Case, judged: Judged, context: Context, known: Known) -> IncidentReport:
    """Word the answer, with what to do and what is missing, and read every line of it again."""
    verdict, locker, noise = judged.verdict, Locker(case), background(case)
    worded = word(case, judged.ranked, verdict, locker)
    top = worded[0] if worded and verdict != "healthy" else None
    best = top.candidate if top else None
    hypotheses = _ordered(case, worded, verdict, noise, locker)
    report = IncidentReport(
        job_id=context.job_id,
        case_id=context.case_id,
        tenant_id=context.tenant,
        correlation_id=context.correlation_id,
        created_at=context.created_at,
        pipeline_version=context.pipeline_version,
        reasoner="offline",
        digest=known.digest,
        question=case.question,
        verdict=verdict,
        headline=headline(verdict, hypotheses),
        problem_statement=problem(case, verdict),
        blast_radius=radius(case, best),
        timeline=moments(case, best, locker),
        trigger=said(best.change) if best and best.change else None,
        hypotheses=hypotheses,
        root_cause=_root(case, top, verdict, locker),
        confidence=judged.confidence,
        claims=claims(case, best, top.hypothesis.statement if top else hypotheses[0].statement if hypotheses else "", noise, locker),
        missing_evidence=gaps(case, [w.candidate for w in worded] if top else [], [w.values for w in worded], context.missing),
        failed_evidence=context.missing,
        limitations=_limits(case, worded, context),
        truncated=tuple(f"{f.file}: {t}" for f in case.files for t in f.truncated),
        recommendations=tuple(advise(best, "H1", top.values)) if top and best else (),
        knowledge_refs=known.refs,
        redactions=dict(sorted(context.redactions.items())),
        security_notes=_security(case, context),
        provenance=dict(known.provenance),
        evidence=locker.items(),
        summary="",
    )
    whole = complete(report, case, top)
    counted = [*(i.text for i in case.impacts), *(h.statement for h in hypotheses[:1] if verdict == "healthy")]
    made = own(whole, worded, noise, counted)
    checked = verify(whole.model_copy(update={"provenance": {**whole.provenance, "computed": made}}), context.texts)
    return checked.model_copy(update={"summary": summary(checked)})


def _origin(base: Rules, context: Context, knowledge: SearchResult) -> dict[str, Any]:
    return {
        "phases": list(PHASES),
        "rules": base.version,
        "confidence": sure.weights().version,
        "inputs": dict(sorted(context.digests.items())),
        "knowledge_model": knowledge.model,
    }


def digest(merged: MergedInsights, context: Context, base: Rules) -> str:
    """SHA-256 over question, evidence digests and versions of rules and weights."""
    parts = [merged.question, base.version, sure.weights().version, context.pipeline_version]
    parts += [
        f"{f.file}:{context.digests.get(f.file, '')}:{_hash(f.model_dump_json().replace(str(f.evidence_id), ''))}"
        for f in sorted(merged.files, key=lambda f: f.file)
    ]
    return _hash("\n".join(parts))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def headline(verdict: Verdict, hypotheses: Sequence[Hypothesis]) -> str:
    """One sentence: what broke and why."""
    if verdict == "insufficient_evidence" or not hypotheses:
        return "The evidence does not show what is wrong."
    text = hypotheses[0].statement.split(" Change: ")[0].split(" Effect: ")[0].split(" What is loud")[0]
    lead = "Not decided; the likeliest cause: " if verdict == "inconclusive" else ""
    text = f"{lead}{text}"
    return text if len(text) <= _HEADLINE else text[: _HEADLINE - 3].rstrip() + "..."


def _ordered(case: Case, worded: Sequence[Worded], verdict: Verdict, noise: Sequence[Noise], locker: Locker) -> tuple[Hypothesis, ...]:
    others = [w.hypothesis for w in worded]
    if verdict != "healthy":
        return tuple(others)
    rest = [h.model_copy(update={"id": f"H{n}", "posterior": round(h.posterior * 0.1, 4)}) for n, h in enumerate(others[:3], 2)]
    return (healthy(case, noise, locker), *rest)


def _root(case: Case, top: Worded | None, verdict: Verdict, locker: Locker) -> RootCause | None:
    if top is None or verdict not in {"confirmed", "likely"}:
        return None
    chain = [step for c in top.candidate.cause.chain if (step := fill(c, top.values))]
    return root_cause(case, top.candidate, top.hypothesis, chain, locker)


def _limits(case: Case, worded: Sequence[Worded], context: Context) -> tuple[str, ...]:
    found = [
        f"{f.file}: its text could not be read again, so its lines are not verified"
        for f in case.files
        if f.evidence_id not in context.texts
    ]
    found += [f"{name}: {a.note}" for name, a in sorted(case.alignment.items()) if a.note]
    top = worded[0].candidate if worded else None
    found += [f"Not the cause: {said(change)} - {why}" for change, why in unused(case, top)[:5]]
    return tuple(found)


def _security(case: Case, context: Context) -> tuple[str, ...]:
    total = sum(context.redactions.values())
    found = (
        [f"{total} values were replaced before analysis: " + ", ".join(f"{k} {v}" for k, v in sorted(context.redactions.items()))]
        if total
        else []
    )
    attempts = [f for facts in case.facts.values() for f in facts if f.kind == "injection"]
    if attempts:
        where = ", ".join(f"{c.file}:{c.line_start}" for f in attempts[:3] for c in f.citations[:1])
        found.append(f"{len(attempts)} lines of the evidence try to instruct their reader ({where}); they were treated as data")
    return tuple(found)


def _ref(hit: Hit) -> KnowledgeRef:
    return KnowledgeRef(
        chunk_id=hit.chunk_id,
        document=hit.title or hit.name,
        collection=hit.collection,
        heading=hit.heading,
        score=hit.score,
        quote=hit.text[:1200],
        used_for="recommendations",
    )
