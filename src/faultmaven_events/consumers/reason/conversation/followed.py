"""What becomes of a question in a conversation: an answer out of the earlier report, or an investigation that knows it. Pure."""

import hashlib
from collections.abc import Collection, Mapping
from uuid import UUID

from faultmaven_events.consumers.reason.context import Context
from faultmaven_events.consumers.reason.conversation.answer import Answered
from faultmaven_events.consumers.reason.conversation.asking import asking
from faultmaven_events.consumers.reason.conversation.prompt import VERSION
from faultmaven_events.consumers.reason.conversation.saying import clock, cut, verified
from faultmaven_events.consumers.reason.conversation.turns import Conversation
from faultmaven_events.consumers.reason.verify import verify
from faultmaven_events.schemas.conversation import Answer
from faultmaven_events.schemas.cost import Cost
from faultmaven_events.schemas.report import Claim, IncidentReport

EARLIER = 3
"""Earlier findings that a later report names."""
_SUMMARY_LINES = 8


def is_follow_up(question: str, evidence: Collection[UUID], conversation: Conversation) -> bool:
    """Whether a question is about the report of its conversation, brings no new evidence, and asks nothing else. When unsure: no."""
    newest, report = conversation.newest, conversation.investigation
    if newest is None or newest.report is None or report is None:
        return False
    return set(evidence) <= conversation.evidence and asking(question, report) is not None


def with_answer(
    answered: Answered,
    conversation: Conversation,
    question: str,
    context: Context,
    texts: Mapping[UUID, str],
    *,
    cost: Cost | None = None,
) -> IncidentReport:
    """Return the earlier report as the answer to a follow-up: under the new job, verified again, with the lines of the answer as claims.

    Raises:
        ValueError: the conversation has no report.
    """
    earlier = conversation.investigation
    if earlier is None:
        raise ValueError("a conversation without a report has no follow-up")
    answer = answered.answer
    claims = tuple(_claims(earlier, answer))
    report = earlier.model_copy(
        update={
            "job_id": context.job_id,
            "case_id": context.case_id,
            "tenant_id": context.tenant,
            "correlation_id": context.correlation_id,
            "created_at": context.created_at,
            "pipeline_version": context.pipeline_version,
            "question": question,
            "answer": answer,
            "claims": (*claims, *earlier.claims),
            "conversation": conversation.shown(),
            "limitations": tuple(dict.fromkeys((*earlier.limitations, *conversation.limits()))),
            "degraded": tuple(dict.fromkeys((*earlier.degraded, *answered.degraded))),
            "digest": hashlib.sha256("\n".join((earlier.digest, str(answer.follows), question)).encode()).hexdigest(),
            "redactions": dict(sorted(context.redactions.items())) or earlier.redactions,
            "cost": cost or Cost(),
            "prompt_version": VERSION if answered.shown_to else None,
            "security_notes": tuple(dict.fromkeys((*earlier.security_notes, *_sent(answered)))),
            "summary": "\n".join(cut(line, 300) for line in answer.text.splitlines()[:_SUMMARY_LINES] if line.strip()),
        }
    )
    return _said_what_is_gone(verify(report, texts), answer)


def _sent(answered: Answered) -> list[str]:
    return [f"Verified facts of the report were sent to {answered.shown_to}."] if answered.shown_to else []


def _claims(report: IncidentReport, answer: Answer) -> list[Claim]:
    good, known = verified(report), {claim.text for claim in report.claims}
    lines = [(ref, f"{good[ref].citation.file}: {good[ref].citation.quote.strip()[:250]}") for ref in answer.evidence_refs if ref in good]
    return [Claim(text=text, kind="fact", evidence_refs=(ref,)) for ref, text in lines if text not in known]


def _said_what_is_gone(report: IncidentReport, answer: Answer) -> IncidentReport:
    gone = sorted(set(answer.evidence_refs) - verified(report).keys())
    if not gone:
        return report
    note = f"Lines of the answer could not be read again, because their file is gone: {', '.join(gone)}."
    return report.model_copy(update={"limitations": (*report.limitations, note)})


def remembered(report: IncidentReport, conversation: Conversation) -> IncidentReport:
    """Return the report of an investigation with what was found earlier in its conversation, and whether it agrees."""
    if not conversation.turns and not conversation.notes:
        return report
    found = [turn for turn in conversation.turns if turn.report is not None and turn.report.answer is None]
    notes = [
        f"Earlier in this conversation ({clock(turn.asked_at)}, job {turn.job_id}): {turn.report.verdict}: "
        f"{cut(turn.report.headline, 200)} {_compared(turn.report, report)}"
        for turn in reversed(found[-EARLIER:])
        if turn.report is not None
    ]
    limits = tuple(dict.fromkeys((*report.limitations, *notes, *conversation.limits())))
    return report.model_copy(update={"conversation": conversation.shown(), "limitations": limits})


def _compared(earlier: IncidentReport, now: IncidentReport) -> str:
    if not earlier.hypotheses or not now.hypotheses or {earlier.verdict, now.verdict} & {"insufficient_evidence", "healthy"}:
        return "This report was made anew from its own evidence."
    a, b = earlier.hypotheses[0], now.hypotheses[0]
    if (a.component, a.category) == (b.component, b.category):
        return "This report comes to the same component and kind of cause."
    return (
        f"This report differs: {b.component} ({b.category.replace('_', ' ')}) rather than {a.component} ({a.category.replace('_', ' ')})."
    )
