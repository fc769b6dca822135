"""The sanitize stage: a classified text in, its sanitized twin stored, the raw one destroyed, an event without either out.

It fails closed: whatever goes wrong, no event follows and nothing unsanitized is stored. The twin and its receipt lie under keys derived
from the event, so that a redelivery finds what an earlier run left, even when that run had already destroyed the raw blob.
"""

import asyncio
import codecs
from collections import Counter, deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from faultmaven_events.consumers.sanitize.chunks import Chunks
from faultmaven_events.consumers.sanitize.pseudonyms import tenant_key
from faultmaven_events.consumers.sanitize.redact import header, receipt, redact_chunk, redact_names
from faultmaven_events.consumers.sanitize.tables import Table
from faultmaven_events.consumers.stage import Handler
from faultmaven_events.errors import MissingContent, UnreadableContent
from faultmaven_events.infra.blobs import Blobs, open_blobs
from faultmaven_events.infra.keys import required_key
from faultmaven_events.infra.pool import CpuPool, open_pool
from faultmaven_events.schemas.content import Content
from faultmaven_events.schemas.event import Event, derive
from faultmaven_events.schemas.evidence import Classified, Receipt, Sanitized
from faultmaven_events.schemas.model import Model
from faultmaven_events.schemas.question import QuestionClassified, QuestionSanitized
from faultmaven_events.settings import Settings

WORKERS: Final = 2
AHEAD: Final = 2 * WORKERS
"""Pieces of one text in work at a time: memory is bounded, and no worker waits."""
PIECE_TIMEOUT: Final = 120.0
"""Seconds that one piece of about a megabyte may take."""
RECEIPT_MEDIA_TYPE: Final = "application/json"
PRELOAD: Final = "faultmaven_events.consumers.sanitize.engine"
"""What the workers work with."""


class Twin(Model):
    """What an earlier run left behind: the sanitized text and what was done to it."""

    content: Content
    receipt: Receipt


@dataclass(slots=True)
class Desk:
    """What the stage works with."""

    blobs: Blobs
    pool: CpuPool
    clean_key: bytes

    async def sanitize(self, event: Event[Any]) -> Sequence[Event[Any]]:
        """Store the twin of a classified text or question, destroy the raw one, and return the event that follows.

        Raises:
            MissingContent: the raw text is gone and was never sanitized, or is not what the reference says.
            UnreadableContent: no such charset, or a worker broke on the text.
            TransientError: the blob store is away.
        """
        data: Classified | QuestionClassified = event.data
        twin = await self._earlier(event) or await self._made(event)
        if data.content.area == "raw":
            await self.blobs.delete(event.tenantid, data.content)
        return [event.follow("sanitize", "sanitized", await self._described(event, twin))]

    async def _earlier(self, event: Event[Any]) -> Twin | None:
        stored = await self.blobs.find(event.tenantid, "clean", f"{_key(event)}.receipt")
        return Twin.model_validate_json(await self.blobs.read(event.tenantid, stored)) if stored else None

    async def _made(self, event: Event[Any]) -> Twin:
        """Make the twin; where the same work is done twice at once, the other one may have destroyed the raw text meanwhile."""
        try:
            return await self._make(event)
        except MissingContent:
            twin = await self._earlier(event)
            if twin is None:
                raise
            return twin

    async def _make(self, event: Event[Any]) -> Twin:
        data = event.data
        job = _Job(self.pool, tenant_key(self.clean_key, event.tenantid), getattr(data, "name", ""))
        pieces = job.run(self.blobs.stream(event.tenantid, data.content), _charset(data))
        content = await self.blobs.put(event.tenantid, "clean", _key(event), pieces, media_type="text/plain; charset=utf-8")
        twin = Twin(content=content, receipt=receipt(job.counts, job.lines))
        await self.blobs.put(
            event.tenantid, "clean", f"{_key(event)}.receipt", twin.model_dump_json().encode(), media_type=RECEIPT_MEDIA_TYPE
        )
        return twin

    async def _described(self, event: Event[Any], twin: Twin) -> Sanitized | QuestionSanitized:
        """Return the event's data: names, titles and tags are words of people too."""
        data = event.data
        if isinstance(data, QuestionClassified):
            return QuestionSanitized(**{**dict(data), "content": twin.content, "receipt": twin.receipt})
        words = (data.name, data.title or "", *data.tags)
        name, title, *tags = await self.pool.run(redact_names, words, tenant_key(self.clean_key, event.tenantid), timeout=PIECE_TIMEOUT)
        changed = {
            "name": name[:255],
            "title": title[:300] or None,
            "tags": tuple(tag[:64] for tag in tags),
            "classification": data.classification.model_copy(update={"charset": "utf-8"}),
            "content": twin.content,
            "receipt": twin.receipt,
        }
        return Sanitized(**{**dict(data), **changed})


