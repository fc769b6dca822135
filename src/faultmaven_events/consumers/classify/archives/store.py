"""Unpacking in a worker process: the archive is read from the raw area, its files are stored there. Only references and a text come back.

The worker opens the blob store itself: an archive and what it unpacks to would otherwise travel between processes.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from uuid import UUID

from faultmaven_events.consumers.classify.archives.limits import Limits
from faultmaven_events.consumers.classify.archives.member import Damaged, Spent
from faultmaven_events.consumers.classify.archives.walk import File, Walk
from faultmaven_events.infra.blobs import Blobs, open_blobs
from faultmaven_events.schemas.content import Content
from faultmaven_events.schemas.event import derive
from faultmaven_events.schemas.manifest import Line
from faultmaven_events.settings import Settings

SMALL = 1024 * 1024
"""Bytes of a file that is stored while the next ones are read."""
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Errand:
    """What a worker is told: `archive` is the id of the archive's event."""

    settings: Settings
    tenant: str
    archive: UUID
    limits: Limits


@dataclass(frozen=True, slots=True)
class Unpacked:
    """`files` and their references, in the order of the lines that say so."""

    lines: tuple[Line, ...]
    files: tuple[Content, ...]


def child_id(archive: UUID, label: str) -> UUID:
    """Return the job of a file: the same one however often the archive's event comes. It names the raw blob as well."""
    return derive(archive, f"classify/file/{label}")


def unpack(errand: Errand, content: Content, form: str) -> Unpacked:
    """Unpack one archive in a process of its own. Raises as the blob store does."""
    return asyncio.run(_unpack(errand, content, form))


async def _unpack(errand: Errand, content: Content, form: str) -> Unpacked:
    async with open_blobs(errand.settings) as blobs:
        shelf = _Shelf(blobs, errand)
        walk = Walk(errand.limits)
        for file in walk.files(await blobs.read(errand.tenant, content), form):
            await shelf.put(file)
        stored = await shelf.stored()
    return Unpacked(tuple(walk.lines), tuple(stored[line.label] for line in walk.lines if line.is_child))


class _Shelf:
    """Stores files: small ones side by side, large ones as they are read."""

    def __init__(self, blobs: Blobs, errand: Errand) -> None:
        self._blobs, self._errand = blobs, errand
        self._done: dict[str, Content] = {}
        self._tasks: dict[str, asyncio.Task[Content]] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def put(self, file: File) -> None:
        """Store one file; one that cannot be had whole leaves nothing."""
        with suppress(Damaged, Spent):
            held, whole = _held(file.pieces)
            if not whole:
                self._done[file.label] = await self._store(file.label, _chained(held, file.pieces))
                return
            await self._turns.acquire()
            self._tasks[file.label] = task = asyncio.create_task(self._store(file.label, held))
            task.add_done_callback(lambda _: self._turns.release())

    async def stored(self) -> dict[str, Content]:
        """Wait for what is being stored; return the references by label."""
        return self._done | dict(zip(self._tasks, await asyncio.gather(*self._tasks.values()), strict=True))

    async def _store(self, label: str, data: bytes | AsyncIterator[bytes]) -> Content:
        return await self._blobs.put(self._errand.tenant, "raw", child_id(self._errand.archive, label).hex, data)


def _held(pieces: Iterator[bytes]) -> tuple[bytes, bool]:
    """Return the first bytes of a file, and whether these are all."""
    held = bytearray()
    for piece in pieces:
        held += piece
        if len(held) > SMALL:
            return bytes(held), False
    return bytes(held), True


async def _chained(first: bytes, rest: Iterator[bytes]) -> AsyncIterator[bytes]:
    for piece in chain((first,), rest):
        yield piece
