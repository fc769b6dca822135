"""The reason stage: merged insights and knowledge in, incident report out."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from faultmaven_events import __version__
from faultmaven_events.consumers.reason.context import Context
from faultmaven_events.consumers.reason.llm.consult import second_opinion
from faultmaven_events.consumers.reason.offline.reasoner import reason
from faultmaven_events.consumers.stage import Handler
from faultmaven_events.errors import InvalidEvent, MissingContent, UnreadableContent
from faultmaven_events.infra.blobs import Blobs, open_blobs
from faultmaven_events.infra.pool import CpuPool, open_pool
from faultmaven_events.reports.markdown import markdown
from faultmaven_events.schemas.content import Content
from faultmaven_events.schemas.event import Event, derive
from faultmaven_events.schemas.insight import MergedInsights
from faultmaven_events.schemas.knowledge import SearchResult
from faultmaven_events.schemas.question import Informed, Missing, Reasoned
from faultmaven_events.schemas.report import IncidentReport
from faultmaven_events.settings import Settings

STAGE: Final = "reason"
PRELOAD: Final = "faultmaven_events.consumers.reason.consumer"
"""What the workers work with."""
REASONING_S: Final = 120.0
"""Seconds that reasoning may take in a worker; with the models' time limit it stays below the stage's deadline."""
TEXT_LIMIT: Final = 48 * 1024 * 1024
"""Bytes of sanitized text that are read again for lines and quotes, over all pieces; what is beyond is said in the report."""


JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Desk:
    """What the stage works with."""

    blobs: Blobs
    pool: CpuPool
    settings: Settings

    async def handle(self, event: Event[Any]) -> Sequence[Event[Any]]:
        """Answer one question.

        Raises:
            MissingContent: the merged insights or the knowledge are gone.
            UnreadableContent: they do not fit their schema, or reasoning ended its worker or took too long.
        """
        if not isinstance(event.data, Informed):
            raise InvalidEvent(f"{event.type} is not for this stage")
        key = f"{derive(event.id, 'report').hex}.json"
        stored = await self.blobs.find(event.tenantid, "clean", key)
        if stored is None:
            answer = (await self._answer(event)).model_dump_json().encode()
            stored = await self.blobs.put_once(event.tenantid, "clean", key, answer, media_type=JSON)
        # Read back: where the question was answered twice, the first answer counts.
        report = IncidentReport.model_validate_json(await self.blobs.read(event.tenantid, stored))
        text, place = markdown(report).encode(), f"{derive(event.id, 'markdown').hex}.md"
        shown = await self.blobs.put_once(event.tenantid, "clean", place, text, media_type="text/markdown")
        stored = stored.model_copy(update={"media_type": JSON})
        return (event.follow(STAGE, "reasoned", _reasoned(event.data, report, stored, shown)),)

    async def _answer(self, event: Event[Informed]) -> IncidentReport:
        merged = await self.blobs.read(event.tenantid, event.data.merged)
        knowledge = await self.blobs.read(event.tenantid, event.data.knowledge)
        context = await self._context(event)
        offline = IncidentReport.model_validate_json(await self.pool.run(reasoned_json, merged, knowledge, context, timeout=REASONING_S))
        return await second_opinion(offline, context.texts, self.settings)

    async def _context(self, event: Event[Informed]) -> Context:
        data = event.data
        counts: Counter[str] = Counter(data.receipt.counts)
        texts, missing, room = {}, list(data.missing), TEXT_LIMIT
        for piece in data.pieces:
            counts.update(piece.receipt.counts)
            if piece.content.size > room:
                continue
            try:
                text = await self.blobs.read(event.tenantid, piece.content)
            except MissingContent:
                missing.append(Missing(job_id=piece.job_id, name=piece.name, reason="its sanitized text is gone from the store"))
                continue
            room -= piece.content.size
            texts[piece.job_id] = text.decode("utf-8", "replace")
        return Context(
            job_id=event.subject,
            tenant=event.tenantid,
            correlation_id=event.correlationid,
            created_at=event.time,
            intent=data.intent,
            case_id=data.case_id,
            missing=tuple(missing),
            redactions=dict(counts),
            texts=texts,
            digests={piece.name: piece.content.sha256 for piece in data.pieces},
            pipeline_version=__version__,
        )


def reasoned_json(merged: bytes, knowledge: bytes, context: Context) -> bytes:
    """Reason in a worker process; only bytes travel back.

    Raises:
        UnreadableContent: an input does not fit its schema.
    """
    try:
        insights, hits = MergedInsights.model_validate_json(merged), SearchResult.model_validate_json(knowledge)
    except ValueError:
        raise UnreadableContent("merged insights or knowledge do not fit their schema") from None
    return reason(insights, hits, context).model_dump_json().encode()


def _reasoned(data: Informed, report: IncidentReport, stored: Content, shown: Content) -> Reasoned:
    return Reasoned(
        content=data.content,
        evidence=data.evidence,
        intent=data.intent,
        session_id=data.session_id,
        case_id=data.case_id,
        report=stored,
        markdown=shown,
        verdict=report.verdict,
        headline=report.headline[:600],
        reasoner=report.reasoner[:128],
        confidence=report.confidence.score,
    )


@asynccontextmanager
async def open_stage(settings: Settings) -> AsyncIterator[Handler]:
    """Open the blob store and the worker processes.

    Raises:
        SetupError: no key for clean blobs, or a store that cannot be opened.
    """
    async with open_blobs(settings) as blobs, open_pool(memory_mb=settings.worker_memory_mb, preload=PRELOAD) as pool:
        yield Desk(blobs, pool, settings).handle
