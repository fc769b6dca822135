"""Where a stage's messages go: on to the next stages, to a delay, to another lane, to the dead letters. Each publish is confirmed."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aio_pika import Message
from aio_pika.abc import AbstractExchange

from faultmaven_events.producers.publish import message_of, publish_confirmed
from faultmaven_events.schemas.event import Event


@dataclass(frozen=True, slots=True)
class Outlets:
    """The exchanges of one stage. Every method raises Throttled or Unavailable when the broker did not confirm."""

    events: AbstractExchange
    dead: AbstractExchange
    rungs: Mapping[float, AbstractExchange]
    """The delay exchanges by their delay in seconds."""
    direct: AbstractExchange
    """The default exchange: its routing key is a queue's name."""

    async def publish(self, events: Sequence[Event[Any]]) -> None:
        """Publish events side by side, and the last one when the others are confirmed."""
        *others, last = events
        if others:
            sent = (publish_confirmed(self.events, message_of(event), event.type) for event in others)
            for outcome in await asyncio.gather(*sent, return_exceptions=True):
                if isinstance(outcome, BaseException):
                    raise outcome
        await publish_confirmed(self.events, message_of(last), last.type)

    async def delay(self, message: Message, queue: str, seconds: float) -> None:
        """Put a message on the retry ladder; it comes back to the queue when the delay is over."""
        await publish_confirmed(self.rungs[seconds], message, queue)

    async def move(self, message: Message, queue: str) -> None:
        """Put a message into a queue."""
        await publish_confirmed(self.direct, message, queue)

    async def bury(self, letter: Event[Any], stage: str) -> None:
        """Send a dead letter of a stage."""
        await publish_confirmed(self.dead, message_of(letter), f"letter.{stage}")