@dataclass(slots=True)
class _Job:
    """One text on its way through the pool: pieces go in as they arrive and come out in order."""

    pool: CpuPool
    key: bytes
    name: str
    counts: Counter[str] = field(default_factory=Counter)
    ends: int = 0
    last: str = "\n"

    @property
    def lines(self) -> int:
        """Lines of what has come out."""
        return self.ends + (self.last != "\n")

    async def run(self, raw: AsyncIterator[bytes], charset: str) -> AsyncIterator[bytes]:
        """Yield the sanitized text in UTF-8; what is not of the charset becomes U+FFFD."""
        waiting: deque[asyncio.Task[tuple[str, dict[str, int]]]] = deque()
        columns: Table | None = None
        try:
            first = True
            async for piece in _pieces(raw, charset):
                if first:
                    columns, first = header(piece, self.name), False
                waiting.append(asyncio.create_task(self.pool.run(redact_chunk, piece, self.key, columns, timeout=PIECE_TIMEOUT)))
                if len(waiting) >= AHEAD:
                    yield self._out(*await waiting.popleft())
            while waiting:
                yield self._out(*await waiting.popleft())
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    def _out(self, text: str, counts: dict[str, int]) -> bytes:
        self.counts.update(counts)
        self.ends += text.count("\n")
        self.last = text[-1:] or self.last
        return text.encode(errors="replace")


async def _pieces(raw: AsyncIterator[bytes], charset: str) -> AsyncIterator[str]:
    chunks = Chunks()
    async for text in _decoded(raw, charset):
        for piece in chunks.feed(text):
            yield piece
    if rest := chunks.rest():
        yield rest


async def _decoded(raw: AsyncIterator[bytes], charset: str) -> AsyncIterator[str]:
    decoder = codecs.getincrementaldecoder(charset)(errors="replace")
    try:
        async for data in raw:
            yield decoder.decode(data)
        yield decoder.decode(b"", final=True)
    except UnicodeError:
        raise UnreadableContent(f"the text is not {charset}") from None


def _key(event: Event[Any]) -> str:
    return derive(event.id, "sanitized").hex


def _charset(data: Classified | QuestionClassified) -> str:
    name = data.classification.charset if isinstance(data, Classified) else "utf-8"
    try:
        b"a".decode(name, "replace")  # refuses codecs that are no charsets, such as zlib
    except (LookupError, UnicodeError, ValueError):
        raise UnreadableContent(f"there is no charset {name[:32]!r}") from None
    return name


@asynccontextmanager
async def open_stage(settings: Settings) -> AsyncIterator[Handler]:
    """Open the blob store and the workers, warm these up, and yield the stage's handler.

    Raises:
        SetupError: this process was given no raw or no clean key, or the blob store cannot be opened.
    """
    required_key(settings, "raw")
    clean_key = required_key(settings, "clean")
    async with open_blobs(settings) as blobs, open_pool(WORKERS, memory_mb=settings.worker_memory_mb, preload=PRELOAD) as pool:
        # Importing Presidio takes a second or two: before the first message rather than during it.
        await pool.warm(redact_names, ("warm@up.example",), clean_key, timeout=PIECE_TIMEOUT)
        yield Desk(blobs, pool, clean_key).sanitize
