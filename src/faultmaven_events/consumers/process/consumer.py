"""The process stage: sanitized evidence into insights, and the insights of a question's evidence into one."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from faultmaven_events.consumers.process.analyse import CUT, analyse
from faultmaven_events.consumers.process.documents import evidence_chunks
from faultmaven_events.consumers.process.instructions import Watch, flagged
from faultmaven_events.consumers.process.lines import beginning
from faultmaven_events.consumers.process.merge import merge
from faultmaven_events.consumers.process.metrics import measure
from faultmaven_events.consumers.process.summary import summary
from faultmaven_events.consumers.process.twin import Twin, twin_of
from faultmaven_events.consumers.stage import Handler
from faultmaven_events.errors import InvalidEvent, MissingContent
from faultmaven_events.infra.blobs import Blobs, open_blobs
from faultmaven_events.infra.pool import CpuPool, open_pool
from faultmaven_events.schemas.event import Event, derive
from faultmaven_events.schemas.evidence import Classification, Processed, Sampled, Sanitized
from faultmaven_events.schemas.insight import Insights
from faultmaven_events.schemas.question import Gathered, Merged, Missing
from faultmaven_events.settings import Settings

STAGE = "process"
PRELOAD = "faultmaven_events.consumers.process.consumer"
"""What the workers work with."""
JSON = "application/json"
SAMPLED = "series.sampled.v1"
ANALYSIS_S = 540.0
"""Seconds that one analysis may take: below the stage's deadline, so that what hangs is a dead letter and not a retry."""
LEAST_S = 120.0
SLOWEST = 200_000
"""Bytes a second: slower than this nothing is read on any machine."""


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
            return await self._analyse(event)
        raise InvalidEvent(f"{event.type} is not for this stage")

    async def _analyse(self, event: Event[Any]) -> Sequence[Event[Any]]:
        data: Sanitized = event.data
        twin = twin_of(self.blobs, event.tenantid, data.content)
        seconds = time_for(data.content.size)
        found = await self.pool.run(analysed, twin, data.classification, event.subject, data.name, event.time, seconds, timeout=seconds)
        stored = await self.blobs.put_once(event.tenantid, "clean", f"{derive(event.id, 'insights').hex}.json", found.json, media_type=JSON)
        told = {"insights": stored, "summary": found.summary, "findings": found.findings, "chunks": found.chunks}
        if found.points is None:
            return (event.follow(STAGE, "processed", Processed(**dict(data), **told)),)
        key = f"{derive(event.id, 'points').hex}.json"
        points = await self.blobs.put_once(event.tenantid, "clean", key, found.points, media_type=JSON)
        sampled = Sampled(name=data.name, points=points, series=found.series, samples=found.samples)
        told_of_series = event.follow(STAGE, "sampled", sampled, index=1).model_copy(update={"type": SAMPLED, "deadline": None})
        return event.follow(STAGE, "processed", Processed(**dict(data), **told, points=points)), told_of_series

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
    points: bytes | None = None
    series: int = 0
    samples: int = 0


def time_for(size: int) -> float:
    """Return the seconds that the analysis of so many bytes may take: what hangs on a small file need not do so for long."""
    return min(ANALYSIS_S, LEAST_S + size / SLOWEST)


def analysed(  # noqa: PLR0917 # a pool hands on positional arguments only
    twin: Twin | bytes, classification: Classification, evidence_id: UUID, name: str, now: datetime, seconds: float = ANALYSIS_S
) -> Analysed:
    """Analyse in a worker process, which reads the twin itself; only bytes travel back. Lines are read in four fifths of the time."""
    data = twin if isinstance(twin, bytes) else twin.pieces()
    if classification.type == "metrics":
        return _measured(data, classification, evidence_id, name)
    insights = analyse(data, classification, evidence_id=evidence_id, name=name, now=now, seconds=0.8 * seconds)
    return Analysed(insights.model_dump_json().encode(), summary(insights), len(insights.facts), len(insights.chunks))


def _measured(data: bytes | Iterable[bytes], classification: Classification, evidence_id: UUID, name: str) -> Analysed:
    text, whole = beginning(data)
    insights, points = measure(text, evidence_id=evidence_id, name=name, classification=classification)
    watch = Watch()
    watch.read(text)
    insights = flagged(insights, watch)
    left_out = () if whole else (CUT,)
    insights = insights.model_copy(update={"chunks": evidence_chunks(insights), "truncated": (*insights.truncated, *left_out)})
    told = Analysed(insights.model_dump_json().encode(), summary(insights), len(insights.facts), len(insights.chunks))
    if not points.series:
        return told
    samples = sum(len(column.at) for column in points.series)
    return replace(told, points=points.model_dump_json().encode(), series=len(points.series), samples=samples)


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
