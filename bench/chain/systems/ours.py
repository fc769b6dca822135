"""Our own shell around two stages: the product's connection, envelope, validation, telemetry, confirms; handlers that only follow."""

import asyncio
import base64
import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import aio_pika
from pydantic import SecretStr

from bench.chain.event import DATA, submitted
from bench.chain.meter import Meter, Task
from faultmaven_events import topology
from faultmaven_events.consumers.run import open_consumption
from faultmaven_events.consumers.stage import Handler
from faultmaven_events.infra import memory, telemetry
from faultmaven_events.infra.declare import Plan, declare, plan
from faultmaven_events.producers.publish import message_of, publish_confirmed
from faultmaven_events.schemas.event import Event
from faultmaven_events.settings import Settings
from faultmaven_events.topology import BY_NAME, Lane, Stage


def _stage(name: str, prefetch: int) -> Stage:
    """A stage of the product with one lane, so that the prefetch is everybody's."""
    stage = BY_NAME[name]
    return replace(stage, lanes=(Lane("", (stage.lanes[0].takes[0],), prefetch),))


def _handler(stage: str, before: Callable[[], None] | None) -> Handler:
    state = topology.GIVES[stage]

    async def follow(event: Event[Any]) -> Sequence[Event[Any]]:
        if before:
            before()
        return [event.follow(stage, state, DATA[state])]

    return follow


async def run(task: Task, meter: Meter) -> None:
    """Declare both stages and the queue of the one after them, publish, then open both."""
    done = asyncio.Event()
    meter.on_done(done.set)
    first, second = _stage("classify", task.prefetch), _stage("sanitize", task.prefetch)
    wanted = plan((first, second, BY_NAME["process"]))
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(
            home=Path(home), amqp_url=SecretStr(task.url), redis_url=None, clean_key=SecretStr(base64.b64encode(os.urandom(32)).decode())
        )
        telemetry.configure_logs(settings)
        telemetry.configure_traces(settings, "chain")
        await _fill(task, wanted)

        def observe(outcome: str, code: str | None, tenant: str, *, ours: bool) -> None:
            assert (outcome, code, tenant, ours) == ("done", None, "acme", True)
            meter.end()

        async with AsyncExitStack() as stack:
            opened = open_consumption(settings, second, _handler("sanitize", None), wanted=wanted)
            (await stack.enter_async_context(opened)).shell.observe = observe
            opened = open_consumption(settings, first, _handler("classify", meter.begin), wanted=wanted)
            await stack.enter_async_context(opened)
            memory.settle()
            await done.wait()


async def _fill(task: Task, wanted: Plan) -> None:
    async with await aio_pika.connect(task.url) as connection:
        channel = await connection.channel()
        await declare(channel, wanted)
        exchange = await channel.get_exchange(topology.EVENTS)
        events = [submitted(task.size) for _ in range(task.messages)]
        await asyncio.gather(*(publish_confirmed(exchange, message_of(event), event.type) for event in events))
