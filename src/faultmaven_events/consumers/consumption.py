"""Consuming the queues of a stage: started, paused, probed with one message, resumed, drained.

FastStream holds the connection, its channels and the declared objects; messages are taken from aio-pika's queues directly, because a
stage must be able to stop in the middle without losing what it has in hand.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog
from aio_pika.abc import AbstractConnection, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

from faultmaven_events.consumers.shell import Shell
from faultmaven_events.infra.pool import RANK
from faultmaven_events.topology import Lane, Stage

GRACE = 20.0
"""Seconds that a stopping process gives to what it has in its hands."""

BEGUN = 0.1
"""Seconds in which a message that was given out before consuming was cancelled has reached its task."""

SETTLED = 3.0
"""Seconds to wait for the broker to have read the last acknowledgements."""

log = structlog.get_logger()


@dataclass(slots=True)
class Consumption:
    """The lanes of one stage in one process."""

    shell: Shell
    lanes: Sequence[tuple[Lane, AbstractQueue]]
    tags: dict[str, str] = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)
    given: Counter[str] = field(default_factory=Counter)
    """How many messages each lane was given so far, by its name: what the watchdog looks at."""

    @property
    def paused(self) -> bool:
        """Whether nothing is taken from the queues."""
        return not self.tags

    async def resume(self) -> None:
        """Take messages from every lane."""
        async with self.changing:
            for lane, queue in self.lanes:
                if queue.name not in self.tags:
                    self.tags[queue.name] = await queue.consume(partial(self._take, lane))

    async def pause(self) -> None:
        """Take no more messages; what is in hand is finished."""
        async with self.changing:
            for _, queue in self.lanes:
                tag = self.tags.pop(queue.name, None)
                if tag is not None:
                    try:
                        await queue.cancel(tag)
                    except (AMQPError, ChannelInvalidStateError, ConnectionError, RuntimeError):
                        log.info("consumer_gone_already", queue=queue.name)

    async def probe(self) -> bool:
        """Take one message, from the first lane that has one, and handle it; False when there is none."""
        for lane, queue in self.lanes:
            message = await queue.get(fail=False)
            if message is not None:
                await self._handle(lane, message)
                return True
        return False

    async def drain(self) -> None:
        """Pause, and wait for what is in hand, at most for the grace period; the rest comes again elsewhere."""
        await self.pause()
        await asyncio.sleep(BEGUN)
        waiting = set(self.tasks)
        if waiting:
            _, left = await asyncio.wait(waiting, timeout=GRACE)
            for task in left:
                task.cancel()
            if left:
                log.warning("not_finished_in_time", stage=self.shell.stage.name, messages=len(left))
                await asyncio.gather(*left, return_exceptions=True)
        await self._settle()

    async def _settle(self) -> None:
        """Wait until the queues answer: of what a broker is told just before a connection ends, it may forget some and deliver it again."""
        try:
            async with asyncio.timeout(SETTLED):
                for lane, queue in self.lanes:
                    await self.shell.acks[lane.name].flush()
                    await queue.declare()  # only passively: a question, answered after the acknowledgements before it
        except (TimeoutError, AMQPError, ChannelInvalidStateError, ConnectionError, RuntimeError) as error:
            log.info("acknowledgements_unknown", stage=self.shell.stage.name, error=type(error).__name__)

    async def _take(self, lane: Lane, message: AbstractIncomingMessage) -> None:
        task = asyncio.current_task()
        if task is not None:
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        await self._handle(lane, message)

    async def _handle(self, lane: Lane, message: AbstractIncomingMessage) -> None:
        RANK.set(lane.rank)
        self.given[lane.name] += 1
        await self.shell.deliver(message, lane)


async def open_lanes(stage: Stage, connection: AbstractConnection) -> list[tuple[Lane, AbstractQueue]]:
    """Open a channel per lane, with the lane's prefetch; the queues exist already."""
    found = []
    for lane in stage.lanes:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        await channel.set_qos(prefetch_count=lane.prefetch)
        # Declared, if only passively: aio-pika restores consumers after a lost connection of queues that it declared, and of no others.
        found.append((lane, await channel.declare_queue(stage.queue(lane), passive=True)))
    return found
