"""Data keys and how they are wrapped: AES-256-GCM under the tenant's key, with tenant and scope as associated data."""

import base64
import os
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final, Literal
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from faultmaven_events.errors import PermanentError, Unavailable
from faultmaven_events.infra.keys import KEY_BYTES, derive_key
from faultmaven_events.schemas.model import Model

_NONCE: Final = 12


class Shredded(PermanentError):
    """The key was destroyed on purpose: what it sealed is unreadable for ever."""

    code = "shredded"


class Wrapped(Model):
    """A data key as it is stored. `master` names the master key under which it lies, without telling anything of it."""

    version: Literal[1] = 1
    master: str
    sealed: str
    made_at: datetime


def scope_of(case_id: str | None, job: UUID) -> str:
    """Return what shares a data key: a case; a job that belongs to none is a scope of its own."""
    return f"job-{job.hex}" if case_id is None else f"case-{sha256(case_id.encode()).hexdigest()[:32]}"


def master_id(master: bytes) -> str:
    """Return the name of a master key: 8 hex digits that are derived from it."""
    return derive_key(master, "vault/id").hex()[:8]


def wrap(masters: Sequence[bytes], tenant: str, scope: str, key: bytes, now: datetime) -> Wrapped:
    """Wrap a data key under the newest master key."""
    master, nonce = masters[0], os.urandom(_NONCE)
    sealed = nonce + _cipher(master, tenant).encrypt(nonce, key, _about(tenant, scope))
    return Wrapped(master=master_id(master), sealed=base64.b64encode(sealed).decode(), made_at=now)


def unwrap(masters: Sequence[bytes], tenant: str, scope: str, wrapped: Wrapped) -> bytes:
    """Return a data key.

    Raises:
        Unavailable: this process does not hold the master key, or what is stored was changed.
    """
    master = next((each for each in masters if master_id(each) == wrapped.master), None)
    if master is None:
        raise Unavailable("a key of the vault lies under a master key that this process was not given: see FM_VAULT_KEY")
    try:
        sealed = base64.b64decode(wrapped.sealed)
        return _cipher(master, tenant).decrypt(sealed[:_NONCE], sealed[_NONCE:], _about(tenant, scope))
    except (InvalidTag, ValueError):
        raise Unavailable("a key of the vault does not unwrap: it was changed, or put in another's place") from None


def new_key() -> bytes:
    """Return a data key."""
    return os.urandom(KEY_BYTES)


def _cipher(master: bytes, tenant: str) -> AESGCM:
    return AESGCM(derive_key(master, f"vault/tenant/{tenant}"))


def _about(tenant: str, scope: str) -> bytes:
    return f"vault/{tenant}/{scope}".encode()
