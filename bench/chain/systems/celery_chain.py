"""Celery as durable as it gets: quorum queues, persistent, confirms, late acknowledgement; its thread pool."""

from contextlib import suppress
from importlib import import_module
from typing import Any

from bench.chain.meter import Meter, Task

celery: Any = import_module("celery")  # it comes without types
state: Any = import_module("celery.worker.state")
kombu: Any = import_module("kombu")

THREADS = 8
QUORUM = {"x-queue-type": "quorum"}


def _app(task: Task) -> Any:
    app = celery.Celery("chain", broker=task.url)
    app.conf.update(
        task_queues=[kombu.Queue(name, routing_key=name, queue_arguments=QUORUM) for name in ("one", "two", "three")],
        task_default_queue="one",
        task_acks_late=True,
        task_ignore_result=True,
        broker_transport_options={"confirm_publish": True},
        broker_pool_limit=THREADS,
        worker_prefetch_multiplier=max(1, task.prefetch // THREADS),
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_enable_remote_control=False,
    )
    return app


def run(task: Task, meter: Meter) -> None:
    """Publish, then run a worker for the first two queues in this thread."""
    app = _app(task)

    @app.task(name="third")  # type: ignore[untyped-decorator] # as above
    def third(text: str) -> None:
        raise NotImplementedError  # nobody takes from the third queue

    @app.task(name="second")  # type: ignore[untyped-decorator] # as above
    def second(text: str) -> None:
        third.apply_async((text,), queue="three")
        meter.end()

    @app.task(name="first")  # type: ignore[untyped-decorator] # as above
    def first(text: str) -> None:
        meter.begin()
        second.apply_async((text,), queue="two")

    for _ in range(task.messages):
        first.apply_async((task.payload,), queue="one")

    def stop() -> None:
        state.should_stop = 0

    meter.on_done(stop)
    options = {"pool_cls": "threads", "concurrency": THREADS, "queues": ["one", "two"], "loglevel": "ERROR", "quiet": True}
    with suppress(SystemExit):
        app.Worker(**options, without_gossip=True, without_mingle=True, without_heartbeat=True).start()
