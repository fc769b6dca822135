import asyncio
from contextlib import suppress

import pytest

from faultmaven_events.infra.llm.cancellation import end, heeded


async def swallowing() -> None:
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()


async def test_a_cancellation_that_somebody_swallowed_is_heeded_all_the_same() -> None:
    async def work() -> str:
        with heeded():
            await swallowing()
        return "went on"

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_time_limit_inside_is_no_cancellation() -> None:
    with heeded(), pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await asyncio.Event().wait()


async def test_tasks_end_even_when_they_swallow_the_first_cancellation() -> None:
    async def stubborn() -> None:
        await swallowing()
        await asyncio.Event().wait()

    tasks = [asyncio.create_task(stubborn()) for _ in range(3)]
    await asyncio.sleep(0)
    await end(tasks)
    assert all(task.done() for task in tasks)
