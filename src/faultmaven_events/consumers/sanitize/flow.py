"""One text on its way through the workers: pieces in, pieces out in order, and what adds up over them."""

import asyncio
import codecs
from collections import Counter, deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from faultmaven_events.consumers.sanitize.chunks import SIZE, Chunks
from faultmaven_events.consumers.sanitize.long_lines import LongLines
from faultmaven_events.consumers.sanitize.marks import MOST
from faultmaven_events.consumers.sanitize.places import one_way
from faultmaven_events.consumers.sanitize.redact import Piece, Terms, header, receipt, redact_chunk
from faultmaven_events.consumers.sanitize.tables import Table
from faultmaven_events.errors import UnreadableContent
from faultmaven_events.infra.allowances import Allowed
from faultmaven_events.infra.pool import CpuPool
from faultmaven_events.infra.vault import LIMIT, framed
from faultmaven_events.schemas.content import Content
from faultmaven_events.schemas.evidence import Mark, Twin

WORKERS: Final = 2
AHEAD: Final = 2 * WORKERS
"""Pieces of one text in work at a time: memory is bounded, and no worker waits."""
PIECE_TIMEOUT: Final = 120.0
"""Seconds that one piece may take: about a megabyte, or what a model of names gets at a time."""
PROSE: Final = 1 << 16
"""Characters of a piece for a model of names: the slow ones read some thousand of them in a second."""


@dataclass(slots=True)
class Flow:
    """One text on its way through the pool: pieces go in as they arrive and come out in order."""

    pool: CpuPool
    key: bytes
    name: str
    terms: Terms = field(default_factory=Terms)
    counts: Counter[str] = field(default_factory=Counter)
    allowed: Counter[str] = field(default_factory=Counter)
    marks: list[Mark] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)
    room: int = LIMIT
    """Bytes that may still go to the vault; below zero once there was too much."""
    ends: int = 0
    last: str = "\n"
    long: LongLines = field(default_factory=LongLines)
    _marked: set[str] = field(default_factory=set)

    @property
    def lines(self) -> int:
        """Lines of what has come out."""
        return self.ends + (self.last != "\n")

    def twin(self, content: Content, words: tuple[str, ...], allowed: Allowed, *, vault: str) -> Twin:
        """Return what is known of the text once all of it has come out."""
        too_much = {"vault": self.room < 0, "marks": len(self.marks) > MOST, "lines": bool(self.long.cut)}
        truncated = tuple(what for what, so in too_much.items() if so)
        more = {"allowed": dict(sorted(self.allowed.items())), "allow_list": allowed.described, "vault": vault, "truncated": truncated}
        return Twin(content=content, receipt=receipt(self.counts, self.lines, **more), marks=tuple(self.marks[:MOST]), words=words)

    async def run(self, raw: AsyncIterator[bytes], charset: str) -> AsyncIterator[bytes]:
        """Yield the sanitized text in UTF-8; what is not of the charset becomes U+FFFD."""
        waiting: deque[asyncio.Task[Piece]] = deque()
        columns: Table | None = None
        try:
            first = True
            async for piece in _pieces(raw, charset, PROSE if self.terms.model else SIZE, self.long):
                if first:
                    columns, first = header(piece, self.name), False
                waiting.append(asyncio.create_task(self._redacted(piece, columns)))
                if len(waiting) >= AHEAD:
                    yield self._out(await waiting.popleft())
            while waiting:
                yield self._out(await waiting.popleft())
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    async def _redacted(self, piece: str, columns: Table | None) -> Piece:
        try:
            return await self.pool.run(redact_chunk, piece, self.key, columns, self.terms, timeout=PIECE_TIMEOUT)
        except UnreadableContent as error:
            if not self.terms.model:
                raise
            raise UnreadableContent(f"{error}, with the model of FM_NER_MODEL") from None

    def keep(self, packed: bytes) -> None:
        """Keep a record for the vault; after the first for which there is no room none is, since each counts on those before it."""
        if packed and self.room >= 0:
            frame = framed(packed)
            self.room -= len(frame)
            if self.room >= 0:
                self.frames.append(frame)

    def _out(self, piece: Piece) -> bytes:
        self.counts.update(piece.counts)
        self.allowed.update(piece.allowed)
        self.keep(piece.packed)
        self._mark(piece)
        self.ends += piece.text.count("\n")
        self.last = piece.text[-1:] or self.last
        return piece.text.encode(errors="replace")

    def _mark(self, piece: Piece) -> None:
        for spot in piece.spots:
            if len(self.marks) > MOST:
                return
            if one_way(spot.type) or spot.token not in self._marked:
                self._marked.add(spot.token)
                self.marks.append(
                    Mark(line=self.ends + spot.line + 1, column=spot.column + 1, type=spot.type, token=spot.token, digest=spot.digest)
                )


async def _pieces(raw: AsyncIterator[bytes], charset: str, size: int, long: LongLines) -> AsyncIterator[str]:
    chunks = Chunks(size)
    async for text in _decoded(raw, charset):
        for piece in chunks.feed(long.take(text)):
            yield piece
    for piece in chunks.feed(long.rest()):
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
