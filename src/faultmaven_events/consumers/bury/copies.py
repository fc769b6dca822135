"""Each letter has a copy in its stage's dead-letter queue. This keeps the copies in step with what was decided.

The depth of `fm.<stage>.dead` is the number of letters that wait for a decision: a copy is taken away when its letter was redriven or
discarded, or is there twice. A copy that MongoDB does not know (it was restored from a backup, or bury itself gave up on the letter) is
stored. At most `KEPT` copies stay in one queue; older ones are in MongoDB alone. See docs/decisions.
"""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage

from faultmaven_events.errors import InvalidEvent
from faultmaven_events.infra.letters import Letters
from faultmaven_events.infra.metrics import LETTERS
from faultmaven_events.infra.mongo import Database
from faultmaven_events.schemas.letter import Letter
from faultmaven_events.schemas.registry import decode
from faultmaven_events.topology import BY_NAME, STAGES

LOOK: Final = 5.0
"""Seconds between two comparisons of depth and open letters."""
KEPT: Final = 20_000
"""Copies that stay in one queue."""
BATCH: Final = 100
CHANNELS: Final = 8
"""The broker gives out one message at a time on each; together they are faster."""

log = structlog.get_logger()


@dataclass(slots=True)
class Look:
    """What the last comparison of one queue saw."""

    surplus: int = 0
    rest: int = 0
    """Comparisons to wait: a long queue is not gone through every time."""

    def due(self, depth: int, open_letters: int, kept: int = KEPT) -> bool:
        """Whether to go through the queue.

        It held too many copies twice in a row, and as many: else letters are on their way to MongoDB, or a redrive is not over yet.
        """
        before, self.surplus = self.surplus, max(0, depth - min(open_letters, kept))
        self.rest = max(0, self.rest - 1)
        settled = before == self.surplus or depth > kept
        if not (before and self.surplus and settled) or self.rest:
            return False
        self.surplus, self.rest = 0, depth // 1000
        return True


@dataclass(slots=True)
class Passing:
    """Going through one queue."""

    left: int
    """Copies to look at."""
    over: int
    """Copies that are too many, whatever became of their letters."""
    seen: set[UUID] = field(default_factory=set)
    taken: int = 0


class Copies:
    """Goes through the dead-letter queues of all stages."""

    def __init__(self, database: Database, clean_key: bytes, *, look: float = LOOK, kept: int = KEPT) -> None:
        self._letters, self._clean_key, self._pause, self._kept = Letters(database), clean_key, look, kept
        self._looks = {stage.name: Look() for stage in STAGES}

    async def keep_in_step(self, connection: AbstractConnection) -> None:
        """Compare depth and open letters again and again, and mend what differs."""
        while True:
            await self.compare(connection)
            await asyncio.sleep(self._pause)

    async def compare(self, connection: AbstractConnection) -> None:
        """Compare once. While bury has letters before it, depths mean nothing yet."""
        counts = await self._letters.open_by_stage()
        async with connection.channel() as channel:
            behind = sum([await _depth(channel, name) for name in BY_NAME["bury"].queues])
            for stage in STAGES:
                waiting = counts.get(stage.name, 0)
                LETTERS.labels(stage.name).set(waiting)
                depth = await _depth(channel, stage.dead_queue)
                if not behind and self._looks[stage.name].due(depth, waiting, self._kept):
                    await self._go_through(connection, stage.dead_queue, depth)

    async def _go_through(self, connection: AbstractConnection, name: str, depth: int) -> None:
        """Look at each copy once. Those that stay are held until the end, then go back to where they were when the channels close."""
        passing = Passing(left=depth, over=max(0, depth - self._kept))
        async with AsyncExitStack() as stack:
            channels: list[AbstractChannel] = []
            for _ in range(CHANNELS):
                channels.append(await connection.channel())
                stack.push_async_callback(channels[-1].close)
            async with asyncio.TaskGroup() as group:
                for channel in channels:
                    group.create_task(self._take(channel, name, passing))
        log.info("copies_gone_through", queue=name, seen=depth, taken=passing.taken)

    async def _take(self, channel: AbstractChannel, name: str, passing: Passing) -> None:
        queue = await channel.get_queue(name, ensure=False)
        while passing.left > 0:
            count = min(BATCH, passing.left)
            passing.left -= count
            messages = [message for _ in range(count) if (message := await queue.get(fail=False)) is not None]
            if not messages:
                return
            await self._settle(messages, passing)

    async def _settle(self, messages: list[AbstractIncomingMessage], passing: Passing) -> None:
        """Acknowledge the copies that need not stay."""
        letters = [(message, letter) for message in messages if (letter := _letter(message))]  # what is none, a person put there
        states = await self._letters.states([letter.id for _, letter in letters])
        for message, letter in letters:
            if letter.id not in states:
                await self._letters.keep(letter, self._clean_key)
            if passing.over > 0 or letter.id in passing.seen or states.get(letter.id, "dead") != "dead":
                await message.ack()
                passing.taken += 1
                passing.over -= 1
            passing.seen.add(letter.id)


async def _depth(channel: AbstractChannel, name: str) -> int:
    queue = await channel.declare_queue(name, passive=True)
    return queue.declaration_result.message_count or 0


def _letter(message: AbstractIncomingMessage) -> Letter | None:
    try:
        data = decode(message.body).data
    except InvalidEvent:
        return None
    return data if isinstance(data, Letter) else None
