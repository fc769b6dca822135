"""What this process knows of the orders given to consumers: which stages are paused, which jobs nobody wants any more."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

import structlog

from faultmaven_events.errors import Unavailable
from faultmaven_events.infra.control import REMEMBERED, Control, Pause
from faultmaven_events.schemas.event import Event
from faultmaven_events.topology import STATES

INTERVAL: Final = 2.0
"""Seconds between two looks."""
OVERLAP: Final = 10.0
"""Seconds that two looks overlap, for clocks that differ."""
KEPT: Final = 100_000
"""Cancelled jobs that are remembered."""

_ON_THE_WAY: Final = frozenset(STATES[: STATES.index("completed")])

log = structlog.get_logger()


class Orders:
    """The orders as they were at the last look; when Redis is away, they stay as they are."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self.paused: dict[str, Pause] = {}
        self._cancelled: OrderedDict[UUID, None] = OrderedDict()
        self._since = time.time() - REMEMBERED.total_seconds()

    def unwanted(self, event: Event[Any]) -> bool:
        """Whether an event is one step of a job that was cancelled."""
        return event.subject in self._cancelled and event.state in _ON_THE_WAY

    async def look(self) -> None:
        """Ask once. Raises Unavailable."""
        began = time.time()
        for job in await self.control.cancelled(self._since):
            self._cancelled[job] = None
        while len(self._cancelled) > KEPT:
            self._cancelled.popitem(last=False)
        self._since = began - OVERLAP
        self.paused = await self.control.paused()

    async def follow(self, obey: Callable[[], Awaitable[None]]) -> None:
        """Look again and again, and have the orders obeyed."""
        while True:
            try:
                await self.look()
            except Unavailable as error:
                log.info("orders_unknown", error=str(error))
            await obey()
            await asyncio.sleep(INTERVAL)
