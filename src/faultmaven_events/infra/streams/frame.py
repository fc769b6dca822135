"""What a live stream holds: frames, each sealed.

A stream is the Redis key `<prefix>:live:<tenant>:<job>`; an entry has one field, `f`: a random nonce of 12 bytes, then the frame's JSON
under AES-256-GCM, with a key derived from the clean key and the tenant. The stream's key is the associated data, so that a frame of one
job or tenant cannot be put into another's stream.
"""

import os
import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final, Literal, Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel, ConfigDict, ValidationError

from faultmaven_events.infra.keys import derive_key, required_key
from faultmaven_events.schemas.phase import Progressed
from faultmaven_events.settings import Settings

FIELD: Final = b"f"
START: Final = "0-0"
"""The id before every frame's."""
_NONCE: Final = 12
_ID: Final = re.compile(r"[0-9]{1,14}-[0-9]{1,9}")


class Frame(BaseModel):
    """One frame. `reset` voids the text that was shown before it: another provider begins anew."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Literal["phase", "text", "reset"]
    phase: Progressed | None = None
    text: str = ""
    at: int = 0
    """Of a text: how many characters came before it since the last reset."""

    def joined(self, other: Self) -> Self:
        """Return two texts that follow each other as one."""
        return self.model_copy(update={"text": self.text + other.text})

    def continues(self, other: "Frame") -> bool:
        """Whether this text follows that one without a gap."""
        return self.kind == other.kind == "text" and self.at == other.at + len(other.text)


@dataclass(frozen=True, slots=True)
class Placed:
    """A frame with its id in the stream, `<milliseconds>-<number>`."""

    id: str
    frame: Frame

    def joined(self, later: "Placed") -> "Placed":
        """Return two texts as one, under the later one's id."""
        return replace(later, frame=self.frame.joined(later.frame))


@dataclass(frozen=True, slots=True)
class Seal:
    """Encryption of frames. `master` is the clean key."""

    master: bytes = field(repr=False)

    def close(self, tenant: str, key: str, frame: Frame) -> bytes:
        """Encrypt a frame of a stream."""
        nonce = os.urandom(_NONCE)
        return nonce + _cipher(self.master, tenant).encrypt(nonce, frame.model_dump_json(exclude_defaults=True).encode(), key.encode())

    def open(self, tenant: str, key: str, sealed: bytes) -> Frame | None:
        """Decrypt a frame; None when it was changed, belongs elsewhere, was sealed with another key, or is of a later version."""
        try:
            return Frame.model_validate_json(_cipher(self.master, tenant).decrypt(sealed[:_NONCE], sealed[_NONCE:], key.encode()))
        except (InvalidTag, ValueError, ValidationError):
            return None


@lru_cache(maxsize=1000)
def _cipher(master: bytes, tenant: str) -> AESGCM:
    return AESGCM(derive_key(master, f"live/{tenant}"))


def live_seal(settings: Settings) -> Seal:
    """Return the seal of a deployment.

    Raises:
        SetupError: this process was not given the clean key.
    """
    return Seal(required_key(settings, "clean"))


def stream_key(prefix: str, tenant: str, job: UUID) -> str:
    """Return the Redis key of a job's stream."""
    return f"{prefix}:live:{tenant}:{job}"


def order(id: str) -> tuple[int, int]:
    """Return an id that somebody sent as numbers, by which frames are in order.

    Raises:
        ValueError: it is none, or larger than those that Redis gives.
    """
    if not _ID.fullmatch(id):
        raise ValueError("not an id of a stream")
    return place(id)


def place(id: str) -> tuple[int, int]:
    """Return an id of Redis' own as numbers."""
    milliseconds, _, number = id.partition("-")
    return int(milliseconds), int(number)
