"""Packets to text in a worker process: the capture is read from the raw area piece by piece, its text is stored there."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass

from faultmaven_events.consumers.classify.packets.listing import Listing
from faultmaven_events.consumers.classify.unpack import Unpacker
from faultmaven_events.infra.blobs import Blobs, open_blobs
from faultmaven_events.schemas.content import Content
from faultmaven_events.settings import Settings

TEXT = "text/plain; charset=utf-8"
PIECE = 1 << 18


@dataclass(frozen=True, slots=True)
class Errand:
    """What a worker is told: `key` names the text, `packing` the packed file that the capture is in, `limit` the bytes of its text."""

    settings: Settings
    tenant: str
    key: str
    form: str
    packing: str | None
    limit: int
    seconds: float


def listed(errand: Errand, content: Content) -> tuple[Content, str]:
    """Return the stored text and a summary. Raises as the blob store does, and as `Unpacker` for a packed capture."""
    return asyncio.run(_listed(errand, content))


async def _listed(errand: Errand, content: Content) -> tuple[Content, str]:
    async with open_blobs(errand.settings) as blobs:
        listing = Listing(errand.form)
        pieces = _text(blobs, errand, content, listing)
        stored = await blobs.put(errand.tenant, "raw", errand.key, pieces, media_type=TEXT, limit=errand.limit)
    return stored, listing.summary()


async def _text(blobs: Blobs, errand: Errand, content: Content, listing: Listing) -> AsyncIterator[bytes]:
    unpacker = Unpacker(errand.packing, limit=errand.settings.text_limit) if errand.packing else None
    ends, late = time.monotonic() + errand.seconds, False
    async with aclosing(blobs.stream(errand.tenant, content)) as stream:  # type: ignore[type-var]  # an async generator, declared as an iterator
        async for raw in stream:
            for piece in unpacker.feed(raw) if unpacker else _slices(raw):
                if text := listing.feed(piece):
                    yield text
            late = time.monotonic() > ends
            if late or listing.over:
                break
    if unpacker and not unpacker.ended and not late and not listing.over:
        listing.broken = f"its {errand.packing} data break off"
    yield listing.finish(late=late)


def _slices(raw: bytes) -> Iterator[bytes]:
    return (raw[start : start + PIECE] for start in range(0, len(raw), PIECE))
