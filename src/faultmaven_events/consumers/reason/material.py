"""What the stage is given, read from the store: insights and knowledge as bytes, and the sanitized texts to read lines from."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from faultmaven_events import __version__
from faultmaven_events.consumers.reason.context import Context
from faultmaven_events.errors import MissingContent
from faultmaven_events.infra.blobs import Blobs
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.question import Informed, Missing

TEXT_LIMIT: Final = 48 * 1024 * 1024
"""Bytes of sanitized text that are read again for lines and quotes, over all pieces; what is beyond is said in the report."""


@dataclass(frozen=True, slots=True)
class Material:
    """All that one question is answered from. `merged` and `knowledge` are JSON, to be read in a worker."""

    event: Event[Any]
    question: str
    merged: bytes
    knowledge: bytes
    context: Context


async def collect(event: Event[Informed], blobs: Blobs) -> Material:
    """Read everything.

    Raises:
        MissingContent: the question, the merged insights or the knowledge are gone. A text that is gone is told in the report.
    """
    data = event.data
    question = await blobs.read(event.tenantid, data.content)
    merged = await blobs.read(event.tenantid, data.merged)
    knowledge = await blobs.read(event.tenantid, data.knowledge)
    return Material(event, question.decode("utf-8", "replace"), merged, knowledge, await _context(event, blobs))


async def _context(event: Event[Informed], blobs: Blobs) -> Context:
    data = event.data
    counts: Counter[str] = Counter(data.receipt.counts)
    texts, missing, room = {}, list(data.missing), TEXT_LIMIT
    for piece in data.pieces:
        counts.update(piece.receipt.counts)
        if piece.content.size > room:
            continue
        try:
            text = await blobs.read(event.tenantid, piece.content)
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
