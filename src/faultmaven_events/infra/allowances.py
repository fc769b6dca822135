"""The allow list of a tenant: what a reviewer declared to be no finding, as keyed digests.

One small sealed object per entry, `allow/<tenant>/<digest>`, so that adding and removing are idempotent and nobody's update is lost. It
holds who, when and why, never the value. An object that nobody sealed with our key is an error, not an entry: whoever may write to the
store cannot uncover anything by it.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Final
from uuid import UUID

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import ObjectStore
from pydantic import Field, StringConstraints, ValidationError

from faultmaven_events.errors import MissingContent, Unavailable
from faultmaven_events.infra.keys import derive_key
from faultmaven_events.infra.seal import seal, unseal
from faultmaven_events.schemas.evidence import AllowList
from faultmaven_events.schemas.model import Model

AREA: Final = "allow"
MOST: Final = 1_000
"""Entries that a tenant may have: a list that is longer means that a rule is wrong."""
AT_ONCE: Final = 16

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]


class Allowance(Model):
    """An entry: a value, known by its digest, that is not hidden any more."""

    digest: Digest
    type: str = Field(max_length=64)
    by: str
    at: datetime
    reason: str | None = Field(default=None, max_length=500)
    job: UUID | None = Field(default=None, description="Where the reviewer saw it")
    line: int | None = Field(default=None, ge=1)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What is allowed at one moment."""

    digests: frozenset[str] = frozenset()

    @property
    def described(self) -> AllowList | None:
        """The list as a receipt names it: its version changes with any entry. None when it is empty."""
        version = sha256(" ".join(sorted(self.digests)).encode()).hexdigest()[:12]
        return AllowList(version=version, size=len(self.digests)) if self.digests else None


@dataclass(slots=True)
class Allowances:
    """The allow lists in a blob store. What was read is remembered by its entity tag: a look costs one listing."""

    store: ObjectStore
    clean_key: bytes
    _known: dict[tuple[str, str | None], Allowance] = field(default_factory=dict)

    async def allowed(self, tenant: str) -> Allowed:
        """Return what is allowed now.

        Raises:
            Unavailable: the store does not answer, or holds an entry that is not ours: nothing may pass then.
        """
        return Allowed(frozenset(entry.digest for entry in await self.list(tenant)))

    async def list(self, tenant: str) -> list[Allowance]:
        """Return the entries, the newest first; raises as `allowed`."""
        try:
            metas = [meta async for batch in obstore.list(self.store, prefix=f"{AREA}/{tenant}") for meta in batch]
        except (OSError, obstore.exceptions.BaseError) as error:
            raise Unavailable(f"the allow list cannot be read: {type(error).__name__}") from None
        paths = [(meta["path"], meta["e_tag"]) for meta in metas][: MOST + AT_ONCE]
        entries: list[Allowance] = []
        for first in range(0, len(paths), AT_ONCE):
            found = await asyncio.gather(*(self._entry(tenant, *path) for path in paths[first : first + AT_ONCE]))
            entries += (entry for entry in found if entry is not None)
        return sorted(entries, key=lambda entry: entry.at, reverse=True)

    async def add(self, tenant: str, entry: Allowance) -> None:
        """Add an entry; one with the same digest is replaced.

        Raises:
            Unavailable: the store did not take it.
        """
        path = _path(tenant, entry.digest)
        sealed = b"".join([piece async for piece in seal(self._key(tenant), path, _whole(entry.model_dump_json().encode()))])
        try:
            await obstore.put_async(self.store, path, sealed, use_multipart=False)
        except (OSError, obstore.exceptions.BaseError) as error:
            raise Unavailable(f"the allow list was not changed: {type(error).__name__}") from None

    async def remove(self, tenant: str, digest: str) -> bool:
        """Remove an entry; False when there was none. Raises Unavailable."""
        path = _path(tenant, digest)
        try:
            await obstore.head_async(self.store, path)
            await obstore.delete_async(self.store, path)
        except (FileNotFoundError, NotFoundError):
            return False
        except (OSError, obstore.exceptions.BaseError) as error:
            raise Unavailable(f"the allow list was not changed: {type(error).__name__}") from None
        return True

    async def _entry(self, tenant: str, path: str, tag: str | None) -> Allowance | None:
        known = self._known.get((path, tag)) if tag else None
        if known is not None:
            return known
        try:
            sealed = bytes(await (await obstore.get_async(self.store, path)).bytes_async())
            plain = b"".join([piece async for piece in unseal(self._key(tenant), path, _whole(sealed))])
            entry = Allowance.model_validate_json(plain)
        except (FileNotFoundError, NotFoundError):
            return None  # removed since it was listed
        except (OSError, obstore.exceptions.BaseError) as error:
            raise Unavailable(f"the allow list cannot be read: {type(error).__name__}") from None
        except (MissingContent, ValidationError):
            raise Unavailable("the allow list holds an entry that is not ours: somebody changed it in the store") from None
        if len(self._known) > 16 * MOST:
            self._known.clear()
        self._known[path, tag] = entry
        return entry

    def _key(self, tenant: str) -> bytes:
        return derive_key(self.clean_key, f"allow/{tenant}")


def _path(tenant: str, digest: str) -> str:
    return f"{AREA}/{tenant}/{digest}"


async def _whole(data: bytes) -> AsyncIterator[bytes]:
    yield data
