"""Liveness is progress: a process that does nothing although work waits ends itself, so that its supervisor starts it anew.

It looks at the queues over a connection of its own. Before it says "stalled", the broker must take a message from it: as long as the
broker is away, or takes nothing (a memory or disk alarm), nobody could make progress, and a restart would change nothing.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import aio_pika
import structlog
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, ChannelNotFoundEntity

from faultmaven_events.consumers.consumption import Consumption
from faultmaven_events.consumers.pulse import End, end
from faultmaven_events.consumers.stall import Judge, Sight
from faultmaven_events.infra.connection import once

INTERVAL: Final = 5.0
ANSWER_S: Final = 10.0
"""Seconds in which a broker that is well has answered."""

_AWAY = (AMQPError, ChannelInvalidStateError, OSError, RuntimeError)

log = structlog.get_logger()


class Watchdog:
    """Looks at the consumptions of this process."""

    def __init__(self, url: str, consumptions: Sequence[Consumption], patience: float) -> None:
        self._url, self._consumptions = url, consumptions
        self._interval = min(INTERVAL, patience / 6)
        self._judge = Judge(patience, self._interval)
        self._connection: AbstractConnection | None = None
        self.stalled: str | None = None
        """Why this process should be started anew."""
        self.blind: str | None = "it has not looked yet"
        """Why nothing is known about the queues, or None."""

    def note(self, outcome: str) -> None:
        """Note how a message ended; `left` means that the broker confirmed nothing of it."""
        self._judge.published(confirmed=outcome != "left")

    async def run(self) -> str:
        """Look until something is stalled; return what."""
        while self.stalled is None:
            await asyncio.sleep(self._interval)
            self.stalled = await self._look()
        return self.stalled

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            with suppress(TimeoutError, *_AWAY):
                async with asyncio.timeout(2):
                    await self._connection.close()

    async def _look(self) -> str | None:
        try:
            async with asyncio.timeout(ANSWER_S):
                connection = await self._connected()
                sights = [await self._sight(connection, each, place) for each in self._consumptions for place in range(len(each.lanes))]
            reason = self._judge.look(sights, time.monotonic())
            if reason is not None:
                async with asyncio.timeout(ANSWER_S):
                    await _takes(connection)
        except (TimeoutError, *_AWAY) as error:
            self.blind = f"the broker does not answer: {type(error).__name__}"
            self._judge.forget()
            return None
        self.blind = None
        return reason

    async def _connected(self) -> AbstractConnection:
        if self._connection is None or self._connection.is_closed:
            self._connection = await once(self._url, "faultmaven-watchdog", ANSWER_S)
        return self._connection

    async def _sight(self, connection: AbstractConnection, consumption: Consumption, place: int) -> Sight:
        lane, queue = consumption.lanes[place]
        waiting, now = await _depth(connection, queue.name), time.monotonic()
        ages = [now - each.started for each in list(consumption.shell.deliveries.values()) if each.lane is lane]
        return Sight(
            queue.name,
            waiting,
            given=consumption.given[lane.name],
            in_hand=len(ages),
            prefetch=lane.prefetch,
            paused=consumption.paused,
            oldest=max(ages, default=0.0),
            deadline=consumption.shell.stage.deadline,
        )


async def _depth(connection: AbstractConnection, queue: str) -> int:
    """Return how many messages wait in a queue; 0 when there is no such queue, which is nothing that a restart could mend."""
    channel = await connection.channel(publisher_confirms=False)
    try:
        declared = await channel.declare_queue(queue, passive=True)
    except ChannelNotFoundEntity:
        return 0
    await channel.close()
    return declared.declaration_result.message_count or 0


async def _takes(connection: AbstractConnection) -> None:
    """Publish a message to ourselves, and wait until the broker has it."""
    async with await connection.channel(publisher_confirms=True) as channel:
        queue = await channel.declare_queue(exclusive=True, auto_delete=True)
        await channel.default_exchange.publish(aio_pika.Message(b""), queue.name)


def _also(watchdog: Watchdog, told: Callable[..., None] | None) -> Callable[..., None]:
    """Return an observer of a shell that tells the watchdog, and whoever was told before."""

    def observe(outcome: str, *about: Any, **more: Any) -> None:
        watchdog.note(outcome)
        if told is not None:
            told(outcome, *about, **more)

    return observe


@asynccontextmanager
async def watching(url: str, consumptions: Sequence[Consumption], patience: float, end: End = end) -> AsyncIterator[Watchdog]:
    """Watch while the block lasts.

    Args:
        url: of the broker.
        consumptions: what this process consumes.
        patience: seconds without progress that make a stall.
        end: what to do about a stall.
    """
    watchdog = Watchdog(url, consumptions, patience)
    for each in consumptions:
        each.shell.observe = _also(watchdog, each.shell.observe)

    async def watch() -> None:
        end(await watchdog.run())

    task = asyncio.create_task(watch())
    try:
        yield watchdog
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await watchdog.close()
