"""Writing dead letters: what is kept of a message that nobody could handle, and what its death means for its job."""

import base64
import hashlib
import os
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from faultmaven_events.infra.keys import derive_key
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.letter import TYPE, Attempt, Letter
from faultmaven_events.schemas.model import Token
from faultmaven_events.topology import is_step

_UUID: TypeAdapter[UUID] = TypeAdapter(UUID)
_TOKEN: TypeAdapter[str] = TypeAdapter(Token)
_PURPOSE = "dead-letter"

BODY_LIMIT = 4 * 1024 * 1024
"""Bytes of a message that a letter keeps; no event of ours comes near it, and a document of MongoDB has to hold it."""


def fingerprint(stage: str, error: str, message: str) -> str:
    """Return 16 hex digits, equal for deaths of one cause: digits, hex ids and quoted parts of the message do not count."""
    normal = re.sub(r"'[^']*'|\"[^\"]*\"|\b[0-9a-f]{8,}\b|[0-9a-f]{8}-[0-9a-f-]{27}|\d+", "#", message)
    return hashlib.sha256(f"{stage}\n{error}\n{normal}".encode()).hexdigest()[:16]


def letter(
    body: bytes,
    routing_key: str,
    *,
    stage: str,
    code: str,
    error: str,
    message: str,
    attempts: Sequence[Attempt],
    consumer: str,
    at: datetime,
    clean_key: bytes,
    queue: str = "",
) -> Letter:
    """Write the letter of one message.

    Its id derives from the message's, the stage and the generation: dying twice of one delivery gives one letter, dying again after a
    redrive another one.
    """
    raw = _json(body)
    kept = len(body) <= BODY_LIMIT
    given = raw.get("generation")
    generation = given if isinstance(given, int) and 0 < given < 2**31 else 0
    event_id = _valid(_UUID, raw.get("id"))
    type_ = raw.get("type") if isinstance(raw.get("type"), str) and re.fullmatch(r"[a-z]+\.[a-z]+\.v\d+", raw["type"]) else None
    # A submitted event may hold text that its sender put inline, an invalid one anything at all.
    readable = type_ is not None and ".submitted." not in type_ and code != "invalid_event"
    return Letter(
        id=uuid5(
            event_id or uuid5(NAMESPACE_OID, hashlib.sha256(body).hexdigest()), f"letter/{stage}{f'/{generation}' if generation else ''}"
        ),
        stage=stage,
        code=code,
        error=error,
        message=message[:1000] if kept else f"{message[:900]} (the message of {len(body)} bytes was too large to be kept)",
        fingerprint=fingerprint(stage, error, message),
        attempts=tuple(attempts),
        consumer=consumer,
        died_at=at,
        routing_key=routing_key[:255],
        queue=queue,
        generation=generation,
        event=raw if readable and kept else None,
        sealed=seal_body(clean_key, body) if kept and not readable else None,
        event_id=event_id,
        job_id=_valid(_UUID, raw.get("subject")),
        tenant=_valid(_TOKEN, raw.get("tenantid")),
        user=_valid(_TOKEN, raw.get("userid")),
        correlation_id=_valid(_TOKEN, raw.get("correlationid")),
        type=type_,
    )


def ends_job(letter: Letter) -> bool:
    """Whether the job cannot go on: the stage lies on its path, and the event was the one that the stage before it gave.

    record and gather also take events that are only of interest to them; when one of those dies, the job itself goes on.
    """
    return letter.type is not None and is_step(letter.stage, letter.type)


def envelope(dead: Letter) -> Event[Letter]:
    """Return the event that carries a letter."""
    return Event[Letter](
        id=dead.id,
        source=f"/faultmaven/{dead.stage}",
        type=TYPE,
        subject=dead.job_id or dead.id,
        time=dead.died_at,
        tenantid=dead.tenant or "unknown",
        userid=dead.user or "anonymous",
        correlationid=dead.correlation_id or str(dead.id),
        causationid=dead.event_id,
        generation=dead.generation,
        data=dead,
    )


def seal_body(clean_key: bytes, body: bytes) -> str:
    """Encrypt a message's body for a letter."""
    nonce = os.urandom(12)
    return base64.b64encode(nonce + AESGCM(derive_key(clean_key, _PURPOSE)).encrypt(nonce, body, None)).decode()


def open_body(clean_key: bytes, sealed: str) -> bytes:
    """Return the body that `seal_body` encrypted.

    Raises:
        cryptography.exceptions.InvalidTag: another key, or it was changed.
    """
    data = base64.b64decode(sealed)
    return AESGCM(derive_key(clean_key, _PURPOSE)).decrypt(data[:12], data[12:], None)


def _json(body: bytes) -> dict[str, Any]:
    try:
        raw = from_json(body)
    except ValueError:
        return {}
    return raw if isinstance(raw, dict) else {}


def _valid(adapter: TypeAdapter[Any], value: object) -> Any:
    try:
        return adapter.validate_python(value) if isinstance(value, str) else None
    except ValidationError:
        return None
