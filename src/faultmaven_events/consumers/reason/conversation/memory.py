"""What the reason stage asks of this room: what was said before a question, and the answer where it is a follow-up."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from faultmaven_events.consumers.reason.context import Context
from faultmaven_events.consumers.reason.conversation.answer import answer, over_budget
from faultmaven_events.consumers.reason.conversation.chain import cited_texts, load
from faultmaven_events.consumers.reason.conversation.followed import is_follow_up, with_answer
from faultmaven_events.consumers.reason.conversation.turns import Conversation
from faultmaven_events.infra.blobs import Blobs
from faultmaven_events.infra.jobs import Questions
from faultmaven_events.infra.llm.port import Meter, Models, OnText
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.question import Question
from faultmaven_events.schemas.report import IncidentReport


@dataclass(frozen=True, slots=True)
class Memory:
    """Earlier questions of a tenant, and the texts that their reports cite."""

    questions: Questions
    blobs: Blobs

    async def recall(self, event: Event[Question]) -> Conversation:
        """Return what came before a question; empty where it neither follows another nor belongs to a case.

        Raises:
            Unavailable: MongoDB is away.
        """
        return await load(self.questions, event)

    async def follow_up(
        self,
        event: Event[Question],
        question: str,
        conversation: Conversation,
        context: Context,
        *,
        models: Models | None = None,
        meter: Meter | None = None,
        on_text: OnText | None = None,
        spent: Callable[[], str] = over_budget,
    ) -> IncidentReport | None:
        """Return the report of a follow-up; None when the question needs an investigation.

        `question` is its sanitized text; `context` holds its evidence's texts. For the others see `answer`.

        Raises:
            Unavailable: a store is away.
        """
        if not await asyncio.to_thread(is_follow_up, question, event.data.evidence, conversation):
            return None
        report = conversation.investigation
        assert report is not None  # for mypy: a follow-up is about one
        texts = await cited_texts(self.questions, self.blobs, context.tenant, report, context.texts)
        answered = await answer(report, conversation, question, models=models, meter=meter, on_text=on_text, spent=spent)
        return await asyncio.to_thread(with_answer, answered, conversation, question, context, texts)
