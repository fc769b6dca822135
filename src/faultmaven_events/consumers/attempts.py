"""The failed attempts that a message has behind it: they travel in a header of the message itself."""

import json
from collections.abc import Sequence
from contextvars import ContextVar
from datetime import datetime

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractIncomingMessage

from faultmaven_events.schemas.letter import Attempt

ATTEMPTS = "fm-attempts"
"""Header: JSON list of the failed attempts so far."""

BEHIND: ContextVar[tuple[Attempt, ...]] = ContextVar("behind", default=())
"""The failed attempts of the message in hand, for a stage that does something else when it did not succeed before."""

KEPT = 20
"""Of a message that waits long for a server, only the last attempts are kept."""


def attempts_of(message: AbstractIncomingMessage) -> list[Attempt]:
    """Return the failed attempts that a message has behind it in this stage; a header that is not ours counts as none."""
    header = message.headers.get(ATTEMPTS)
    try:
        return [Attempt.model_validate(entry) for entry in json.loads(str(header))] if header else []
    except (ValueError, TypeError):
        return []


def attempt(error: Exception, consumer: str, at: datetime) -> Attempt:
    """Return what is kept of one failed attempt: the error's code and class, never its text."""
    code = getattr(error, "code", "internal_error")
    return Attempt(at=at, code=code if isinstance(code, str) else "internal_error", error=type(error).__name__, consumer=consumer)


def again(message: AbstractIncomingMessage, attempts: Sequence[Attempt]) -> Message:
    """Return a copy of a message with its attempts, to publish to a delay or to another lane."""
    kept = json.dumps([each.model_dump(mode="json") for each in attempts[-KEPT:]]) if attempts else None
    return Message(
        message.body,
        headers={ATTEMPTS: kept} if kept else None,
        content_type=message.content_type,
        delivery_mode=DeliveryMode.PERSISTENT,
        message_id=message.message_id,
        correlation_id=message.correlation_id,
        type=message.type,
        app_id=message.app_id,
    )
