"""Forms with files, taken in while they arrive: fields into memory within limits, files straight into the raw blob store."""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import structlog
from starlette.requests import Request
from uuid_utils.compat import uuid7

from faultmaven_events.errors import ContentTooLarge, FaultmavenError
from faultmaven_events.infra.blobs import OCTETS, Blobs
from faultmaven_events.producers.http.body import announced, chunks, too_large
from faultmaven_events.producers.http.multipart import Part, boundary_of, read
from faultmaven_events.producers.http.names import basename
from faultmaven_events.producers.http.problems import Problem
from faultmaven_events.schemas.content import Content

OVERHEAD: Final = 1024 * 1024
"""Bytes that a form may have beside its files."""
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9!#$&^_.+\-]{1,63}/[a-z0-9!#$&^_.+\-]{1,63}")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Field:
    """A text field: how many bytes it may have, how often it may come, whether it may be left empty."""

    limit: int = 4096
    most: int = 1


@dataclass(frozen=True, slots=True)
class Shape:
    """What a form may hold. `file_limit` and `total_limit` are bytes; `refuse` may raise a Problem by a file's name and media type."""

    file: str
    files: int
    fields: Mapping[str, Field]
    file_limit: int
    total_limit: int
    refuse: Callable[[str, str], None] = lambda _name, _media_type: None


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is stored: `id` is the job that it becomes."""

    id: UUID
    name: str
    media_type: str
    content: Content


@dataclass(slots=True)
class Form:
    """What was read: text fields by name, and files in the order in which they came."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    uploads: list[Upload] = field(default_factory=list)

    def values(self, shape: Shape) -> dict[str, str | list[str]]:
        """Return the fields as a model takes them: a list where a field may come more than once. Empty optional fields count as absent."""
        filled = {name: [value for value in values if value.strip()] for name, values in self.fields.items()}
        return {name: values if shape.fields[name].most > 1 else values[0] for name, values in filled.items() if values}


class Shelf:
    """Raw blobs of one request. What is on it when the request fails is removed, unless it was kept."""

    def __init__(self, blobs: Blobs, tenant: str) -> None:
        self._blobs, self._tenant = blobs, tenant
        self._stored: list[Content] = []
        self._kept = False

    async def put(self, id: UUID, data: bytes | AsyncIterator[bytes], *, media_type: str, limit: int) -> Content:
        """Store what becomes the job `id`.

        Raises:
            Problem: content-too-large; nothing is left of it then.
            TransientError: the store did not take it.
        """
        try:
            content = await self._blobs.put(self._tenant, "raw", id.hex, data, media_type=media_type, limit=limit)
        except ContentTooLarge:
            raise too_large(limit) from None
        self._stored.append(content)
        return content

    def keep(self) -> None:
        """Say that jobs now own the blobs."""
        self._kept = True

    async def clear(self) -> None:
        """Remove what no job owns."""
        for content in () if self._kept else self._stored:
            try:
                await self._blobs.delete(self._tenant, content)
            except (FaultmavenError, OSError) as error:
                log.warning("blob_left_behind", key=content.key, error=type(error).__name__)


@asynccontextmanager
async def open_shelf(blobs: Blobs, tenant: str) -> AsyncIterator[Shelf]:
    """Open a shelf for one request."""
    shelf = Shelf(blobs, tenant)
    try:
        yield shelf
    finally:
        await shelf.clear()


async def take(request: Request, shape: Shape, shelf: Shelf) -> Form:
    """Read a form to its end.

    Raises:
        Problem: whatever is wrong with it.
        ClientDisconnect: the client went away in the middle.
    """
    boundary = boundary_of(request.headers.get("content-type", "")[:1024])
    announced(request, shape.total_limit)
    form = Form()
    async with aclosing(chunks(request, shape.total_limit)) as body, aclosing(read(body, boundary)) as parts:
        async for part in parts:
            if part.name == shape.file:
                form.uploads.append(await _file(part, shape, shelf, len(form.uploads)))
            else:
                await _text(part, shape, form)
    return form


async def _text(part: Part, shape: Shape, form: Form) -> None:
    rule = shape.fields.get(part.name)
    if rule is None:
        known = ", ".join(sorted([shape.file, *shape.fields]))
        raise Problem("invalid-form", f"The form has a part that is not known here. Known are: {known}.")
    values = form.fields.setdefault(part.name, [])
    if len(values) >= rule.most:
        raise Problem("invalid-form", f"The field `{part.name}` may come {rule.most} times.")
    values.append(await part.text(rule.limit))


async def _file(part: Part, shape: Shape, shelf: Shelf, before: int) -> Upload:
    if before >= shape.files:
        raise Problem("too-many-parts", f"The form may have {shape.files} parts `{shape.file}`.")
    if part.filename is None:
        raise Problem("invalid-form", f"The part `{shape.file}` must be a file: it has no filename.")
    name = basename(part.filename)
    media_type = part.media_type if _MEDIA_TYPE.fullmatch(part.media_type) else OCTETS
    shape.refuse(name, media_type)
    id = uuid7()
    async with aclosing(part.pieces()) as pieces:
        content = await shelf.put(id, await _not_empty(pieces), media_type=media_type, limit=shape.file_limit)
    return Upload(id, name, media_type, content)


async def _not_empty(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """Return the same pieces, after the first one has arrived: an empty file is refused before anything is stored."""
    first = await anext(pieces, None)
    if first is None:
        raise Problem("empty-file", "A file has no bytes.")
    return _chain(first, pieces)


async def _chain(first: bytes, rest: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    yield first
    async for piece in rest:
        yield piece
