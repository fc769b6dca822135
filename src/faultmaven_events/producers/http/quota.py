"""How much may be on its way at a time: of one tenant, and of everybody; asked before a body is read.

A tenant may have so many unfinished files and documents; questions are neither counted nor refused for that, for somebody waits for them.
The number of bodies that are read at a time is bounded, because each holds some megabytes; some of these places are kept for questions,
and who finds none waits a while before the body is read.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Final

from faultmaven_events.errors import TransientError
from faultmaven_events.infra.jobs import Jobs
from faultmaven_events.infra.turns import URGENT, Turns
from faultmaven_events.producers.http.problems import Problem

FRESH: Final = 1.0
"""Seconds for which a count is used again; what this process takes in meanwhile is added to it."""
COUNTING: Final = 2.0
"""Seconds that the job store may take to count."""
LATER: Final = 5
"""Seconds after which a tenant that is over its share may come back."""
KEPT: Final = 1000
"""Tenants that are remembered, beyond those that are handing something in."""
PATIENCE: Final = 10.0
"""Seconds that a request waits for its turn before its body is read."""
LINE: Final = 1000
"""Requests that may wait so."""
BUSY: Final = "Too many files are being handed in. Nothing was accepted; try again."


@dataclass(slots=True)
class _Tenant:
    """What is on its way: `counted` in the job store at `at`, `since` accepted here after that, `coming` now."""

    places: asyncio.Semaphore
    counted: int = 0
    at: float = float("-inf")
    since: int = 0
    coming: int = 0
    counting: asyncio.Lock = field(default_factory=asyncio.Lock)


class Quota:
    """`jobs` of one tenant that may be unfinished, and `bodies` with files that may be read at a time."""

    def __init__(self, store: Jobs, *, jobs: int, bodies: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._most, self._clock = store, jobs, clock
        kept = max(1, bodies // 8)
        self._places = max(1, bodies - kept)
        self._turns = Turns(self._places, spare=kept)
        self._lined = 0
        self._tenants: dict[str, _Tenant] = {}

    @asynccontextmanager
    async def file(self, tenant: str) -> AsyncIterator[None]:
        """Hold a place for one file or document of a tenant while it is handed in.

        A tenant that holds half of the places waits behind the others, and never holds more than three quarters.

        Raises:
            Problem: throttled, busy or store-unavailable; the body was not read.
        """
        known = self._known(tenant)
        known.coming += 1
        try:
            await self._count(tenant, known)
            if known.counted + known.since + known.coming > self._most:
                raise self._refusal()
            rank = 1 if known.coming <= self._places // 2 else 0
            async with self._place(rank, known.places):
                yield
            known.since += 1
        finally:
            known.coming -= 1

    @asynccontextmanager
    async def question(self) -> AsyncIterator[None]:
        """Hold a place for a question that comes with files.

        Raises:
            Problem: busy; the body was not read.
        """
        async with self._place(URGENT, nullcontext()):
            yield

    def _refusal(self) -> Problem:
        return Problem(
            "throttled",
            f"{self._most} files and documents of yours are not finished yet; try again when some are. Questions are taken.",
            headers={"Retry-After": str(LATER)},
        )

    @asynccontextmanager
    async def _place(self, rank: int, own: AbstractAsyncContextManager[None]) -> AsyncIterator[None]:
        async with AsyncExitStack() as place:
            if self._lined >= LINE:
                raise Problem("busy", BUSY)
            self._lined += 1
            try:
                async with asyncio.timeout(PATIENCE):
                    await place.enter_async_context(own)
                    await place.enter_async_context(self._turns.turn(rank))
            except TimeoutError:
                raise Problem("busy", BUSY) from None
            finally:
                self._lined -= 1
            yield

    def _known(self, tenant: str) -> _Tenant:
        if len(self._tenants) > KEPT and tenant not in self._tenants:
            stale = self._clock() - FRESH
            self._tenants = {name: known for name, known in self._tenants.items() if known.coming or known.at > stale}
        return self._tenants.setdefault(tenant, _Tenant(asyncio.Semaphore(max(1, self._places * 3 // 4))))

    async def _count(self, tenant: str, known: _Tenant) -> None:
        async with known.counting:  # one look for all that come at once
            if self._clock() - known.at < FRESH:
                return
            seen = known.since
            try:
                async with asyncio.timeout(COUNTING):
                    known.counted = await self._store.unfinished(tenant, self._most)
            except (TransientError, TimeoutError) as error:
                raise Problem("store-unavailable", "The job store does not answer. Nothing was accepted; try again.") from error
            known.at, known.since = self._clock(), known.since - seen
