"""Sealing of captions: AES-256-GCM under a key of the tenant that is derived from the raw key, with tenant and job as associated data.

So only who may open a file's raw content reads its name, and a caption that is put into another job's event does not open. The nonce is a
keyed hash of what is sealed and where it belongs: the same event is made however often its archive comes, and no nonce serves two texts.
What is sealed is filled up to a multiple of 256 bytes, so that its length tells little.
"""

import base64
import hmac
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import Field

from faultmaven_events.errors import UnreadableContent
from faultmaven_events.infra.keys import derive_key
from faultmaven_events.schemas.evidence import Classified, Submitted
from faultmaven_events.schemas.model import Model, Name, Tag

_NONCE: Final = 12
_BLOCK: Final = 256


class Caption(Model):
    """What people call a file."""

    name: Name
    title: str | None = Field(default=None, max_length=300)
    tags: tuple[Tag, ...] = ()


@dataclass(frozen=True, slots=True)
class Captions:
    """Seals and opens captions; `raw` is the raw master key."""

    raw: bytes = field(repr=False)

    def seal(self, tenant: str, job: UUID, caption: Caption) -> str:
        """Return a caption sealed for one job, in base64: the same one each time."""
        plain = caption.model_dump_json(exclude_defaults=True).encode()
        plain += b" " * (-len(plain) % _BLOCK)
        about = _about(tenant, job)
        nonce = hmac.digest(derive_key(self.raw, f"caption/nonce/{tenant}"), about + b"\x00" + plain, "sha256")[:_NONCE]
        return base64.b64encode(nonce + self._cipher(tenant).encrypt(nonce, plain, about)).decode()

    def open(self, tenant: str, job: UUID, sealed: str) -> Caption:
        """Return a caption.

        Raises:
            UnreadableContent: it was changed, belongs to another job, or was sealed with another key.
        """
        try:
            data = base64.b64decode(sealed, validate=True)
            plain = self._cipher(tenant).decrypt(data[:_NONCE], data[_NONCE:], _about(tenant, job))
            return Caption.model_validate_json(plain)
        except (InvalidTag, ValueError):
            reason = "the sealed name does not open: it was changed, belongs to another job, or was sealed with another raw key"
            raise UnreadableContent(reason) from None

    def _cipher(self, tenant: str) -> AESGCM:
        return AESGCM(derive_key(self.raw, f"caption/{tenant}"))


def caption_of(captions: Captions, tenant: str, job: UUID, data: Submitted | Classified) -> Caption:
    """Return what a file is called: what is sealed in its event, or what a direct publisher wrote there in the clear.

    Raises:
        UnreadableContent: as `Captions.open`.
    """
    if data.sealed is not None:
        return captions.open(tenant, job, data.sealed)
    return Caption(name=data.name, title=data.title, tags=data.tags)


def _about(tenant: str, job: UUID) -> bytes:
    return f"caption/1/{tenant}/{job.hex}".encode()
