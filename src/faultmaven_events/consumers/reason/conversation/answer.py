"""The answer to a follow-up: in a model's words where there is one, checked sentence by sentence; else, or else what, offline."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from faultmaven_events.consumers.reason.conversation.asking import asking
from faultmaven_events.consumers.reason.conversation.check import Checked, check
from faultmaven_events.consumers.reason.conversation.offline import TEXT, offline, quotes
from faultmaven_events.consumers.reason.conversation.prompt import Page, request, shown
from faultmaven_events.consumers.reason.conversation.turns import Conversation
from faultmaven_events.consumers.reason.conversation.words import told
from faultmaven_events.infra.llm.port import ANEW, BadOutput, Meter, Models, NoProvider, OnText, OverBudget, Provider, Reply, Request
from faultmaven_events.schemas.conversation import Answer
from faultmaven_events.schemas.report import IncidentReport

log = structlog.get_logger()

_PROSE: Final = 6000
"""Characters of a model's prose; the rest is for the lines that it cites."""


def over_budget() -> str:
    """Say that a tenant's money does not suffice."""
    return "Offline answer: the budget does not suffice for a model."


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, why it is less than it could be, and the model that was shown facts for it, also when its answer did not hold."""

    answer: Answer
    degraded: tuple[str, ...] = ()
    shown_to: str | None = None


async def answer(
    report: IncidentReport,
    conversation: Conversation,
    question: str,
    *,
    models: Models | None = None,
    meter: Meter | None = None,
    on_text: OnText | None = None,
    spent: Callable[[], str] = over_budget,
) -> Answered:
    """Answer a question about a report. What `on_text` is told while a model writes is a draft; the returned text is what holds.

    Without models, or when none answers, or less than half of its sentences stand in the facts, the answer is the offline one, and says
    why. `spent` words that the budget does not suffice, or raises where nobody wants an answer then.
    """
    fallback = await asyncio.to_thread(offline, report, question, answered_job(report))
    if models is None or meter is None:
        await _tell(on_text, fallback.text)
        return Answered(fallback)
    facts = await asyncio.to_thread(shown, report, question)
    page = Page(report, conversation, question, facts, secrets.token_hex(8))

    def build(provider: Provider) -> Request:
        return request(provider, page)

    try:
        reply = await models.complete("follow_up", build, meter=meter, check=_prose, on_text=on_text)
    except (NoProvider, OverBudget) as error:
        why = f"Offline answer: {error}." if isinstance(error, NoProvider) else spent()
        await _tell(on_text, fallback.text)
        return Answered(fallback, (why,))
    checked = await asyncio.to_thread(check, reply.text, facts, told(report))
    if checked.sentences and len(checked.sentences) >= checked.removed:
        return Answered(_worded(report, question, checked, reply), shown_to=reply.model)
    await _tell(on_text, ANEW)
    await _tell(on_text, fallback.text)
    why = f"most of what {reply.model} wrote does not stand" if checked.sentences else f"nothing that {reply.model} wrote stands"
    return Answered(fallback, (f"Offline answer: {why} in the facts of the report.",), reply.model)


def answered_job(report: IncidentReport) -> UUID:
    """The question whose report it is."""
    return report.answer.follows if report.answer else report.job_id


def _prose(reply: Reply) -> None:
    """Refuse what is no answer at all.

    Raises:
        BadOutput: nothing was written, or a tool was called that was not given.
    """
    if reply.calls or not reply.text.strip():
        raise BadOutput("the answer must be plain sentences")


def _worded(report: IncidentReport, question: str, checked: Checked, reply: Reply) -> Answer:
    text, refs = "", list[str]()
    for sentence, cited in checked.sentences:
        line = f"{sentence} [{', '.join(cited)}]" if cited else sentence
        if len(text) + len(line) > _PROSE:
            break
        text = f"{text}\n{line}" if text else line
        refs += cited
    if checked.removed:
        left_out = "1 sentence was" if checked.removed == 1 else f"{checked.removed} sentences were"
        text += f"\n({left_out} left out: not in the facts that the model cited.)"
    asked = asking(question, report)
    unique = tuple(dict.fromkeys(refs))
    text += quotes(report, unique)
    return Answer(
        text=text[:TEXT], follows=answered_job(report), about=asked.about if asked else (), evidence_refs=unique, answered_by=reply.model
    )


async def _tell(on_text: OnText | None, text: str) -> None:
    if on_text is None:
        return
    try:
        await on_text(text)
    except Exception as error:  # noqa: BLE001 # whatever is wrong with a listener is not wrong with the answer
        log.warning("answer_not_told", error=type(error).__name__)
