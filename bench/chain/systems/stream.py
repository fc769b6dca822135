"""FastStream as its manual shows it: a pydantic model in, one out, confirmed; acknowledged after the handler. No retry, no dead letters."""

import asyncio
from collections.abc import Callable

from faststream import AckPolicy
from faststream.rabbit import Channel, QueueType, RabbitBroker, RabbitQueue
from pydantic import BaseModel

from bench.chain.meter import Meter, Task


class Payload(BaseModel):
    """What travels."""

    text: str


def _queue(name: str) -> RabbitQueue:
    return RabbitQueue(name, durable=True, queue_type=QueueType.QUORUM)


async def run(task: Task, meter: Meter) -> None:
    """Publish, then run both stages on one broker object."""
    done = asyncio.Event()
    meter.on_done(done.set)
    broker = RabbitBroker(task.url, default_channel=Channel(on_return_raises=True), logger=None)

    def stage(source: str, target: str, before: Callable[[], None] | None, after: Callable[[], None] | None) -> None:
        channel = Channel(prefetch_count=task.prefetch, on_return_raises=True)

        async def handle(payload: Payload) -> None:
            if before:
                before()
            await broker.publish(payload, target, persist=True, mandatory=True)
            if after:
                after()

        broker.subscriber(_queue(source), channel=channel, ack_policy=AckPolicy.NACK_ON_ERROR, no_reply=True)(handle)

    stage("one", "two", meter.begin, None)
    stage("two", "three", None, meter.end)
    await broker.connect()
    for name in ("one", "two", "three"):
        await broker.declare_queue(_queue(name))
    await asyncio.gather(*(broker.publish(Payload(text=task.payload), "one", persist=True) for _ in range(task.messages)))
    await broker.start()
    try:
        await done.wait()
    finally:
        await broker.stop()
