"""Stores that stop, step down, forget or are full."""

import asyncio
from contextlib import suppress

from pymongo import MongoClient
from pymongo.errors import PyMongoError
from redis.asyncio import Redis

from faults.case import case
from faults.disk import small_disk
from faults.trial import Trial


@case("mongo-stop")
async def mongo_stop(trial: Trial) -> None:
    """MongoDB is away for some seconds under load."""
    load = trial.load(30, over=6)
    await asyncio.sleep(1.0)
    await trial.rig.servers.mongo.stop()
    await asyncio.sleep(15 if trial.long else 3)
    await trial.rig.servers.mongo.start()
    trial.over()
    await load


@case("mongo-step-down")
async def mongo_step_down(trial: Trial) -> None:
    """MongoDB's primary steps down under load and is elected again."""

    def step_down() -> None:
        client: MongoClient[dict[str, object]] = MongoClient(trial.rig.urls.mongo, serverSelectionTimeoutMS=3000)
        with client, suppress(PyMongoError):
            client.admin.command({"replSetStepDown": 3, "force": True})

    load = trial.load(30, over=5)
    await asyncio.sleep(1.0)
    await asyncio.to_thread(step_down)
    await asyncio.sleep(3.0)
    trial.over()
    await load


@case("postgres-stop")
async def postgres_stop(trial: Trial) -> None:
    """PostgreSQL is away for some seconds under load."""
    load = trial.load(30, over=5)
    await asyncio.sleep(1.0)
    await trial.rig.servers.postgres.stop()
    await asyncio.sleep(15 if trial.long else 3)
    await trial.rig.servers.postgres.start()
    trial.over()
    await load


@case("valkey-flush")
async def valkey_flush(trial: Trial) -> None:
    """Valkey forgets everything (FLUSHALL), three times under load."""
    load = trial.load(30, over=3)
    async with Redis.from_url(trial.rig.urls.redis) as redis:
        for _ in range(3):
            await asyncio.sleep(0.8)
            await redis.flushall()
            trial.over()
    await load


@case("valkey-stop")
async def valkey_stop(trial: Trial) -> None:
    """Valkey is away for some seconds under load: nobody has to wait for it."""
    load = trial.load(30, over=4)
    await asyncio.sleep(1.0)
    await trial.rig.servers.valkey.stop()
    await asyncio.sleep(15 if trial.long else 4)
    await trial.rig.servers.valkey.start()
    trial.over()
    await load


@case("disk-full")
async def disk_full(trial: Trial) -> None:
    """The disk of the blobs is full (a small file system of its own) while work comes in, then somebody makes room."""
    disk = await trial.stack.enter_async_context(small_disk(trial.rig.blobs, megabytes=8))
    trial.own_disk = True
    await trial.hand_in(trial.pick("ingest")[:2])
    await asyncio.to_thread(disk.fill)
    load = trial.load(20, over=2)
    await asyncio.sleep(12 if trial.long else 4)
    await asyncio.to_thread(disk.make_room)
    trial.over()
    await load
