"""Group commit: what concurrent callers want written goes into one write, and each of them learns what became of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

Work = Callable[[Sequence[T]], Awaitable[Sequence[Exception | None]]]
"""Writes items; returns for each None or its error. Raises when it could write none."""


class Together(Generic[T]):
    """Writes at most `most` items at a time. While one write runs, the next one's items collect; nobody waits for company.

    A caller that gives up (is cancelled) may find its item written all the same, so writes must be repeatable.
    """

    def __init__(self, work: Work[T], most: int = 256) -> None:
        self._work, self._most = work, most
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def write(self, item: T) -> None:
        """Write an item, together with those of others; raises its own error only, or the one that kept all of them from being written."""
        told = asyncio.get_running_loop().create_future()
        self._waiting.append((item, told))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        await told

    async def close(self) -> None:
        """Wait for the write that runs."""
        if self._writing is not None:
            await self._writing

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                wanted = [(item, told) for item, told in group if not told.done()]  # a caller that was cancelled is done
                if wanted:
                    _tell([told for _, told in wanted], await self._outcomes([item for item, _ in wanted]))
        finally:
            self._writing = None

    async def _outcomes(self, items: Sequence[T]) -> Sequence[Exception | None]:
        try:
            return await self._work(items)
        except Exception as error:  # noqa: BLE001 # the boundary between writer and callers: each of them gets the error
            return [error] * len(items)


def _tell(waiting: Sequence["asyncio.Future[None]"], outcomes: Sequence[Exception | None]) -> None:
    for told, outcome in zip(waiting, outcomes, strict=True):
        if told.done():
            continue
        if outcome is None:
            told.set_result(None)
        else:
            told.set_exception(outcome)
