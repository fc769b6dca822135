"""The blob store: encrypted content by tenant and area, on any object store that obstore speaks (folder, S3, GCS, Azure).

A blob's name is `<area>/<tenant>/<key>`. Each tenant and area has a key of its own, derived from the area's master key; a process that was
not given the raw master key cannot open raw blobs.
"""

import hashlib
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import AlreadyExistsError, NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from faultmaven_events.errors import ContentTooLarge, MissingContent, SetupError, Unavailable
from faultmaven_events.infra import written
from faultmaven_events.infra.keys import derive_key, master_key
from faultmaven_events.infra.seal import seal, unseal
from faultmaven_events.schemas.content import Area, Content
from faultmaven_events.settings import MIB, Settings

if TYPE_CHECKING:
    from obstore import GetResult  # exists in the stubs only

PART = 5 * MIB
"""Bytes of one part of a multipart upload: the least that S3 takes. A blob in flight holds two of them in memory."""

PIECE = MIB
"""Bytes that are asked of the store at a time when a blob is read; more of them only cost memory."""

OCTETS = "application/octet-stream"


@dataclass(slots=True)
class _Meter:
    """Counts and hashes plain bytes on their way through."""

    limit: int | None
    size: int = 0
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    async def measure(self, chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            self.size += len(chunk)
            if self.limit is not None and self.size > self.limit:
                raise ContentTooLarge(f"the content is over the limit of {self.limit} bytes")
            self.digest.update(chunk)
            yield chunk


async def _whole(data: bytes) -> AsyncIterator[bytes]:
    yield data


@dataclass(frozen=True, slots=True)
class Blobs:
    """Content by reference. Every method names the tenant; what is stored can only be read under the same one."""

    store: ObjectStore
    masters: dict[Area, bytes] = field(repr=False)

    async def put(
        self, tenant: str, area: Area, key: str, data: bytes | AsyncIterable[bytes], *, media_type: str = OCTETS, limit: int | None = None
    ) -> Content:
        """Store content and return its reference; the same key again overwrites. Nothing is stored when the stream breaks off.

        Raises:
            ContentTooLarge: more than `limit` bytes.
            Unavailable: the store did not take it (away, disk full).
        """
        meter = _Meter(limit)
        chunks = meter.measure(_whole(data) if isinstance(data, bytes) else data)
        name = f"{area}/{tenant}/{key}"
        try:
            sealed = seal(self._key(tenant, area), name, chunks)
            await obstore.put_async(self.store, name, sealed, use_multipart=True, chunk_size=PART, max_concurrency=2)
        except (OSError, obstore.exceptions.BaseError) as error:
            raise Unavailable(f"the blob store did not take {meter.size} bytes: {type(error).__name__}") from error
        written.note(f"blobs.{area}")
        return Content(area=area, key=key, size=meter.size, sha256=meter.digest.hexdigest(), media_type=media_type)

    async def put_once(self, tenant: str, area: Area, key: str, data: bytes, *, media_type: str = OCTETS) -> Content:
        """Store small content unless something is stored under the key; return the reference of what is there now.

        For what a second run may make differently (a time in it, a search, a model's words): the first one stays, and is what every
        event refers to, however often and at how many places at once the work is done.

        Raises:
            Unavailable: the store did not take it (away, disk full).
        """
        name = f"{area}/{tenant}/{key}"
        sealed = b"".join([piece async for piece in seal(self._key(tenant, area), name, _whole(data))])
        try:
            await obstore.put_async(self.store, name, sealed, mode="create", use_multipart=False)
        except (FileExistsError, AlreadyExistsError):
            there = await self.find(tenant, area, key)
            if there is None:
                raise Unavailable("a blob was there and is gone") from None
            return there.model_copy(update={"media_type": media_type})
        except (OSError, obstore.exceptions.BaseError) as error:
            raise Unavailable(f"the blob store did not take {len(data)} bytes: {type(error).__name__}") from error
        written.note(f"blobs.{area}")
        return Content(area=area, key=key, size=len(data), sha256=hashlib.sha256(data).hexdigest(), media_type=media_type)

    async def stream(self, tenant: str, content: Content) -> AsyncIterator[bytes]:
        """Yield the plain content in pieces of at most 256 KiB; the digest is checked at the end.

        Raises:
            MissingContent: it is gone, or is not what the reference says.
            Unavailable: the store is away.
        """
        name = f"{content.area}/{tenant}/{content.key}"
        try:
            result = await obstore.get_async(self.store, name)
        except (FileNotFoundError, NotFoundError):
            raise MissingContent(f"a {content.area} blob is gone") from None
        except (OSError, obstore.exceptions.BaseError) as error:
            raise Unavailable(f"the blob store does not answer: {type(error).__name__}") from error
        meter = _Meter(None)
        async for piece in meter.measure(unseal(self._key(tenant, content.area), name, _pieces(result))):
            yield piece
        if meter.digest.hexdigest() != content.sha256:
            raise MissingContent(f"a {content.area} blob differs from its digest")

    async def read(self, tenant: str, content: Content) -> bytes:
        """Return the whole plain content; raises as `stream` does."""
        return b"".join([piece async for piece in self.stream(tenant, content)])

    async def find(self, tenant: str, area: Area, key: str) -> Content | None:
        """Return the reference of what is stored under a key, by reading it; None when there is nothing.

        For a redelivered message whose first run already replaced its input.
        """
        meter = _Meter(None)
        name = f"{area}/{tenant}/{key}"
        try:
            result = await obstore.get_async(self.store, name)
        except (FileNotFoundError, NotFoundError):
            return None
        async for _ in meter.measure(unseal(self._key(tenant, area), name, _pieces(result))):
            pass
        return Content(area=area, key=key, size=meter.size, sha256=meter.digest.hexdigest())

    async def delete(self, tenant: str, content: Content) -> None:
        """Remove content; no error when it is gone already."""
        try:
            await obstore.delete_async(self.store, f"{content.area}/{tenant}/{content.key}")
        except (FileNotFoundError, NotFoundError):
            return

    def _key(self, tenant: str, area: Area) -> bytes:
        if area not in self.masters:
            raise SetupError(f"this process may not open {area} blobs: it was not given FM_{area.upper()}_KEY")
        return derive_key(self.masters[area], f"blob/{area}/{tenant}")


async def _pieces(result: "GetResult") -> AsyncIterator[bytes]:
    async for piece in result.stream(min_chunk_size=PIECE):
        yield bytes(piece)


@asynccontextmanager
async def open_blobs(settings: Settings) -> AsyncIterator[Blobs]:
    """Open the store that the settings name: `FM_BLOB_URL`, or the folder `blobs` of the home.

    Raises:
        SetupError: no key, or a store that cannot be opened.
    """
    areas: tuple[Area, ...] = ("raw", "clean")
    masters = {area: key for area in areas if (key := master_key(settings, area)) is not None}
    if not masters:
        raise SetupError("no blob key: set FM_CLEAN_KEY_FILE (and FM_RAW_KEY_FILE for ingress, classify and sanitize)")
    yield Blobs(open_store(settings), masters)


def open_store(settings: Settings) -> ObjectStore:
    """Return the store under the blobs, which the vault and the allow lists share.

    Raises:
        SetupError: it cannot be opened.
    """
    try:
        if settings.blob_url is not None:
            return from_url(settings.blob_url)
        folder = settings.home / "blobs"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return LocalStore(prefix=folder)
    except (OSError, obstore.exceptions.BaseError) as error:
        raise SetupError(f"the blob store cannot be opened: {error}") from None
