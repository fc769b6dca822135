"""What goes over the wire to providers: one pool of kept connections, and for each call what HTTP itself said.

The libraries above guess what went wrong from words that a provider wrote; here are the status, the headers and the bytes.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Final

import httpx

RECEIVED: Final = 8 * 1024 * 1024
"""Bytes of one response: a stream wraps each word in hundreds of bytes."""
CONNECT_S: Final = 5.0
"""Seconds until a provider takes a connection."""


class TooLong(Exception):
    """A response is longer than any answer is, or is packed, so that nobody knows how long."""


@dataclass(slots=True)
class Wire:
    """What was seen of one call."""

    status: int | None = None
    retry_after: float | None = None
    received: int = 0


_CALL: Final[ContextVar[Wire | None]] = ContextVar("llm_wire", default=None)


def watch() -> Wire:
    """Begin a call in this task; return what will be seen of it."""
    wire = Wire()
    _CALL.set(wire)
    return wire


@asynccontextmanager
async def open_http() -> AsyncIterator[httpx.AsyncClient]:
    """Open the pool. It follows no redirect: a prompt and a key go where they were sent, or nowhere."""
    async with httpx.AsyncClient(
        headers={"Accept-Encoding": "identity"},
        limits=httpx.Limits(max_connections=256, max_keepalive_connections=64, keepalive_expiry=60),
        follow_redirects=False,
        event_hooks={"request": [_sent], "response": [_seen]},
    ) as client:
        yield client


def seconds(value: str | None, now: datetime) -> float | None:
    """Return the seconds of a Retry-After header: a number or a date (RFC 9110, 10.2.3); None when it is neither."""
    if not value:
        return None
    try:
        number = float(value)
    except ValueError:
        try:
            at = parsedate_to_datetime(value)
        except (ValueError, TypeError, OverflowError):
            return None
        number = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return max(0.0, number) if isfinite(number) else None


async def _sent(request: httpx.Request) -> None:
    """Give a connection its own time limit, whatever the libraries say; the call as a whole has ours."""
    request.extensions["timeout"] = {"connect": CONNECT_S, "read": None, "write": None, "pool": None}


async def _seen(response: httpx.Response) -> None:
    wire = _CALL.get()
    if wire is None:
        return
    wire.status = response.status_code
    wire.retry_after = seconds(response.headers.get("retry-after"), datetime.now(UTC))
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise TooLong
    assert isinstance(response.stream, httpx.AsyncByteStream)  # of an asynchronous client
    response.stream = _Counted(response.stream, wire)


class _Counted(httpx.AsyncByteStream):
    """The body as it comes, up to a bound."""

    def __init__(self, stream: httpx.AsyncByteStream, wire: Wire) -> None:
        self._stream, self._wire = stream, wire

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            self._wire.received += len(chunk)
            if self._wire.received > RECEIVED:
                raise TooLong
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
