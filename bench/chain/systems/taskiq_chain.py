"""taskiq with taskiq-aio-pika: its defaults are quorum queues, persistent messages, confirms, and an acknowledgement after the task."""

import asyncio

from taskiq.acks import AcknowledgeType
from taskiq.api import run_receiver_task
from taskiq_aio_pika import AioPikaBroker, Exchange, Queue

from bench.chain.meter import Meter, Task


def _broker(task: Task, name: str) -> AioPikaBroker:
    return AioPikaBroker(task.url, qos=task.prefetch, exchange=Exchange(name=f"taskiq.{name}"), task_queues=[Queue(name=name)])


async def run(task: Task, meter: Meter) -> None:
    """Publish, then run both stages: a broker object per queue, since a taskiq broker takes from all the queues that it knows."""
    done = asyncio.Event()
    meter.on_done(done.set)
    one, two, three = (_broker(task, name) for name in ("one", "two", "three"))

    @three.task(task_name="third")
    async def third(text: str) -> None:
        raise NotImplementedError  # nobody takes from the third queue

    @two.task(task_name="second")
    async def second(text: str) -> None:
        await third.kiq(text)
        meter.end()

    @one.task(task_name="first")
    async def first(text: str) -> None:
        meter.begin()
        await second.kiq(text)

    one.is_worker_process = two.is_worker_process = True
    for broker in (one, two, three):
        await broker.startup()
    await asyncio.gather(*(first.kiq(task.payload) for _ in range(task.messages)))
    workers = [
        asyncio.create_task(run_receiver_task(broker, max_async_tasks=task.prefetch, ack_time=AcknowledgeType.WHEN_EXECUTED))
        for broker in (two, one)
    ]
    await done.wait()
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    for broker in (one, two, three):
        await broker.shutdown()
