"""The process stage: sanitized evidence into insights, and the insights of a question's evidence into one."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from faultmaven_events.consumers.process.analyse import analyse, summary
from faultmaven_events.consumers.process.merge import merge
from faultmaven_events.consumers.stage import Handler
from faultmaven_events.errors import InvalidEvent, MissingContent
from faultmaven_events.infra.blobs import Blobs, open_blobs
from faultmaven_events.infra.pool import CpuPool, open_pool
from faultmaven_events.schemas.event import Event, derive
from faultmaven_events.schemas.evidence import Classification, Processed, Sanitized
from faultmaven_events.schemas.insight import Insights
from faultmaven_events.schemas.question import Gathered, Merged, Missing
from faultmaven_events.settings import Settings

STAGE = "process"
PRELOAD = "faultmaven_events.consumers.process.consumer"
"""What the workers work with."""
JSON = "application/json"
ANALYSIS_S = 540.0
"""Seconds that one analysis may take: below the stage's deadline, so that what hangs is a dead letter and not a retry."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the stage works with."""

    blobs: Blobs
    pool: CpuPool

    async def handle(self, event: Event[Any]) -> Sequence[Event[Any]]:
        """Analyse one piece of evidence, or merge those of a question.

        Raises:
            MissingContent: the sanitized twin is gone.
            UnreadableContent: the analysis ended its worker or took too long.
        """
        if isinstance(event.data, Gathered):
            return (await self._merge(event),)
        if isinstance(event.data, Sanitized):
            return (await self._analyse(event),)
        raise InvalidEvent(f"{event.type} is not for this stage")

    async def _analyse(self, event: Event[Any]) -> Event[Processed]:
        data: Sanitized = event.data
        text = await self.blobs.read(event.tenantid, data.content)
        work = self.pool.run(analysed, text, data.classification, event.subject, data.name, event.time, timeout=ANALYSIS_S)
        del text
        found = await work
        stored = await self.blobs.put_once(event.tenantid, "clean", f"{derive(event.id, 'insights').hex}.json", found.json, media_type=JSON)
        processed = Processed(**dict(data), insights=stored, summary=found.summary, findings=found.findings, chunks=found.chunks)
        return event.follow(STAGE, "processed", processed)

    async def _merge(self, event: Event[Any]) -> Event[Merged]:
        data: Gathered = event.data
        question = (await self.blobs.read(event.tenantid, data.content)).decode("utf-8", "replace")
        pieces, texts, missing = [], [], list(data.missing)
        for piece in data.pieces:
            try:
                texts.append(await self.blobs.read(event.tenantid, piece.insights))
                pieces.append(piece)
            except MissingContent:
                missing.append(Missing(job_id=piece.job_id, name=piece.name, reason="its insights are gone from the store"))
        merged = await self.pool.run(merged_json, question, texts, timeout=ANALYSIS_S)
        stored = await self.blobs.put_once(event.tenantid, "clean", f"{derive(event.id, 'merged').hex}.json", merged, media_type=JSON)
        known = dict(data) | {"pieces": tuple(pieces), "missing": tuple(missing)}
        return event.follow(STAGE, "processed", Merged(**known, merged=stored))


@dataclass(frozen=True, slots=True)
class Analysed:
    """What comes back from a worker: `json` is that of the insights."""

    json: bytes
    summary: str
    findings: int
    chunks: int


def analysed(data: bytes, classification: Classification, evidence_id: UUID, name: str, now: datetime) -> Analysed:
    """Analyse in a worker process; only bytes travel back."""
    insights = analyse(data, classification, evidence_id=evidence_id, name=name, now=now)
    return Analysed(insights.model_dump_json().encode(), summary(insights), len(insights.facts), len(insights.chunks))


def merged_json(question: str, insights: Sequence[bytes]) -> bytes:
    """Merge in a worker process."""
    return merge(question, [Insights.model_validate_json(one) for one in insights]).model_dump_json().encode()


@asynccontextmanager
async def open_stage(settings: Settings) -> AsyncIterator[Handler]:
    """Open the blob store and the worker processes.

    Raises:
        SetupError: no key for clean blobs, or a store that cannot be opened.
    """
    async with open_blobs(settings) as blobs, open_pool(memory_mb=settings.worker_memory_mb, preload=PRELOAD) as pool:
        yield Desk(blobs, pool).handle
