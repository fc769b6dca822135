import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.requests import ClientDisconnect, Request

from faultmaven_events.producers.http.body import announced, chunks, whole
from faultmaven_events.producers.http.problems import Problem
from faultmaven_events.producers.http.readiness import Readiness


def request(messages: Sequence[dict[str, Any]] = (), **headers: str) -> Request:
    waiting = list(messages)

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop(0)

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": raw}, receive)


def piece(body: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_small_body_is_read_whole() -> None:
    assert await whole(request([piece(b"ab"), piece(b"cd", more=False)]), 4) == b"abcd"


async def test_a_body_over_its_limit_is_cut_off_at_once() -> None:
    with pytest.raises(Problem) as caught:
        await whole(request([piece(b"abc"), piece(b"de")]), 4)  # the rest never comes, and is not waited for
    assert caught.value.status == 413


async def test_a_body_that_stops_arriving_is_given_up() -> None:
    with pytest.raises(Problem) as caught:
        [chunk async for chunk in chunks(request([piece(b"abc")]), 100, idle=0.02)]
    assert (caught.value.code, caught.value.status) == ("request-timeout", 408)


async def test_a_client_that_leaves_is_noticed() -> None:
    with pytest.raises(ClientDisconnect):
        [chunk async for chunk in chunks(request([piece(b"abc"), {"type": "http.disconnect"}]), 100)]


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"content_length": "101"}, "content-too-large"),
        ({"content_length": "ten"}, "malformed-header"),
        ({"content_length": "-1"}, "malformed-header"),
        ({"content_encoding": "gzip"}, "unsupported-media-type"),
    ],
)
def test_headers_alone_can_refuse_a_body(headers: dict[str, str], code: str) -> None:
    with pytest.raises(Problem) as caught:
        announced(request(**headers), 100)
    assert caught.value.code == code


def test_a_body_of_the_limit_is_not_refused() -> None:
    announced(request(content_length="100", content_encoding="identity"), 100)


async def test_readiness_asks_at_most_once_a_second_and_survives_its_probes() -> None:
    asked = 0

    async def fine() -> None:
        nonlocal asked
        asked += 1

    async def broken() -> str | None:
        raise OSError("secret address")

    readiness = Readiness(required={"fine": fine, "broken": broken}, optional={"extra": broken})
    found, _ = await asyncio.gather(readiness.checks(), readiness.checks())
    assert asked == 1
    assert (found["fine"].ok, found["broken"].ok, found["extra"].required) == (True, False, False)
    assert found["broken"].problem == "It fails with OSError."
