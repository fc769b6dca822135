"""The ingress on a real socket, in this process or in one of its own, for the tests of the HTTP door."""

import asyncio
import base64
import os
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import uuid4

import aio_pika
import httpx
import uvicorn
from pydantic import SecretStr

from faultmaven_events.infra.mongo import Database, open_mongo
from faultmaven_events.infra.servers.stack import Urls
from faultmaven_events.infra.servers.tenancy import open_room
from faultmaven_events.producers.http.app import configuration, create_app
from faultmaven_events.schemas import registry
from faultmaven_events.schemas.event import Event
from faultmaven_events.settings import Settings
from faultmaven_events.topology import BY_NAME

BOUNDARY = "xBoundaryx"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


@asynccontextmanager
async def open_ingress(settings: Settings, *, ready: bool = True) -> AsyncIterator[httpx.AsyncClient]:
    """Serve on a free port until the end of the block; yields a client that knows the address."""
    settings = settings.model_copy(update={"port": 0})
    server = uvicorn.Server(configuration(create_app(settings), settings))
    task = asyncio.create_task(server._serve())  # `serve` would take pytest's signal handlers
    try:
        while not server.started and not task.done():  # noqa: ASYNC110  # uvicorn has no event for it
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            if ready:
                await until_ready(client)
            yield client
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def open_shared(stack: Urls, home: Path, **more: Any) -> AsyncIterator[tuple[Settings, httpx.AsyncClient]]:
    """Serve for many tests; each calls `empty` first."""
    name = f"http_{uuid4().hex[:12]}"
    keys = {each: SecretStr(base64.b64encode(os.urandom(32)).decode()) for each in ("raw_key", "clean_key")}
    async with open_room(stack, name) as urls:
        given = {f"{server}_url": SecretStr(url) for server, url in asdict(urls).items()}
        settings = Settings(home=home, redis_prefix=name, **given, **keys, **more)
        async with open_ingress(settings) as client:
            yield settings, client


async def empty(settings: Settings) -> None:
    """Forget every job, session, event and blob."""
    await events(settings)
    async with open_mongo(settings) as database:
        for collection in ("jobs", "sessions"):
            await database[collection].delete_many({})
    for path in stored(settings):
        path.unlink()


@asynccontextmanager
async def open_process(settings: Settings) -> AsyncIterator[tuple[httpx.AsyncClient, Process]]:
    """Serve in a process of its own, whose memory can be measured."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = "from faultmaven_events.settings import load; from faultmaven_events.producers.http.app import serve; serve(load())"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, env={**os.environ, **environment(settings), "FM_PORT": str(port)}, stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            await until_ready(client)
            yield client, process
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 20)


def environment(settings: Settings) -> dict[str, str]:
    """The variables from which another process reads the same settings."""
    given = settings.model_dump(exclude_unset=True)
    return {f"FM_{name.upper()}": value.get_secret_value() if isinstance(value, SecretStr) else str(value) for name, value in given.items()}


async def until_ready(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(30):
        while True:  # the other side has no event
            try:
                if (await client.get("/health/ready")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)


def form(*parts: tuple[str, bytes]) -> bytes:
    """A form of (the rest of Content-Disposition and further headers, body)."""
    written = b"".join(f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + body + b"\r\n" for head, body in parts)
    return written + f"--{BOUNDARY}--\r\n".encode()


async def events(settings: Settings, *queues: str) -> list[Event[Any]]:
    """Take all events that lie in these queues, by default in those of classify, lane by lane."""
    assert settings.amqp_url is not None
    found = []
    async with await aio_pika.connect(settings.amqp_url.get_secret_value()) as connection:
        channel = await connection.channel()
        for queue in queues or BY_NAME["classify"].queues:
            lying = await channel.get_queue(queue)
            while (message := await lying.get(fail=False)) is not None:
                assert message.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
                found.append(registry.decode(message.body))
                await message.ack()
    return found


def stored(settings: Settings) -> list[Path]:
    """The files of the blob store."""
    return [path for path in (settings.home / "blobs").rglob("*") if path.is_file()]


async def count_jobs(settings: Settings) -> int:
    async with open_mongo(settings) as database:
        return await jobs_in(database)


async def jobs_in(database: Database) -> int:
    return await database["jobs"].count_documents({})


def problem(response: httpx.Response) -> str:
    """The code of a problem, after a look at what every problem must have."""
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == response.status_code
    assert body["correlation_id"] == response.headers["x-correlation-id"]
    assert body["title"]
    assert body["detail"]
    code: str = body["type"].removeprefix("urn:faultmaven:problem:")
    return code
