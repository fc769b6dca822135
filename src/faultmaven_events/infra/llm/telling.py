"""What becomes of an outcome: the breaker that all share is changed, and whoever changed it tells."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final

import structlog

from faultmaven_events.errors import FaultmavenError
from faultmaven_events.infra.llm.breaker import Breaker, Limits, Outcome, note, probing
from faultmaven_events.infra.llm.cancellation import end
from faultmaven_events.infra.llm.failures import Failed
from faultmaven_events.infra.llm.states import States
from faultmaven_events.schemas.usage import BreakerChanged

log = structlog.get_logger()

Publish = Callable[[BreakerChanged], Awaitable[None]]
FAREWELL_S: Final = 2.0
"""Seconds that what is still to be told gets at the end."""


class Breakers:
    """The breakers of all providers: asked before a call, told after it."""

    def __init__(self, states: States, publish: Publish, limits: Limits) -> None:
        self.states, self.limits, self._publish = states, limits, publish
        self._told: set[asyncio.Task[None]] = set()
        self._order = asyncio.Lock()

    def now(self) -> float:
        """Seconds since the epoch."""
        return self.states.clock()

    async def well(self, name: str, began: float) -> None:
        """Note a call that was answered."""
        await self._change(name, partial(note, outcome=Outcome(began, self.now()), limits=self.limits))

    async def failed(self, failed: Failed, began: float) -> None:
        """Note a call that failed."""
        outcome = Outcome(began, self.now(), failed.kind, failed.effect, failed.retry_after)
        await self._change(failed.provider, partial(note, outcome=outcome, limits=self.limits))

    async def begin(self, name: str) -> bool:
        """Say that it is probed from now on; False when that has become needless."""
        return await self._change(name, partial(probing, now=self.now(), limits=self.limits))

    async def _change(self, name: str, step: Callable[[Breaker], Breaker]) -> bool:
        """Change it, tell of a new state; return whether anything changed."""
        before, after = await self.states.change(name, step)
        if before.state != after.state or before.since != after.since:
            self._tell(name, before, after)
        return before != after

    def _tell(self, name: str, before: Breaker, after: Breaker) -> None:
        """Log and publish a change, one after the other and in the background: no answer waits for the broker's confirmation."""
        tell = log.warning if after.state == "open" else log.info
        tell("llm_breaker", provider=name, state=after.state, previous=before.state, reason=after.reason)
        task = asyncio.create_task(self._published(changed(name, before, after, self.now())))
        self._told.add(task)
        task.add_done_callback(self._told.discard)

    async def _published(self, change: BreakerChanged) -> None:
        async with self._order:
            try:
                await self._publish(change)
            except FaultmavenError as error:  # the states themselves are shared already
                log.warning("llm_breaker_not_told", provider=change.provider, error=error.code)

    async def settle(self) -> None:
        """Give what is being told a moment, then leave it."""
        if self._told:
            await asyncio.wait(self._told, timeout=FAREWELL_S)
        await end(self._told)


def changed(name: str, before: Breaker, after: Breaker, now: float) -> BreakerChanged:
    """Return what is told of a change."""
    return BreakerChanged(
        provider=name,
        state=after.state,
        previous=before.state,
        reason=after.reason[:300],
        at=datetime.fromtimestamp(now, UTC),
        probe_at=datetime.fromtimestamp(after.probe_at, UTC) if after.state != "closed" else None,
    )
