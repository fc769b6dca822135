"""The classify stage: what was handed in becomes text of a known kind; a question gets its intent; the files of an archive begin jobs.

What the stage found is noted under a key derived from the event, without a word of the content. A redelivery answers from that note, so
that it gives the same event even when a later stage has destroyed the raw blob in the meantime.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from pydantic import Field

from faultmaven_events.consumers.classify.archives.limits import Limits
from faultmaven_events.consumers.classify.archives.report import format_of, found_in, nothing_in
from faultmaven_events.consumers.classify.archives.store import Errand, unpack
from faultmaven_events.consumers.classify.children import born, jobs
from faultmaven_events.consumers.classify.classify import classify
from faultmaven_events.consumers.classify.extract import extract, need, once
from faultmaven_events.consumers.classify.images import described
from faultmaven_events.consumers.classify.intent import intent
from faultmaven_events.consumers.classify.magic import PACKED
from faultmaven_events.consumers.classify.packets.store import Errand as PacketErrand
from faultmaven_events.consumers.classify.packets.store import listed
from faultmaven_events.consumers.classify.sample import HEAD
from faultmaven_events.consumers.classify.unpack import Unpacker, peek
from faultmaven_events.consumers.stage import Handler
from faultmaven_events.errors import ContentTooLarge, InvalidEvent, MissingContent, UnreadableContent
from faultmaven_events.infra import written
from faultmaven_events.infra.blobs import Blobs, open_blobs
from faultmaven_events.infra.captions import Captions, caption_of, neutral
from faultmaven_events.infra.keys import required_key
from faultmaven_events.infra.pool import CpuPool, open_pool
from faultmaven_events.schemas import manifest
from faultmaven_events.schemas.content import Content
from faultmaven_events.schemas.event import Event, derive
from faultmaven_events.schemas.evidence import INLINE_LIMIT, Classification, Classified, Submitted
from faultmaven_events.schemas.model import Model
from faultmaven_events.schemas.question import Asked, Intent, QuestionClassified
from faultmaven_events.settings import Settings

STAGE: Final = "classify"
WORKERS: Final = 2
READING_S: Final = 90.0
"""Seconds that the extraction of one file may take: below the stage's deadline, so that what hangs is a dead letter and not a retry."""
TEXT: Final = "text/plain; charset=utf-8"
PRELOAD: Final = "faultmaven_events.consumers.classify.archives.store"
"""What the workers work with."""


class Note(Model):
    """What an earlier run found. It lies in the clean area: it holds nothing of the content."""

    content: Content
    classification: Classification | None = None
    intent: Intent | None = None
    files: tuple[Content, ...] = Field(default=(), description="Of an archive; their names stand in its manifest, which is raw")


