"""The vault in the blob store.

`vault/<tenant>/<scope>/` holds `key` (the wrapped data key), an object per sanitized text, and `shredded` once the key was destroyed.

The first to create `key` wins; everybody else reads what it wrote. `shredded` is there before `key` goes and stays for ever, and whoever
has just written a key looks for it and takes the key back: a scope that was shredded never gets a key again.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final, NamedTuple

import obstore
from obstore.exceptions import AlreadyExistsError, NotFoundError
from obstore.store import ObjectStore

from faultmaven_events.errors import Unavailable
from faultmaven_events.infra import written
from faultmaven_events.infra.keys import vault_keys
from faultmaven_events.infra.seal import seal, unseal
from faultmaven_events.infra.vault.envelope import Shredded, Wrapped, master_id, new_key, unwrap, wrap
from faultmaven_events.infra.vault.record import Record, unframed
from faultmaven_events.settings import Settings

AREA: Final = "vault"
KEY: Final = "key"
TOMBSTONE: Final = "shredded"
TRIES: Final = 3
"""Looks for a key that somebody else made in the same moment."""

Masters = Callable[[], Sequence[bytes]]


class Rotation(NamedTuple):
    """What a rotation did, in data keys."""

    rewrapped: int
    current: int
    unreadable: int
    """Under a master key that is not given."""


class Kept(NamedTuple):
    """A data key in hand, for one object. None: the scope was shredded, and nothing is kept."""

    scope: str
    key: bytes | None


@dataclass(frozen=True, slots=True)
class Vault:
    """Originals by tenant and scope. `masters` gives the master keys, the newest first; without any, only `shred` works."""

    store: ObjectStore
    masters: Masters

    @property
    def newest(self) -> str:
        """The name of the newest master key, of no use to whoever reads it."""
        return master_id(self.masters()[0])

    async def open(self, tenant: str, scope: str) -> Kept:
        """Return the data key of a scope, made at the first call.

        Raises:
            Unavailable: the store is away, or the key lies under a master key that is not given.
        """
        masters, path = self.masters(), _name(tenant, scope, KEY)
        for _ in range(TRIES):
            if await self.is_shredded(tenant, scope):
                return Kept(scope, None)
            stored = await self._read(path)
            if stored is not None:
                return Kept(scope, unwrap(masters, tenant, scope, Wrapped.model_validate_json(stored)))
            key = new_key()
            made = wrap(masters, tenant, scope, key, datetime.now(UTC))
            if await self._write(path, made.model_dump_json().encode(), once=True):
                return Kept(scope, key if await self._stays(tenant, scope) else None)
        raise Unavailable("a key of the vault is there and cannot be read")

    async def put(self, tenant: str, kept: Kept, name: str, frames: bytes) -> bool:
        """Store an object; the same name again overwrites. False: the scope was shredded, and nothing is kept.

        Raises:
            Unavailable: the store did not take it.
        """
        if kept.key is None:
            return False
        path = _name(tenant, kept.scope, name)
        sealed = b"".join([piece async for piece in seal(kept.key, path, _whole(frames))])
        await self._write(path, sealed)
        if not await self.is_shredded(tenant, kept.scope):
            return True
        await self._remove(path)
        return False

    async def records(self, tenant: str, scope: str, name: str) -> AsyncIterator[Record]:
        """Yield the records of an object; nothing when there is none.

        Raises:
            Shredded: the key was destroyed.
            MissingContent: what is stored was changed, or was sealed with another key.
            Unavailable: as `open`.
        """
        if await self.is_shredded(tenant, scope):
            raise Shredded("the key was destroyed: what it sealed is unreadable for ever")
        path = _name(tenant, scope, name)
        stored, sealed = await self._read(_name(tenant, scope, KEY)), await self._read(path)
        if stored is None or sealed is None:
            return
        key = unwrap(self.masters(), tenant, scope, Wrapped.model_validate_json(stored))
        async for record in unframed(unseal(key, path, _whole(sealed))):
            yield record

    async def is_shredded(self, tenant: str, scope: str) -> bool:
        """Whether the key of a scope was destroyed."""
        return await self._read(_name(tenant, scope, TOMBSTONE)) is not None

    async def shred(self, tenant: str, scope: str) -> int:
        """Destroy the key of a scope for ever, also of one that has none yet; then remove the objects. Returns how many there were."""
        await self._write(_name(tenant, scope, TOMBSTONE), datetime.now(UTC).isoformat().encode(), once=True)
        await self._remove(_name(tenant, scope, KEY))
        count = 0
        for path in [path async for path in self._paths(f"{AREA}/{tenant}/{scope}")]:
            if not path.endswith((f"/{TOMBSTONE}", f"/{KEY}")):
                await self._remove(path)
                count += 1
        return count

    async def rotate(self) -> Rotation:
        """Wrap every data key anew under the newest master key; objects stay as they are."""
        masters, done = self.masters(), [0, 0, 0]
        async for path in self._paths(AREA):
            parts = path.split("/")
            if len(parts) == 4 and parts[3] == KEY:
                done[await self._rewrapped(masters, parts[1], parts[2])] += 1
        return Rotation(*done)

    async def _rewrapped(self, masters: Sequence[bytes], tenant: str, scope: str) -> int:
        """Wrap one key anew; return which number of the rotation it adds to."""
        path = _name(tenant, scope, KEY)
        stored = await self._read(path)
        if stored is None or not await self._stays(tenant, scope):
            return 1
        wrapped = Wrapped.model_validate_json(stored)
        if wrapped.master == master_id(masters[0]):
            return 1
        try:
            key = unwrap(masters, tenant, scope, wrapped)
        except Unavailable:
            return 2
        await self._write(path, wrap(masters, tenant, scope, key, wrapped.made_at).model_dump_json().encode())
        await self._stays(tenant, scope)
        return 0

    async def _stays(self, tenant: str, scope: str) -> bool:
        """Say whether a key that is there may be; one of a scope that was shredded is taken back."""
        if not await self.is_shredded(tenant, scope):
            return True
        await self._remove(_name(tenant, scope, KEY))
        return False

    async def _read(self, path: str) -> bytes | None:
        try:
            return bytes(await (await obstore.get_async(self.store, path)).bytes_async())
        except (FileNotFoundError, NotFoundError):
            return None
        except (OSError, obstore.exceptions.BaseError) as error:
            raise Unavailable(f"the vault does not answer: {type(error).__name__}") from None

    async def _write(self, path: str, data: bytes, *, once: bool = False) -> bool:
        """Write an object; with `once` only if there is none, and say whether it was written."""
        try:
            await obstore.put_async(self.store, path, data, mode="create" if once else "overwrite", use_multipart=False)
        except (FileExistsError, AlreadyExistsError):
            return False
        except (OSError, obstore.exceptions.BaseError) as error:
            raise Unavailable(f"the vault did not take {len(data)} bytes: {type(error).__name__}") from None
        written.note(AREA)
        return True

    async def _remove(self, path: str) -> None:
        try:
            await obstore.delete_async(self.store, path)
        except (FileNotFoundError, NotFoundError):
            return
        except (OSError, obstore.exceptions.BaseError) as error:
            raise Unavailable(f"the vault did not remove an object: {type(error).__name__}") from None

    async def _paths(self, prefix: str) -> AsyncIterator[str]:
        try:
            async for batch in obstore.list(self.store, prefix=prefix):
                for meta in batch:
                    yield meta["path"]
        except (OSError, obstore.exceptions.BaseError) as error:
            raise Unavailable(f"the vault does not answer: {type(error).__name__}") from None


def _name(tenant: str, scope: str, name: str) -> str:
    return f"{AREA}/{tenant}/{scope}/{name}"


async def _whole(data: bytes) -> AsyncIterator[bytes]:
    yield data


def vault_of(store: ObjectStore, settings: Settings) -> Vault | None:
    """Return the vault in a blob store; None when this process was given no key of it.

    Raises:
        SetupError: a key that is none.
    """
    return Vault(store, partial(vault_keys, settings)) if vault_keys(settings) else None
