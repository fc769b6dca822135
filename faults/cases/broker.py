"""The broker goes away, freezes its publishers, or loses what the pipeline relies on."""

import asyncio
from urllib.parse import quote

import aio_pika
from yarl import URL

from faultmaven_events.infra.declare import declare, plan
from faultmaven_events.topology import DEAD
from faults.case import case
from faults.trial import Trial


@case("broker-restart")
async def broker_restart(trial: Trial) -> None:
    """The broker is stopped in order and started again, under load."""
    load = trial.load(40, over=2)
    await asyncio.sleep(1.0)
    await trial.rig.servers.broker.restart()
    trial.over()
    await load


@case("broker-kill")
async def broker_kill(trial: Trial) -> None:
    """The broker is killed (SIGKILL) under load and started again."""
    for _ in range(3 if trial.long else 1):
        load = trial.load(40, over=2)
        await asyncio.sleep(trial.source.uniform(0.5, 1.5))
        await trial.rig.servers.broker.kill()
        trial.rig.broker_kills += 1
        await trial.rig.servers.broker.start()
        trial.over()
        await load


@case("connections-closed")
async def connections_closed(trial: Trial) -> None:
    """Every connection to the broker is closed by its management API, three times under load."""
    load = trial.load(40, over=5)
    for _ in range(3):
        await asyncio.sleep(1.2)
        names: list[str] = []
        while not names:  # the broker lists what has come back only after a moment
            await asyncio.sleep(0.2)
            async with trial.rig.http.get(f"{trial.rig.urls.management}/api/connections") as answer:
                names = [connection["name"] for connection in await answer.json()]
        for name in names:
            url = URL(f"{trial.rig.urls.management}/api/connections/{quote(name, safe='')}", encoded=True)
            async with trial.rig.http.delete(url, headers={"X-Reason": "fault suite"}):
                pass
        trial.notes.append(f"{len(names)} closed")
        trial.over()
    await load


@case("memory-alarm")
async def memory_alarm(trial: Trial) -> None:
    """The broker raises its memory alarm and blocks all publishers for some seconds."""
    load = trial.load(30, over=5)
    await asyncio.sleep(1.0)
    await trial.rig.servers.rabbitmqctl("set_vm_memory_high_watermark", "absolute", "1")
    await asyncio.sleep(15 if trial.long else 6)
    await trial.rig.servers.rabbitmqctl("set_vm_memory_high_watermark", "absolute", "768MB")
    trial.over()
    await load


@case("dead-exchange-gone")
async def dead_exchange_gone(trial: Trial) -> None:
    """The exchange of dead letters is deleted while messages die, and declared again: their letters arrive."""
    broken = [parcel for parcel in trial.parcels if parcel.unreadable]
    async with await aio_pika.connect(trial.rig.urls.amqp) as connection:
        channel = await connection.channel()
        await channel.exchange_delete(DEAD)
        load = trial.load(16, over=1)
        await trial.hand_in(broken * 3)
        await load
        await asyncio.sleep(2)
        await declare(channel, plan(scale=trial.rig.settings.retry_scale))
    trial.over()
