import asyncio
import os
import time

import pytest

from faultmaven_events.errors import UnreadableContent
from faultmaven_events.infra.pool import open_pool


def double(value: int) -> int:
    return value * 2


def die() -> None:
    os._exit(11)


def hang() -> None:
    time.sleep(60)


def complain() -> None:
    raise UnreadableContent("it is empty")


async def test_the_one_that_kills_its_worker_is_to_blame_and_its_neighbours_finish() -> None:
    async with open_pool() as pool:
        results = await asyncio.gather(
            pool.run(die, timeout=30), *(pool.run(double, n, timeout=30) for n in range(4)), return_exceptions=True
        )
        assert isinstance(results[0], UnreadableContent)
        assert results[1:] == [0, 2, 4, 6]
        assert await pool.run(double, 21, timeout=30) == 42


async def test_a_worker_that_hangs_is_ended() -> None:
    async with open_pool() as pool:
        with pytest.raises(UnreadableContent, match="longer than 1 s"):
            await pool.run(hang, timeout=1)
        assert await pool.run(double, 4, timeout=30) == 8


async def test_an_error_of_the_function_is_the_callers() -> None:
    async with open_pool() as pool:
        with pytest.raises(UnreadableContent, match="it is empty"):
            await pool.run(complain, timeout=30)
