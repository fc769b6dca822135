"""Cancellation that libraries swallow: redis and litellm sometimes turn it into an error or a result of theirs, and the work goes on."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


@contextmanager
def heeded() -> Iterator[None]:
    """Raise CancelledError at the end of the block when the task was cancelled inside it, whatever became of that."""
    task = asyncio.current_task()
    before = task.cancelling() if task is not None else 0
    try:
        yield
    finally:
        if task is not None and task.cancelling() > before:
            raise asyncio.CancelledError


async def end(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks until they are done."""
    waiting = set(tasks)
    while waiting:
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=0.5)
