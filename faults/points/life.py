"""One short life of a stage's consumer, in a forked process: the real shell and the real room, one lane, one message at a time."""

import asyncio
import json
import os
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import uvloop
from aio_pika.abc import AbstractIncomingMessage
from pydantic_core import from_json

from faultmaven_events.consumers.run import open_consumption
from faultmaven_events.consumers.shell import Shell
from faultmaven_events.consumers.stage import room
from faultmaven_events.settings import Settings
from faultmaven_events.topology import BY_NAME, Lane, Stage
from faults.points.watched import DELIVERING, Mode, Point, Watched, watching


@dataclass(frozen=True, slots=True)
class Order:
    """Which life to live: `type` is the event type whose delivery is hit, `at` and `mode` the point; `spent` messages go through unhurt."""

    stage: str
    queue: str
    type: str
    at: int
    mode: Mode
    spent: Collection[str] = ()


def live(order: Order, out: int) -> None:
    """Live until the point of death, or until somebody ends the process; what happens is told as JSON lines to a file descriptor."""
    uvloop.run(_live(order, out))


async def _live(order: Order, out: int) -> None:
    def tell(**facts: Any) -> None:
        os.write(out, json.dumps(facts).encode() + b"\n")

    settings, stage, point = Settings(), BY_NAME[order.stage], Point(order.at, order.mode)
    asyncio.get_running_loop().set_task_factory(watching(point))
    _watch_deliveries(order, point, tell)
    async with room(order.stage)(settings) as handler, open_consumption(settings, narrow(stage, order.queue), handler):
        tell(ready=True)
        await asyncio.Event().wait()


def narrow(stage: Stage, queue: str) -> Stage:
    """Return the stage with one lane alone, and one message in flight."""
    lanes = tuple(replace(lane, prefetch=1) for lane in stage.lanes if stage.queue(lane) == queue)
    return replace(stage, lanes=lanes)


def _watch_deliveries(order: Order, point: Point, tell: Any) -> None:
    original, over = Shell.deliver, asyncio.Event()

    async def deliver(shell: Shell, message: AbstractIncomingMessage, lane: Lane) -> None:
        if over.is_set():
            await asyncio.Event().wait()  # this life has told all that it was for
        event = from_json(message.body)
        id = f"{event['type']}/{event['id']}"
        if event["type"] != order.type or id in order.spent:
            await original(shell, message, lane)
            return
        DELIVERING.set(True)
        point.last_words = lambda: tell(killed=id, count=point.count)
        point.armed = True
        await Watched(original(shell, message, lane), point)
        point.armed = False
        over.set()
        tell(survived=id, count=point.count)

    Shell.deliver = deliver  # type: ignore[method-assign, assignment]  # in this process alone, which dies soon
