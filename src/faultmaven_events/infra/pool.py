"""Worker processes for CPU work: ranked, recycled, and limited in time and memory, so that a file that breaks a parser is one dead letter.

Each worker is an executor of its own with one task at a time: when it dies, hangs or is ended, nobody else's work goes with it, and
nothing waits inside an executor, where ranks mean nothing.
"""

import asyncio
import contextlib
import multiprocessing
import os
import resource
import signal
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final, TypeVar

from faultmaven_events.errors import ContentTooLarge, TransientError, Unavailable, UnreadableContent
from faultmaven_events.infra.turns import RANK, URGENT, Turns

__all__ = ["RANK", "CpuPool", "open_pool"]

T = TypeVar("T")

MEMORY_MB: Final = 2048
LEAST: Final = 4 << 20
"""Bytes that a worker must be able to get before it takes work."""
_preloaded: set[str] = set()
"""Of all pools of this process: they share one fork server."""

SOUND_S: Final = 60.0
"""Seconds in which a worker that is sound has said so."""


def _begin(memory: int) -> None:
    """Prepare a worker. Ctrl-C goes to the whole process group: the parent decides when its workers end, and none outlives it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit(resource.RLIMIT_DATA, memory)
    try:
        bytearray(LEAST)
    except MemoryError:
        os._exit(1)  # at once: a worker that has no memory at all may hang instead of ending, and then its content is blamed
    _limit(resource.RLIMIT_CORE, 0)  # a core file would hold what nobody may see
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (most, most))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()  # a parent that was killed told nobody: its workers would wait for work for ever
    os._exit(1)


class _Worker:
    """One worker process at a time; made when it is needed, replaced after `tasks` tasks or when it is broken."""

    def __init__(self, tasks: int, memory: int) -> None:
        self._tasks, self._memory = tasks, memory
        self._executor: ProcessPoolExecutor | None = None
        self._done = 0

    async def work(self, fn: Callable[..., T], args: tuple[Any, ...], seconds: float) -> T:
        """Run one task; a worker that did not end it well is ended.

        Raises:
            BrokenProcessPool: the worker died.
            UnreadableContent: it took too long.
            ContentTooLarge: it needed too much memory.
        """
        if self._done >= self._tasks:
            self.end()
        executor = self._executor = self._executor or self._new()
        self._done += 1
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.get_running_loop().run_in_executor(executor, partial(fn, *args))
        except TimeoutError:
            self.end()
            raise UnreadableContent(f"reading the content took longer than {seconds:.0f} s") from None
        except MemoryError:
            self.end()
            raise ContentTooLarge("reading the content needed more memory than a worker may have") from None
        except (BrokenProcessPool, asyncio.CancelledError):
            self.end()
            raise

    def end(self) -> None:
        """End the worker, whatever it is doing."""
        executor, self._executor, self._done = self._executor, None, 0
        if executor is not None:
            # The executor offers no public way to end a worker that hangs before Python 3.14.
            for process in list((executor._processes or {}).values()):  # noqa: SLF001 # see above
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
            executor.shutdown(wait=False, cancel_futures=True)

    def _new(self) -> ProcessPoolExecutor:
        # forkserver: a plain fork would inherit this process's event loop, sockets and threads.
        context = multiprocessing.get_context("forkserver")
        return ProcessPoolExecutor(1, mp_context=context, initializer=_begin, initargs=(self._memory,))


class CpuPool:
    """`size` worker processes, and a spare one for questions when all of these are busy. Rank 0 holds at most `size` - 1 of them."""

    def __init__(self, size: int = 2, *, tasks_per_worker: int = 500, memory_mb: int = MEMORY_MB) -> None:
        self._turns = Turns(size, spare=1)
        self._workers = [_Worker(tasks_per_worker, memory_mb << 20) for _ in range(size + 1)]
        self._closed = False

    async def run(self, fn: Callable[..., T], /, *args: Any, timeout: float) -> T:  # noqa: ASYNC109 # the limit ends the worker, not only the wait
        """Run `fn(*args)` in a worker when the turn of this context's rank comes; both must pickle. `timeout` begins with the run.

        A task whose worker died is run once more: the worker may have been ended by somebody else.

        Raises:
            UnreadableContent: the worker died twice, or ran longer than `timeout` seconds and was ended.
            ContentTooLarge: the worker needed more memory than it may have.
            TransientError: no worker starts on this machine, or this process is ending.
        """
        async with self._turns.turn() as place:
            worker = self._workers[place]
            for _ in range(2):
                if self._closed:
                    raise TransientError("this process is ending")
                with contextlib.suppress(BrokenProcessPool):
                    return await worker.work(fn, args, timeout)
            await self._prove(worker)
        raise UnreadableContent("the content ended the worker process that read it")

    async def warm(self, fn: Callable[..., Any], /, *args: Any, timeout: float) -> None:  # noqa: ASYNC109 # as above
        """Run `fn(*args)` once in every worker, the spare one too: what it imports is there before the first message."""
        await asyncio.gather(*(self._ranked(URGENT, fn, *args, timeout=timeout) for _ in self._workers))

    async def _ranked(self, rank: int, fn: Callable[..., Any], /, *args: Any, timeout: float) -> None:  # noqa: ASYNC109 # as above
        RANK.set(rank)  # in a task of its own
        await self.run(fn, *args, timeout=timeout)

    async def _prove(self, worker: _Worker) -> None:
        """Before content is blamed, see that a worker can do anything at all."""
        try:
            await worker.work(os.getpid, (), SOUND_S)
        except (BrokenProcessPool, UnreadableContent, ContentTooLarge):
            raise Unavailable("worker processes do not start on this machine") from None

    def close(self) -> None:
        """End the workers, whatever they are doing."""
        self._closed = True
        for worker in self._workers:
            worker.end()


@asynccontextmanager
async def open_pool(size: int = 2, *, memory_mb: int = MEMORY_MB, preload: str | None = None) -> AsyncIterator[CpuPool]:
    """Open a pool and end its workers at the end.

    `preload` names the module that its work needs: it is imported once, by the process that every worker of this process is forked from,
    so that a worker starts in milliseconds and shares that memory with the others.
    """
    if preload is not None:
        _preloaded.add(preload)
        multiprocessing.get_context("forkserver").set_forkserver_preload(sorted(_preloaded))
    pool = CpuPool(size, memory_mb=memory_mb)
    try:
        yield pool
    finally:
        pool.close()
