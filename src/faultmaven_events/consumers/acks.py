"""Acknowledging what was handled: one frame for all messages that are ready in the same turn of the event loop, where counting allows it.

A channel numbers its deliveries 1, 2, 3, ... An acknowledgement with `multiple` covers every number up to one; it is used only as far as
each single number is known to be settled. One in hand, or one never heard of, ends that run. Nobody waits for a gap to close: what lies
behind it is acknowledged one by one, at once.
"""

import asyncio
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final, cast

import aiormq
import structlog
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

REMEMBERED: Final = 10_000
"""Settled deliveries behind a gap that are remembered; beyond, acknowledgements stay single until the channel is a new one."""

log = structlog.get_logger()


@dataclass(slots=True)
class Settled:
    """The numbers of one channel that are settled."""

    floor: int = 0
    """Every number up to it is settled."""
    above: set[int] = field(default_factory=set)
    """Settled numbers above the first gap."""

    def add(self, numbers: AbstractSet[int]) -> list[tuple[int, bool]]:
        """Settle numbers; return how to tell the broker of them, as (number, multiple) of each acknowledgement."""
        if len(self.above) < REMEMBERED:
            self.above |= numbers
        while self.floor + 1 in self.above:
            self.floor += 1
            self.above.remove(self.floor)
        run = [number for number in numbers if number <= self.floor]
        joined = [(max(run), len(run) > 1)] if run else []
        return joined + [(number, False) for number in sorted(numbers) if number > self.floor]


@dataclass(slots=True)
class Acks:
    """The acknowledgements of one lane, which has one channel at a time: a connection that comes back counts from 1 again."""

    _channel: aiormq.abc.AbstractChannel | None = None
    _settled: Settled = field(default_factory=Settled)
    _fresh: set[int] = field(default_factory=set)
    _leading: bool = False
    """Whether somebody sends: one at a time, since nothing may be acknowledged twice."""

    async def ack(self, message: AbstractIncomingMessage) -> None:
        """Acknowledge a message: the first one of a turn of the event loop sends for all that are ready by then.

        Raises:
            ChannelInvalidStateError: its channel is gone, and the broker delivers it again.
        """
        number = self._number(message)
        self._fresh.add(number)
        if not self._leading:
            self._leading = True
            try:
                await asyncio.sleep(0)
                await self._send()
            finally:
                self._leading = False

    def passed(self, message: AbstractIncomingMessage) -> None:
        """Note that a message was settled in another way; raises as `ack` does."""
        number = self._number(message)
        self._settled.add({number})

    async def flush(self) -> None:
        """Send what was left behind by somebody who was cancelled before it was sent."""
        if not self._leading:
            await self._send()

    async def _send(self) -> None:
        while self._fresh:
            channel, fresh, self._fresh = cast("aiormq.Channel", self._channel), self._fresh, set()
            try:
                for number, multiple in self._settled.add(fresh):
                    await channel.basic_ack(number, multiple=multiple, wait=False)
            except (AMQPError, ChannelInvalidStateError, ConnectionError, RuntimeError) as error:
                log.warning("acknowledgements_lost", messages=len(fresh), error=type(error).__name__)  # they are delivered again

    def _number(self, message: AbstractIncomingMessage) -> int:
        channel = message.channel
        if channel is not self._channel:
            self._channel, self._settled, self._fresh = channel, Settled(), set()
        return cast("int", message.delivery_tag)