@dataclass(frozen=True, slots=True)
class Desk:
    """What the stage works with."""

    blobs: Blobs
    pool: CpuPool
    settings: Settings
    """Workers open the blob store themselves where they unpack an archive."""
    captions: Captions

    @property
    def file_limit(self) -> int:
        """Bytes of one file as it was handed in."""
        return self.settings.upload_limit

    @property
    def text_limit(self) -> int:
        """Bytes that one file may unpack to."""
        return self.settings.text_limit

    async def handle(self, event: Event[Any]) -> Sequence[Event[Any]]:
        """Classify one file or one question and return the event that follows, last; before it those that begin an archive's files.

        Raises:
            UnreadableContent: empty, damaged, encrypted, binary, or its sealed name does not open; the message says what the sender can do.
            ContentTooLarge: a question over 64 KiB, or a file that unpacks to more than the limit.
            MissingContent: the raw blob is gone, or is not what the reference says.
            Unavailable: the blob store is away.
        """
        data = event.data
        if not isinstance(data, Submitted | Asked):
            raise InvalidEvent(f"{event.type} is not for this stage")
        note = await self._earlier(event) or await self._found(event)
        if isinstance(data, Asked):
            kept = data.model_dump(include={"evidence", "session_id", "case_id", "follows"})
            return [event.follow(STAGE, "classified", QuestionClassified(content=note.content, intent=note.intent or "other", **kept))]
        told = data.model_dump(include={"collection", "session_id", "case_id", "parent"}) | self._called(event)
        known = {"content": note.content, "classification": note.classification, "children": jobs(note.files)}
        return [*await self._children(event, note), event.follow(STAGE, "classified", Classified(**told, **known))]

    def _called(self, event: Event[Any]) -> dict[str, str]:
        """Return name and `sealed` of what follows: what a direct publisher wrote in the clear is sealed from here on."""
        data: Submitted = event.data
        caption = caption_of(self.captions, event.tenantid, event.subject, data)
        sealed = data.sealed or self.captions.seal(event.tenantid, event.subject, caption)
        return {"name": neutral(event.subject, data.name), "sealed": sealed}

    async def _children(self, event: Event[Any], note: Note) -> list[Event[Submitted]]:
        """Return the events that begin an archive's files.

        Its own event follows when those are confirmed: where the manifest is gone, a later stage had it, and they were told.
        """
        if not note.files:
            return []
        try:
            text = await self.blobs.read(event.tenantid, note.content)
        except MissingContent:
            return []
        return list(born(event, text.decode(), note.files, self.captions))

    async def _earlier(self, event: Event[Any]) -> Note | None:
        stored = await self.blobs.find(event.tenantid, "clean", _key(event, "note"))
        return Note.model_validate_json(await self.blobs.read(event.tenantid, stored)) if stored else None

    async def _found(self, event: Event[Any]) -> Note:
        """Examine; the same work done elsewhere at the same time, or a later stage, may have destroyed the raw blob meanwhile."""
        try:
            return await self._examined(event)
        except MissingContent:
            note = await self._earlier(event)
            if note is None:
                raise
            return note

    async def _examined(self, event: Event[Any]) -> Note:
        """Examine, note what was found, and only then let go of a blob that was replaced."""
        given = await self._given(event)
        note = await (self._question(event, given) if isinstance(event.data, Asked) else self._file(event, given))
        answer = note.model_dump_json().encode()
        await self.blobs.put(event.tenantid, "clean", _key(event, "note"), answer, media_type="application/json")
        if note.content.key != given.key and given.area == "raw":
            await self.blobs.delete(event.tenantid, given)
        return note

    async def _given(self, event: Event[Any]) -> Content:
        """Return the raw blob; inline text of a direct publisher becomes one."""
        data: Submitted | Asked = event.data
        if data.content is not None:
            return data.content
        return await self.blobs.put(
            event.tenantid, "raw", _key(event, "inline"), (data.text or "").encode(errors="replace"), media_type=TEXT
        )

    async def _question(self, event: Event[Any], given: Content) -> Note:
        if given.size > INLINE_LIMIT:
            raise ContentTooLarge(f"the question is over the limit of {INLINE_LIMIT} bytes")
        try:
            text = (await self.blobs.read(event.tenantid, given)).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise UnreadableContent("the question is no text in UTF-8") from None
        if not text.strip():
            raise UnreadableContent("the question is empty")
        return Note(content=given, intent=intent(text))

    async def _file(self, event: Event[Any], given: Content) -> Note:
        data: Submitted = event.data
        name = caption_of(self.captions, event.tenantid, event.subject, data).name
        head = await self._head(event.tenantid, given)
        outer = found = classify(head, name, data.media_type or given.media_type)
        if need(outer) == "unpack":
            head = peek(head, outer.format, HEAD)
            found = classify(head, name, data.media_type)
            once(found)
        todo = need(found)
        if todo == "list":
            return await self._archive(event, given, outer, found)
        if todo == "describe":
            text = described(found.format, head, given.size)
            twin = await self.blobs.put(event.tenantid, "raw", _key(event, "text"), text.encode(), media_type=TEXT)
            return Note(content=twin, classification=found.model_copy(update={"charset": "utf-8"}))
        if todo == "packets":
            return await self._packets(event, given, outer, found)
        if event.kind == "document":
            found = as_document(found)
        if todo == "nothing" and outer.format not in PACKED:
            return Note(content=given, classification=found)
        if todo == "nothing":
            pieces = self._unpacked(event.tenantid, given, outer.format)
            twin = await self.blobs.put(event.tenantid, "raw", _key(event, "text"), pieces, media_type=TEXT, limit=self.text_limit)
            return Note(content=twin, classification=_noted(found, f"packed with {outer.format}"))
        return await self._extracted(event, given, outer, found, name)

    async def _archive(self, event: Event[Any], given: Content, outer: Classification, found: Classification) -> Note:
        """Have a worker store the files of an archive; what became of each is the text that goes on in its place."""
        if event.data.parent is not None:
            raise UnreadableContent("an archive inside of an archive is unpacked together with it, not by itself")
        if given.size > self.file_limit:
            raise ContentTooLarge(f"the archive is over the limit of {self.file_limit} bytes")
        errand = Errand(self.settings, event.tenantid, event.id, Limits(total=self.text_limit, nested=self.file_limit))
        unpacked = await self.pool.run(unpack, errand, given, outer.format, timeout=READING_S)
        if not unpacked.files:
            raise UnreadableContent(nothing_in(found.format, unpacked.lines))
        for _ in unpacked.files:
            written.note("blobs.raw")
        text = manifest.written(unpacked.lines).encode()
        twin = await self.blobs.put(event.tenantid, "raw", _key(event, "text"), text, media_type=TEXT)
        known = {"type": "archive", "format": format_of(outer.format, found.format), "charset": "utf-8"}
        classification = _noted(found, found_in(unpacked.lines)).model_copy(update=known)
        return Note(content=twin, classification=classification, files=unpacked.files)

    async def _packets(self, event: Event[Any], given: Content, outer: Classification, found: Classification) -> Note:
        """Have a worker write the heads of a capture's packets as text."""
        packing = outer.format if outer.format in PACKED else None
        errand = PacketErrand(
            self.settings, event.tenantid, _key(event, "text"), found.format, packing, limit=self.text_limit, seconds=0.8 * READING_S
        )
        twin, told = await self.pool.run(listed, errand, given, timeout=READING_S)
        written.note("blobs.raw")
        known = {"format": "tcpdump", "charset": "utf-8"}
        return Note(content=twin, classification=_noted(found, f"{told}, as text of tcpdump").model_copy(update=known))

    async def _extracted(self, event: Event[Any], given: Content, outer: Classification, found: Classification, name: str) -> Note:
        """Read the whole file and have a worker make text of it."""
        if given.size > self.file_limit:
            raise ContentTooLarge(f"the file is over the limit of {self.file_limit} bytes")
        whole = await self.blobs.read(event.tenantid, given)
        text = await self.pool.run(partial(extract, limit=self.text_limit), whole, outer, name, timeout=READING_S)
        del whole
        twin = await self.blobs.put(event.tenantid, "raw", _key(event, "text"), text.text, media_type=TEXT, limit=self.text_limit)
        return Note(content=twin, classification=_noted(found, text.note).model_copy(update={"charset": text.charset}))

    async def _head(self, tenant: str, content: Content) -> bytes:
        """Return the first `HEAD` bytes. Blank space in front of a longer file is passed over: a log may begin with a hole."""
        head = bytearray()
        async with aclosing(self.blobs.stream(tenant, content)) as pieces:  # type: ignore[type-var]  # an async generator, declared as an iterator
            async for piece in pieces:
                if len(head) >= HEAD and not bytes(head).strip(b" \t\r\n\x0b\x0c\x00"):
                    head.clear()
                head += piece
                if len(head) >= HEAD and bytes(head).strip(b" \t\r\n\x0b\x0c\x00"):
                    break
        return bytes(head[:HEAD])

    async def _unpacked(self, tenant: str, content: Content, packing: str) -> AsyncIterator[bytes]:
        """Yield what a packed blob holds, piece by piece, each in a thread: zlib lets the loop run meanwhile."""
        unpacker = Unpacker(packing, limit=self.text_limit)
        async for packed in self.blobs.stream(tenant, content):
            pieces = unpacker.feed(packed)
            while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
                yield piece
        unpacker.finish()


def as_document(found: Classification) -> Classification:
    """Return the classification of what was handed in as a document: text is one, whatever it looks like."""
    if found.type == "document":
        return found
    reason = f"handed in as a document; looks like {found.type} ({found.format}): {found.reason}"[:300]
    return found.model_copy(update={"type": "document", "format": "text", "reason": reason})


def _noted(found: Classification, note: str | None) -> Classification:
    return found.model_copy(update={"reason": f"{found.reason}; {note}"[:300]}) if note else found


def _key(event: Event[Any], what: str) -> str:
    return derive(event.id, f"{STAGE}/{what}").hex


@asynccontextmanager
async def open_stage(settings: Settings) -> AsyncIterator[Handler]:
    """Open the blob store and the workers and yield the stage's handler.

    Raises:
        SetupError: this process was given no raw or no clean key, or the blob store cannot be opened.
    """
    raw_key = required_key(settings, "raw")
    required_key(settings, "clean")
    async with open_blobs(settings) as blobs, open_pool(WORKERS, memory_mb=settings.worker_memory_mb, preload=PRELOAD) as pool:
        yield Desk(blobs, pool, settings, Captions(raw_key)).handle
