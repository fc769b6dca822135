"""A request's body as a bounded stream: too much, too slow or broken off is a problem, not a hang."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from starlette.requests import Request

from faultmaven_events.producers.http.problems import Problem

IDLE: Final = 30.0
"""Seconds that a client may pause in the middle of a body."""


def announced(request: Request, limit: int) -> None:
    """Refuse a body before it is read, by what its headers say.

    Raises:
        Problem: content-too-large, malformed-header, unsupported-media-type for a compressed body.
    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem("unsupported-media-type", "Send the body without Content-Encoding.", headers={"Accept-Encoding": "identity"})
    length = request.headers.get("content-length")
    if length is None:
        return
    if not (length.isascii() and length.isdigit()):
        raise Problem("malformed-header", "Content-Length is not a number.")
    if int(length) > limit:
        raise too_large(limit)


def too_large(limit: int) -> Problem:
    """Return the problem of content over `limit` bytes."""
    return Problem("content-too-large", f"At most {limit} bytes are taken here.")


async def chunks(request: Request, limit: int, idle: float = IDLE) -> AsyncGenerator[bytes, None]:
    """Yield the body as it arrives.

    Raises:
        Problem: content-too-large over `limit` bytes, request-timeout when nothing arrives for `idle` seconds.
        ClientDisconnect: the client went away.
    """
    size = 0
    async with aclosing(request.stream()) as stream:
        while True:
            try:
                async with asyncio.timeout(idle):
                    chunk = await anext(stream)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise Problem("request-timeout", f"Nothing arrived for {idle:g} seconds.", headers={"Connection": "close"}) from None
            size += len(chunk)
            if size > limit:
                raise too_large(limit)
            yield chunk


async def whole(request: Request, limit: int) -> bytes:
    """Return a small body; raises as `chunks` does."""
    announced(request, limit)
    return b"".join([chunk async for chunk in chunks(request, limit)])
