"""Whether the door may take something in: asked before a body is read, so that nothing is accepted which the broker would not take."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from faultmaven_events.errors import Throttled, TransientError
from faultmaven_events.producers.http.problems import Problem
from faultmaven_events.producers.publish import Publisher
from faultmaven_events.schemas.event import Event

STUCK: Final = 3.0
"""Seconds after which an unconfirmed publish closes the gate."""
COOLING: Final = 2.0
"""Seconds that the gate stays closed after a publish was not confirmed."""


class Gate:
    """The publisher, with a memory of how the last publishes went."""

    def __init__(self, publisher: Publisher, clock: Callable[[], float] = time.monotonic) -> None:
        self._publisher, self._clock = publisher, clock
        self._closed_until = 0.0
        self._pending: dict[object, float] = {}

    def check(self) -> None:
        """Refuse new work while the broker is away, full or stuck.

        Raises:
            Problem: broker-unavailable, with Retry-After.
        """
        reason = self.reason()
        if reason is not None:
            raise Problem("broker-unavailable", f"{reason} Nothing was accepted; try again.")

    def reason(self) -> str | None:
        """Return why the gate is closed, or None."""
        now = self._clock()
        if not self._publisher.connected:
            return "The broker is not connected."
        if now < self._closed_until:
            return "The broker refused the last event."
        if self._pending and now - next(iter(self._pending.values())) > STUCK:
            return "The broker does not confirm."
        return None

    async def publish(self, event: Event[Any]) -> None:
        """Publish and remember how it went.

        Raises:
            TransientError: it was not confirmed.
        """
        try:
            async with self._timed():
                await self._publisher.publish(event)
        except TransientError as error:
            self._closed_until = self._clock() + (error.after if isinstance(error, Throttled) else COOLING)
            raise
        self._closed_until = 0.0

    async def depths(self, queues: Sequence[str]) -> dict[str, int]:
        """Return how many messages wait in each queue; raises Unavailable."""
        return await self._publisher.depths(queues)

    @asynccontextmanager
    async def _timed(self) -> AsyncIterator[None]:
        mark = object()
        self._pending[mark] = self._clock()
        try:
            yield
        finally:
            del self._pending[mark]
