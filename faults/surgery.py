"""Taking messages out of a queue whose consumers are away, changing them, and putting them back."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from pydantic_core import from_json

from faultmaven_events.topology import BY_NAME

Known = tuple[str, dict[str, Any]]
"""A message's routing key, and the event in it."""


@asynccontextmanager
async def open_table(amqp_url: str) -> AsyncIterator["Table"]:
    """Open a channel to operate on."""
    async with await aio_pika.connect(amqp_url) as connection:
        yield Table(await connection.channel(publisher_confirms=True, on_return_raises=True))


class Table:
    """Where queues are operated on."""

    def __init__(self, channel: AbstractChannel) -> None:
        self._channel = channel

    async def waiting(self, stage: str, wanted: Callable[[Sequence[Known]], bool], patience: float = 60) -> list[Known]:
        """Wait until what lies in a stage's queues is what is wanted; take it all out.

        Raises:
            TimeoutError: it is not; what was taken out is back.
        """
        taken: list[Known] = []
        deadline = time.monotonic() + patience
        while not wanted(taken):
            if time.monotonic() > deadline:
                await self.put(stage, [(key, json.dumps(body).encode()) for key, body in taken])
                raise TimeoutError(f"what should lie in the queues of {stage} does not: {sorted(key for key, _ in taken)}")
            found = [await self._all(queue) for queue in BY_NAME[stage].queues]
            taken += [each for messages in found for each in messages]
            await asyncio.sleep(0.1)
        return taken

    async def _all(self, name: str) -> list[Known]:
        queue = await self._channel.get_queue(name)
        found = []
        while (message := await queue.get(fail=False)) is not None:
            found.append((_key(message), from_json(message.body)))
            await message.ack()
        return found

    async def put(self, stage: str, messages: Sequence[tuple[str, bytes]]) -> None:
        """Put messages into the lane of a stage that their routing keys belong to, in this order."""
        lanes = {pattern: BY_NAME[stage].queue(lane) for lane in BY_NAME[stage].lanes for pattern in lane.takes}
        for key, body in messages:
            queue = next(name for pattern, name in lanes.items() if _fits(key, pattern))
            message = aio_pika.Message(
                body, content_type="application/cloudevents+json", delivery_mode=aio_pika.DeliveryMode.PERSISTENT, type=key
            )
            await self._channel.default_exchange.publish(message, queue, mandatory=True)


def _key(message: AbstractIncomingMessage) -> str:
    return message.type or message.routing_key or ""


def _fits(key: str, pattern: str) -> bool:
    return all(p in {"*", k} for k, p in zip(key.split("."), pattern.split("."), strict=False))
