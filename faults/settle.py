"""Waiting until nothing is on its way any more."""

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

import aio_pika
import aiohttp
from aio_pika.abc import AbstractIncomingMessage

from faultmaven_events.infra.mongo import Database
from faultmaven_events.infra.servers.rabbitmq import VHOST
from faultmaven_events.schemas.job import TERMINAL
from faultmaven_events.topology import BY_NAME, STAGES
from faults.rig import Rig

POLL_S: Final = 0.2
_MESSAGES: Final = re.compile(r'^rabbitmq_detailed_queue_messages\{[^}]*queue="([^"]+)"[^}]*\} (\S+)$', re.MULTILINE)


async def of_prefix(database: Database, prefix: str) -> dict[UUID, tuple[str, str]]:
    """Return (tenant, status) of every job whose correlation id begins so."""
    found = database["jobs"].find({"correlation_id": {"$regex": f"^{prefix}"}}, {"tenant": 1, "status": 1})
    return {job["_id"]: (job["tenant"], job["status"]) async for job in found}


async def open_ids(database: Database, ids: Collection[UUID]) -> set[UUID]:
    """Return which of these jobs have not ended, or do not exist."""
    ended = database["jobs"].find({"_id": {"$in": list(ids)}, "status": {"$in": list(TERMINAL)}}, {"_id": 1})
    return set(ids) - {job["_id"] async for job in ended}


async def all_ended(database: Database, prefix: str, accepted: Mapping[UUID, str], patience: float) -> set[UUID]:
    """Wait until every job of a case has ended; returns those that have not when the time is up."""
    deadline = time.monotonic() + patience
    while True:
        known = await of_prefix(database, prefix)
        left = (await open_ids(database, accepted.keys() - known.keys())) | {
            id for id, (_, status) in known.items() if status not in TERMINAL
        }
        if not left or time.monotonic() > deadline:
            return left
        await asyncio.sleep(POLL_S if len(known) < 1000 else 2)


async def all_quiet(rig: Rig, patience: float) -> dict[str, int]:
    """Wait until no queue but those of dead letters holds anything, in two looks; returns what they hold when the time is up."""
    deadline = time.monotonic() + patience
    clean = 0
    while True:
        held = {name: many for name, many in (await depths(rig)).items() if many and not name.endswith(".dead")}
        clean = 0 if held else clean + 1
        if clean == 2 or time.monotonic() > deadline:
            return held
        await asyncio.sleep(0.6)


async def depths(rig: Rig) -> dict[str, int]:
    """Return how many messages each queue of ours holds, ready or in somebody's hands; 1 where the broker has no figures."""
    url = f"http://127.0.0.1:{rig.servers.broker.ports[2]}/metrics/detailed?family=queue_coarse_metrics"
    async with rig.http.get(url, timeout=aiohttp.ClientTimeout(10)) as answer:
        found = {name: int(float(many)) for name, many in _MESSAGES.findall(await answer.text())}
    return {name: found.get(name, 1) for stage in STAGES for name in stage.queues} | {k: v for k, v in found.items() if k.startswith("fm.")}


async def busy(rig: Rig, stage: str) -> bool:
    """Whether a stage has messages."""
    found = await depths(rig)
    return any(found[name] for name in BY_NAME[stage].queues)


@asynccontextmanager
async def redeliveries(rig: Rig) -> AsyncIterator[list[str]]:
    """Yield the queues of messages that are handed over once more, filled in while the block lasts: the broker traces its deliveries.

    A quorum queue also marks a message that it had assigned to a consumer which was cancelled before it was handed over: that one is
    seen for the first time here, and not counted.
    """
    await rig.servers.rabbitmqctl("trace_on", "-p", VHOST)
    again: list[str] = []
    seen: set[tuple[str, bytes]] = set()
    try:
        async with await aio_pika.connect(rig.urls.amqp) as connection:
            channel = await connection.channel()
            traced = await channel.declare_queue(exclusive=True)
            await traced.bind("amq.rabbitmq.trace", routing_key="deliver.fm.#")

            async def note(message: AbstractIncomingMessage) -> None:
                queue = (message.routing_key or "").removeprefix("deliver.")
                key = queue, hashlib.sha256(message.body).digest()
                if message.headers.get("redelivered") and key in seen:
                    again.append(queue)
                seen.add(key)

            await traced.consume(note, no_ack=True)
            yield again
            await asyncio.sleep(1)
    finally:
        await rig.servers.rabbitmqctl("trace_off", "-p", VHOST)


async def explain(rig: Rig, id: UUID, tenant: str) -> str:
    """Say what the system itself says of a job that does not end."""
    try:
        async with rig.http.get(
            f"{rig.api_url}/api/v1/jobs/{id}", headers={"X-Tenant-Id": tenant}, timeout=aiohttp.ClientTimeout(10)
        ) as answer:
            if answer.status != 200:
                return f"GET /jobs/{id} answers {answer.status}"
            job = await answer.json()
            waiting = (job.get("waiting") or {}).get("explanation")
            return f"{id} ({tenant}) is {job['status']} at {job['stage']}: {waiting or 'no explanation'}"
    except (aiohttp.ClientError, TimeoutError) as error:
        return f"GET /jobs/{id} does not answer: {type(error).__name__}"
