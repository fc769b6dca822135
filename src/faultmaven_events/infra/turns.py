"""Whose turn it is when many want one of a few places: by rank, and within a rank in the order of arrival.

Nobody waits for ever: who came first gets the next place after others of a higher rank were let past three times running.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

URGENT: Final = 2
RANK: ContextVar[int] = ContextVar("rank", default=1)
"""Who goes first: 2 a question, 1 a file, 0 documents and the crowd; the consumption sets it from the lane, and tasks inherit it."""

PATIENCE: Final = 3
"""How often running somebody may be let past the one that came first."""


@dataclass(slots=True, eq=False)
class _Waiter:
    rank: int
    place: asyncio.Future[int]


@dataclass(slots=True)
class Turns:
    """`places` for everybody, all but one of them for rank 0, and `spare` places that only rank 2 may take when the others are held."""

    places: int
    spare: int = 0
    _free: list[int] = field(init=False)
    _kept: list[int] = field(init=False)
    _low: int = field(init=False, default=0)
    _passed: int = field(init=False, default=0)
    _waiting: list[_Waiter] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._free = list(range(self.places))
        self._kept = list(range(self.places, self.places + self.spare))

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @asynccontextmanager
    async def turn(self, rank: int | None = None) -> AsyncIterator[int]:
        """Wait for a place, by default under the rank of this context, and hold it while the block lasts; yields its number from 0."""
        rank = RANK.get() if rank is None else rank
        place = await self._take(rank)
        try:
            yield place
        finally:
            self._leave(place, rank)

    async def _take(self, rank: int) -> int:
        waiter = _Waiter(rank, asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        self._serve()
        try:
            return await waiter.place
        except asyncio.CancelledError:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            elif not waiter.place.cancelled():
                self._leave(waiter.place.result(), rank)  # it was given a place in the moment in which it gave up
            raise

    def _leave(self, place: int, rank: int) -> None:
        (self._free if place < self.places else self._kept).append(place)
        self._low -= rank < 1
        self._serve()

    def _serve(self) -> None:
        while (waiter := self._next()) is not None:
            self._waiting.remove(waiter)
            self._low += waiter.rank < 1
            waiter.place.set_result((self._free or self._kept).pop(0))

    def _next(self) -> _Waiter | None:
        may = [waiter for waiter in self._waiting if self._may(waiter.rank) and not waiter.place.done()]
        if not may:
            return None
        chosen = may[0] if self._passed >= PATIENCE else max(may, key=lambda waiter: waiter.rank)
        self._passed = self._passed + 1 if chosen is not may[0] else 0
        return chosen

    def _may(self, rank: int) -> bool:
        if rank < 1:
            return bool(self._free) and self._low < max(1, self.places - 1)
        return bool(self._free or (self._kept and rank >= URGENT))
