"""aio-pika alone: bytes in, the same bytes out. No envelope, no validation, no retry, no dead letters."""

import asyncio

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractRobustConnection

from bench.chain.meter import Meter, Task

QUEUES = ("one", "two", "three")
QUORUM = {"x-queue-type": "quorum"}


async def run(task: Task, meter: Meter) -> None:
    """Publish, then run both stages, each with a connection of its own."""
    done = asyncio.Event()
    meter.on_done(done.set)
    connections = [await aio_pika.connect_robust(task.url) for _ in range(2)]
    try:
        first, second = [await connection.channel(on_return_raises=True) for connection in connections]
        for name in QUEUES:
            await first.declare_queue(name, durable=True, arguments=QUORUM)
        await _fill(connections[0], task)
        await _stage(second, "two", "three", task.prefetch, after=meter.end)
        await _stage(first, "one", "two", task.prefetch, before=meter.begin)
        await done.wait()
    finally:
        for connection in connections:
            await connection.close()


async def _fill(connection: AbstractRobustConnection, task: Task) -> None:
    async with connection.channel() as channel:
        body = task.payload.encode()
        await asyncio.gather(*(channel.default_exchange.publish(_message(body, str(n)), "one") for n in range(task.messages)))


def _message(body: bytes, id: str | None) -> aio_pika.Message:
    return aio_pika.Message(body, content_type="application/octet-stream", delivery_mode=aio_pika.DeliveryMode.PERSISTENT, message_id=id)


async def _stage(channel: AbstractChannel, source: str, target: str, prefetch: int, **hooks: object) -> None:
    before, after = hooks.get("before"), hooks.get("after")
    await channel.set_qos(prefetch_count=prefetch)

    async def on_message(message: AbstractIncomingMessage) -> None:
        if callable(before):
            before()
        await channel.default_exchange.publish(_message(message.body, message.message_id), target, mandatory=True)
        await message.ack()
        if callable(after):
            after()

    await (await channel.get_queue(source)).consume(on_message)
