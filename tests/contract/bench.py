"""A stage on the test bench: its real queue, retry ladder and dead letters on a real broker, with a handler that the test writes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aio_pika
import httpx
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from faultmaven_events import topology
from faultmaven_events.consumers.consumption import Consumption
from faultmaven_events.consumers.run import open_consumption
from faultmaven_events.consumers.shell import Shell
from faultmaven_events.consumers.stage import Handler
from faultmaven_events.infra.declare import declare, plan
from faultmaven_events.schemas.event import MEDIA_TYPE, Event
from faultmaven_events.settings import Settings
from faultmaven_events.topology import STAGES, Stage

PATIENCE = 15.0


@dataclass
class Bench:
    """Publishes into a stage and listens to what leaves it."""

    stage: Stage
    consumption: Consumption
    channel: AbstractChannel
    seen: AbstractQueue
    notes: AbstractQueue
    letters: AbstractQueue
    published: list[AbstractIncomingMessage] = field(default_factory=list)

    async def send(self, body: bytes, *, key: str | None = None, headers: dict[str, Any] | None = None) -> None:
        """Publish straight into the stage's queue, as any AMQP client could."""
        message = aio_pika.Message(body, content_type=MEDIA_TYPE, headers=headers, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await self.channel.default_exchange.publish(message, key or self.stage.queues[0])

    async def next_event(self) -> AbstractIncomingMessage:
        """Wait for what the stage publishes next."""
        return await self._next(self.seen)

    async def next_note(self) -> AbstractIncomingMessage:
        """Wait for what the stage announces about a job next."""
        return await self._next(self.notes)

    async def next_letter(self) -> AbstractIncomingMessage:
        """Wait for the next letter in the stage's dead-letter queue."""
        return await self._next(self.letters)

    @property
    def shell(self) -> Shell:
        """The stage's shell."""
        return self.consumption.shell

    async def settled(self) -> None:
        """Wait until the stage has nothing in hand and nothing waits."""
        async with asyncio.timeout(PATIENCE):
            while self.shell.in_flight or (await self._depth()):  # noqa: ASYNC110 # a queue on a broker has no event to wait for
                await asyncio.sleep(0.05)

    async def nothing_left(self) -> bool:
        """Whether neither event nor letter came out beyond what was taken."""
        await self.settled()
        return await self.seen.get(fail=False) is None and await self.letters.get(fail=False) is None

    async def _depth(self) -> int:
        queue = await self.channel.declare_queue(self.stage.queues[0], passive=True)
        return queue.declaration_result.message_count or 0

    @staticmethod
    async def _next(queue: AbstractQueue) -> AbstractIncomingMessage:
        async with asyncio.timeout(PATIENCE):
            while (message := await queue.get(fail=False, no_ack=True)) is None:  # noqa: ASYNC110 # as above
                await asyncio.sleep(0.02)
            return message


@asynccontextmanager
async def open_bench(settings: Settings, stage: Stage, handler: Handler, *, alone: bool = True) -> AsyncIterator[Bench]:
    """Put a stage with the test's handler on the broker of `settings`; `alone`: without the queues of the others, which take seconds."""
    assert settings.amqp_url
    async with await aio_pika.connect(settings.amqp_url.get_secret_value()) as connection:
        channel = await connection.channel()
        wanted = plan((stage,) if alone else STAGES, scale=settings.retry_scale)
        await declare(channel, wanted)
        seen = await channel.declare_queue("", exclusive=True)
        notes = await channel.declare_queue("", exclusive=True)
        for queue, states in ((seen, topology.STATES), (notes, topology.NOTES)):
            for state in states:
                await queue.bind(topology.EVENTS, f"*.{state}.*")
        letters = await channel.get_queue(stage.dead_queue)
        async with open_consumption(settings, stage, handler, wanted=wanted) as consumption:
            yield Bench(stage, consumption, channel, seen, notes, letters)


def gives(stage: Stage, event: Event[Any]) -> Event[Any]:
    """Return a valid event that follows from one, as the stage would publish it; bury answers about what a letter names."""
    from faultmaven_events.schemas.registry import EVENTS
    from samples import DATA

    type_ = next(name for name in DATA if name.split(".")[1] == topology.GIVES[stage.name])
    follow = event.follow(stage.name, topology.GIVES[stage.name], EVENTS[type_].model_validate(DATA[type_]))
    return follow.model_copy(update={"type": type_})


async def sever(settings: Settings, name: str) -> None:
    """Close the connections of that name on the broker's side, as an operator or a failing network would."""
    assert settings.amqp_url
    assert settings.management_url
    vhost = settings.amqp_url.get_secret_value().rsplit("/", 1)[1].split("?")[0]
    async with httpx.AsyncClient(base_url=settings.management_url.get_secret_value()) as client, asyncio.timeout(PATIENCE):
        while True:  # the management's list lags behind by some seconds
            found = (await client.get("/api/connections")).json()
            ours = [
                c["name"]
                for c in found
                if c.get("vhost") == vhost and name in (c.get("user_provided_name"), c.get("client_properties", {}).get("connection_name"))
            ]
            if ours:
                for connection in ours:
                    await client.delete(f"/api/connections/{quote(connection, safe='')}")
                return
            await asyncio.sleep(0.2)
