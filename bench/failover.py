"""What failover costs a person who waits: a dead and a hanging provider before a healthy one, beside the healthy one asked directly.

Three addresses on loopback: one where nobody listens, one that takes requests and never answers, one that answers after a moment. Breakers
are shared over a private Valkey, as between processes. Pairs: each question through the router is followed by the same one asked directly.
"""

import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import structlog
from pydantic import SecretStr

from faultmaven_events.infra.llm.client import Asking, open_client
from faultmaven_events.infra.llm.port import Provider, Request
from faultmaven_events.infra.llm.router import Router, open_models
from faultmaven_events.infra.servers import binaries
from faultmaven_events.infra.servers.instance import Instance
from faultmaven_events.infra.servers.place import Place
from faultmaven_events.infra.servers.valkey import Valkey
from faultmaven_events.schemas.usage import BreakerChanged, Usage
from faultmaven_events.settings import Settings

HANGS_S: Final = 2.0
"""The time limit of a call in this measurement; 60 s by default."""
THINKS_S: Final = 0.05
"""How long the healthy provider takes."""
PAIRS: Final = 60
CROWD: Final = 20
Row = tuple[str, str, str]
_ANSWER: Final = json.dumps(
    {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "The pool is exhausted."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 6, "total_tokens": 1006},
    }
).encode()


class Open:
    """A meter without limits and books."""

    async def reserve(self, provider: Provider, model: str, request: Request) -> UUID:
        """Let it through."""
        del provider, model, request
        return uuid4()

    async def settle(self, call: UUID, usage: Usage) -> None:
        """Nothing is owed."""


async def rows(home: Path) -> list[Row]:
    """Measure; return a row for each figure."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    async with _served(_healthy) as healthy, _served(_hanging) as hanging, _redis(home) as redis:
        await _closed_port(home, hanging, healthy)
        settings = Settings(home=home, redis_url=SecretStr(redis), redis_prefix="bench", llm_file=home / "llm.toml", llm_timeout_s=HANGS_S)
        changes: list[BreakerChanged] = []

        async def publish(change: BreakerChanged) -> None:
            changes.append(change)

        async with open_models(settings, publish) as models, open_client() as direct:
            provider = models.providers[-1]

            async def straight() -> None:
                await direct.ask(Asking(provider, provider.model, _request(provider)), 30)

            await straight()  # connections and the library's first call are not what is measured
            return [*await _opening(models, changes), *await _pairs(models, straight), *await _crowd(models, straight)]


async def _opening(models: Router, changes: list[BreakerChanged]) -> list[Row]:
    took: list[float] = []
    while len({change.provider for change in changes if change.state == "open"}) < 2:
        took.append(await _timed(lambda: _ask(models)))
    shown = ", ".join(f"{each:.2f}" for each in took)
    return [("questions until both breakers were open, one after the other", f"{len(took)}", f"{shown} s; a call may take {HANGS_S:g} s")]


async def _pairs(models: Router, straight: Callable[[], Awaitable[None]]) -> list[Row]:
    through, alone = [], []
    for _ in range(PAIRS):
        through.append(await _timed(lambda: _ask(models)))
        alone.append(await _timed(straight))
    beyond = [a - b for a, b in zip(through, alone, strict=True)]
    return [
        ("healthy provider asked directly", _ms(alone), "p50 / p95"),
        ("dead, hanging, healthy through the router, breakers open", _ms(through), "p50 / p95"),
        ("beyond the healthy provider, by pairs", _ms(beyond), f"p50 / p95, {PAIRS} pairs; goal < 200 ms"),
    ]


async def _crowd(models: Router, straight: Callable[[], Awaitable[None]]) -> list[Row]:
    async def all_of(one: Callable[[], Awaitable[None]]) -> float:
        return await _timed(lambda: _gathered(one))

    through, alone = await all_of(lambda: _ask(models)), await all_of(straight)
    return [(f"{CROWD} questions at once, all answered", f"{through * 1000:.0f} ms", f"directly {alone * 1000:.0f} ms")]


async def _gathered(one: Callable[[], Awaitable[None]]) -> None:
    await asyncio.gather(*(one() for _ in range(CROWD)))


async def _ask(models: Router) -> None:
    reply = await models.complete("investigate", _request, meter=Open())
    assert reply.provider == "healthy"


def _request(_: Provider) -> Request:
    return Request(({"role": "user", "content": "Why do orders fail? " * 200},))


async def _timed(one: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    await one()
    return time.perf_counter() - began


def _ms(values: list[float]) -> str:
    ordered = sorted(values)
    return f"{statistics.median(ordered) * 1000:.1f} / {ordered[int(len(ordered) * 0.95)] * 1000:.1f} ms"


async def _closed_port(home: Path, hanging: str, healthy: str) -> None:
    async with _served(_hanging) as gone:
        pass
    tables = (
        f'[[provider]]\nname = "{name}"\nmodel = "openai/m"\napi_base = "{url}/v1"\ninput_usd = 0\noutput_usd = 0\n'
        for name, url in (("dead", gone), ("hanging", hanging), ("healthy", healthy))
    )
    (home / "llm.toml").write_text("".join(tables))


async def _healthy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        await asyncio.sleep(THINKS_S)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(_ANSWER) + _ANSWER)
        await writer.drain()


async def _hanging(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    while await reader.read(65536):
        pass


@asynccontextmanager
async def _served(talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[str]:
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            writer.close()
            tasks.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def _redis(home: Path) -> AsyncIterator[str]:
    (home / "servers").mkdir(parents=True, exist_ok=True)
    server = Valkey(Place(home / "servers" / "valkey"), binaries.required(binaries.valkey(), "Valkey", "FM_REDIS_URL", "valkey-server"))
    instance = Instance(server)
    try:
        await instance.start()
        yield server.url(instance.ports)
    finally:
        await instance.stop()
