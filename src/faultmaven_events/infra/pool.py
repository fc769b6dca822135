"""Worker processes for CPU work: recycled, and limited in time, so that a file that crashes or hangs a parser is one dead letter."""

import asyncio
import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar

from faultmaven_events.errors import UnreadableContent

T = TypeVar("T")


def _begin() -> None:
    """Prepare a worker. Ctrl-C goes to the whole process group: the parent decides when its workers end, and none outlives it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()  # a parent that was killed told nobody: its workers would wait for work for ever
    os._exit(1)


class CpuPool:
    """`size` worker processes, each replaced after `tasks_per_worker` tasks."""

    def __init__(self, size: int = 2, *, tasks_per_worker: int = 500) -> None:
        self._size, self._tasks = size, tasks_per_worker
        self._executor = self._new(size)
        self._alone = asyncio.Lock()

    def _new(self, size: int) -> ProcessPoolExecutor:
        # forkserver: a plain fork would inherit this process's event loop, sockets and threads.
        context = multiprocessing.get_context("forkserver")
        return ProcessPoolExecutor(size, mp_context=context, initializer=_begin, max_tasks_per_child=self._tasks)

    async def run(self, fn: Callable[..., T], /, *args: Any, timeout: float) -> T:  # noqa: ASYNC109 # the limit ends the worker, not only the wait
        """Run `fn(*args)` in a worker; both must pickle.

        When a worker dies, whatever shared the pool with it fails too, so each of those is run once more on its own: only the one that
        kills its worker again is to blame.

        Raises:
            UnreadableContent: the worker died, or ran longer than `timeout` seconds and was ended.
        """
        executor = self._executor
        try:
            return await self._within(executor, fn, args, timeout)
        except BrokenProcessPool:
            if self._executor is executor:
                self._executor = self._new(self._size)
        async with self._alone:
            single = self._new(1)
            try:
                return await self._within(single, fn, args, timeout)
            except BrokenProcessPool:
                raise UnreadableContent("the content ended the worker process that read it") from None
            finally:
                _end(single)

    async def _within(self, executor: ProcessPoolExecutor, fn: Callable[..., T], args: tuple[Any, ...], timeout: float) -> T:  # noqa: ASYNC109 # as above
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.get_running_loop().run_in_executor(executor, partial(fn, *args))
        except TimeoutError:
            _end(executor)
            if self._executor is executor:
                self._executor = self._new(self._size)
            raise UnreadableContent(f"reading the content took longer than {timeout:.0f} s") from None

    def close(self) -> None:
        """End the workers, whatever they are doing."""
        _end(self._executor)


def _end(executor: ProcessPoolExecutor) -> None:
    # The executor offers no public way to end a worker that hangs before Python 3.14.
    for process in list((executor._processes or {}).values()):  # noqa: SLF001 # see above
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    executor.shutdown(wait=False, cancel_futures=True)


@asynccontextmanager
async def open_pool(size: int = 2) -> AsyncIterator[CpuPool]:
    """Open a pool and end its workers at the end."""
    pool = CpuPool(size)
    try:
        yield pool
    finally:
        pool.close()
