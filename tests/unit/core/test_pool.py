import asyncio
import os
import resource
import signal
import time
from pathlib import Path

import pytest

from faultmaven_events.errors import ContentTooLarge, TransientError, Unavailable, UnreadableContent
from faultmaven_events.infra.pool import RANK, CpuPool, open_pool


def double(value: int) -> int:
    return value * 2


def die() -> None:
    os._exit(11)


def hang() -> None:
    time.sleep(60)


def eat() -> int:
    return len(bytearray(2 << 30))


def core_size() -> int:
    return resource.getrlimit(resource.RLIMIT_CORE)[0]


def stay(start: Path, end: Path) -> int:
    start.touch()
    while not end.exists():
        time.sleep(0.01)
    return os.getpid()


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


async def test_content_that_eats_memory_is_too_large_and_the_next_one_is_read() -> None:
    async with open_pool(memory_mb=512) as pool:
        with pytest.raises(ContentTooLarge, match="more memory than a worker may have"):
            await pool.run(eat, timeout=30)
        assert await pool.run(double, 4, timeout=30) == 8


async def test_a_worker_leaves_no_core_file_with_content() -> None:
    async with open_pool(1) as pool:
        assert await pool.run(core_size, timeout=30) == 0


async def test_a_worker_that_somebody_else_ended_costs_nothing_but_time(tmp_path: Path) -> None:
    start, end = tmp_path / "start", tmp_path / "end"
    async with open_pool(1) as pool:
        victim = await pool.run(os.getpid, timeout=30)
        work = asyncio.create_task(pool.run(stay, start, end, timeout=30))
        await exists(start)
        os.kill(victim, signal.SIGKILL)
        end.touch()
        assert await work != victim


async def test_work_that_nobody_waits_for_any_more_gives_its_worker_back(tmp_path: Path) -> None:
    start = tmp_path / "start"
    async with open_pool(1) as pool:
        work = asyncio.create_task(pool.run(stay, start, tmp_path / "never", timeout=60))
        await exists(start)
        work.cancel()
        assert await pool.run(double, 2, timeout=30) == 4
        assert work.cancelled()


async def test_a_worker_is_replaced_after_its_tasks() -> None:
    pool = CpuPool(1, tasks_per_worker=2)
    try:
        first, second, third = [await pool.run(os.getpid, timeout=30) for _ in range(3)]
        assert first == second != third
    finally:
        pool.close()


async def test_content_is_not_blamed_when_no_worker_starts_at_all() -> None:
    pool = CpuPool(1, memory_mb=0)  # as on a machine that has no memory left for a worker
    try:
        with pytest.raises(Unavailable, match="do not start"):
            await pool.run(double, 1, timeout=30)
    finally:
        pool.close()


async def test_a_process_that_ends_blames_no_content(tmp_path: Path) -> None:
    start = tmp_path / "start"
    pool = CpuPool(1)
    work = asyncio.create_task(pool.run(stay, start, tmp_path / "never", timeout=60))
    await exists(start)
    pool.close()
    with pytest.raises(TransientError, match="is ending"):
        await work


async def test_documents_and_files_leave_a_worker_to_a_question(tmp_path: Path) -> None:
    end = tmp_path / "end"
    async with open_pool(2) as pool:
        documents = [ranked(pool, 0, stay, tmp_path / f"document {n}", end) for n in range(3)]
        await exists(tmp_path / "document 0")
        file = ranked(pool, 1, stay, tmp_path / "file", end)
        await exists(tmp_path / "file")
        assert await ranked(pool, 2, double, 21) == 42
        assert not (tmp_path / "document 1").exists()
        end.touch()
        await asyncio.gather(*documents, file)


def ranked(pool: CpuPool, rank: int, fn: object, *args: object) -> "asyncio.Task[object]":
    async def run() -> object:
        RANK.set(rank)
        return await pool.run(fn, *args, timeout=60)  # type: ignore[arg-type]  # any function will do

    return asyncio.create_task(run())


async def exists(path: Path) -> None:
    async with asyncio.timeout(60):
        while not path.exists():  # noqa: ASYNC110, ASYNC240 # another process has no event to wait for, and a look takes no time
            await asyncio.sleep(0.01)
