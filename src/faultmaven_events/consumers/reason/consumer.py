"""The reason stage: merged insights and knowledge in, incident report out.

What is told besides is durable before the report is: a redelivery that finds the report tells the same again.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from faultmaven_events.consumers.reason.advisers import Advisers, open_advisers
from faultmaven_events.consumers.reason.conversation.followed import remembered
from faultmaven_events.consumers.reason.conversation.memory import Memory
from faultmaven_events.consumers.reason.conversation.turns import Conversation
from faultmaven_events.consumers.reason.material import Material, collect
from faultmaven_events.consumers.reason.worker import PHASES, PRELOAD, reasoned_json
from faultmaven_events.consumers.stage import Handler
from faultmaven_events.errors import InvalidEvent
from faultmaven_events.infra.blobs import Blobs, open_blobs
from faultmaven_events.infra.jobs import Questions
from faultmaven_events.infra.llm.meter import cost, spent
from faultmaven_events.infra.mongo import open_mongo
from faultmaven_events.infra.pool import CpuPool, open_pool
from faultmaven_events.infra.streams.live import Live, Streams, open_streams
from faultmaven_events.reports.markdown import markdown
from faultmaven_events.schemas.content import Content
from faultmaven_events.schemas.event import Event, derive
from faultmaven_events.schemas.phase import Progressed
from faultmaven_events.schemas.question import Informed, Reasoned
from faultmaven_events.schemas.report import IncidentReport
from faultmaven_events.settings import Settings

STAGE: Final = "reason"
REASONING_S: Final = 120.0
"""Seconds that reasoning may take in a worker; with the models' time limit it stays below the stage's deadline."""
JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Desk:
    """What the stage works with."""

    blobs: Blobs
    pool: CpuPool
    memory: Memory
    streams: Streams
    advisers: Advisers | None

    async def handle(self, event: Event[Any]) -> Sequence[Event[Any]]:
        """Answer one question.

        Raises:
            MissingContent: the question, the merged insights or the knowledge are gone.
            UnreadableContent: they do not fit their schema, or reasoning ended its worker or took too long.
            NoProvider: no model answers; the question is tried again before it is answered without one.
            BudgetSpent: nobody wants an answer without models, and the tenant's money is spent.
        """
        if not isinstance(event.data, Informed):
            raise InvalidEvent(f"{event.type} is not for this stage")
        stored = await self.blobs.find(event.tenantid, "clean", self._key(event, "report"))
        if stored is None:
            async with self.streams.live(event.tenantid, event.subject) as live:
                report, phases = await self._answer(event, live)
                await self._keep(event, "phases", PHASES.dump_json(phases))
                stored = await self._keep(event, "report", report.model_dump_json().encode())
                await live.end(report.answer.text if report.answer else "")
        # Read back: where the question was answered twice, the first answer counts.
        report = IncidentReport.model_validate_json(await self.blobs.read(event.tenantid, stored))
        text, place = markdown(report).encode(), f"{derive(event.id, 'markdown').hex}.md"
        shown = await self.blobs.put_once(event.tenantid, "clean", place, text, media_type="text/markdown")
        stored = stored.model_copy(update={"media_type": JSON})
        return [*await self._told(event, report), event.follow(STAGE, "reasoned", _reasoned(event.data, report, stored, shown))]

    def _key(self, event: Event[Any], name: str) -> str:
        return f"{derive(event.id, name).hex}.json"

    async def _keep(self, event: Event[Any], name: str, content: bytes) -> Content:
        return await self.blobs.put_once(event.tenantid, "clean", self._key(event, name), content, media_type=JSON)

    async def _told(self, event: Event[Any], report: IncidentReport) -> list[Event[Any]]:
        """What is told besides: the phases, and the calls of models."""
        kept = await self.blobs.find(event.tenantid, "clean", self._key(event, "phases"))
        phases = PHASES.validate_json(await self.blobs.read(event.tenantid, kept)) if kept else ()
        calls = await self.advisers.told(event, report) if self.advisers else []
        return [*(event.follow(STAGE, "progressed", phase, index=phase.number) for phase in phases), *calls]

    async def _answer(self, event: Event[Informed], live: Live) -> tuple[IncidentReport, tuple[Progressed, ...]]:
        material = await collect(event, self.blobs)
        conversation = await self.memory.recall(material.event)
        followed = await self._follow_up(material, conversation, live)
        if followed is not None:
            return followed, ()
        made, diary = await self.pool.run(reasoned_json, material.merged, material.knowledge, material.context, timeout=REASONING_S)
        report, phases = IncidentReport.model_validate_json(made), PHASES.validate_json(diary)
        for phase in phases:
            await live.phase(phase)
        if self.advisers is not None:
            report = await self.advisers.advise(report, material)
        return remembered(report, conversation), phases

    async def _follow_up(self, material: Material, conversation: Conversation, live: Live) -> IncidentReport | None:
        """The answer out of an earlier report; None when there is none, or the question asks for an investigation."""
        event, asked = material.event, (material.event, material.question, conversation, material.context)
        if conversation.newest is None:
            return None
        if self.advisers is None:
            return await self.memory.follow_up(*asked, on_text=live.text)
        accounts = self.advisers.accounts
        async with self.advisers.meter(event, "follow_up") as meter:
            report = await self.memory.follow_up(
                *asked, models=self.advisers.models, meter=meter, on_text=live.text, spent=lambda: spent(accounts)
            )
        return report.model_copy(update={"cost": cost(meter.usages)}) if report else None


def _reasoned(data: Informed, report: IncidentReport, stored: Content, shown: Content) -> Reasoned:
    return Reasoned(
        content=data.content,
        evidence=data.evidence,
        intent=data.intent,
        session_id=data.session_id,
        case_id=data.case_id,
        follows=data.follows,
        report=stored,
        markdown=shown,
        verdict=report.verdict,
        headline=report.headline[:600],
        reasoner=report.reasoner[:128],
        confidence=report.confidence.score,
    )


@asynccontextmanager
async def open_stage(settings: Settings) -> AsyncIterator[Handler]:
    """Open the stores, the worker processes, and the models where there are any.

    Raises:
        SetupError: no key for clean blobs, or a store or provider that cannot be opened.
    """
    async with AsyncExitStack() as stack:
        blobs = await stack.enter_async_context(open_blobs(settings))
        pool = await stack.enter_async_context(open_pool(memory_mb=settings.worker_memory_mb, preload=PRELOAD))
        database = await stack.enter_async_context(open_mongo(settings))
        streams = await stack.enter_async_context(open_streams(settings))
        advisers = await stack.enter_async_context(open_advisers(settings, database))
        yield Desk(blobs, pool, Memory(Questions(database), blobs), streams, advisers).handle
