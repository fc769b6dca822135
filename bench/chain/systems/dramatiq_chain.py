"""Dramatiq on pika: threads, confirms, persistent. It declares classic queues; a quorum queue takes a small override."""

import os
from typing import Any

from bench.chain.meter import Meter, Task

THREADS = 8


def run(task: Task, meter: Meter) -> None:
    """Publish, then run a worker for the first two queues."""
    os.environ["dramatiq_queue_prefetch"] = str(task.prefetch)  # noqa: SIM112 # so does dramatiq spell it; read at import
    import dramatiq
    from dramatiq.brokers.rabbitmq import RabbitmqBroker

    class Quorum(RabbitmqBroker):
        """The same broker on quorum queues."""

        def _build_queue_arguments(self, queue_name: str) -> dict[str, Any]:
            arguments: dict[str, Any] = super()._build_queue_arguments(queue_name)  # type: ignore[no-untyped-call] # it has no types there
            return {**arguments, "x-queue-type": "quorum"}

    broker = Quorum(url=task.url, confirm_delivery=True)
    dramatiq.set_broker(broker)

    @dramatiq.actor(queue_name="three")
    def third(text: str) -> None:
        raise NotImplementedError  # nobody takes from the third queue

    @dramatiq.actor(queue_name="two")
    def second(text: str) -> None:
        third.send(text)
        meter.end()

    @dramatiq.actor(queue_name="one")
    def first(text: str) -> None:
        meter.begin()
        second.send(text)

    for _ in range(task.messages):
        first.send(task.payload)
    worker = dramatiq.Worker(broker, queues={"one", "two"}, worker_threads=THREADS)
    worker.start()
    meter.finished.wait()
    worker.stop()
    broker.close()
