"""The system's processes, as the operating system counts them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psutil


def tree(root: psutil.Process) -> list[psutil.Process]:
    """Return the process and everything below it."""
    return [root, *root.children(recursive=True)]


def resident(processes: list[psutil.Process], word: str) -> int:
    """Return the resident bytes of the processes whose command holds the word."""
    total = 0
    for process in processes:
        try:
            if word in process.cmdline():
                total += process.memory_info().rss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total


@contextmanager
def paused(pids: Sequence[int | None]) -> Iterator[None]:
    """Stop processes while the block lasts (SIGSTOP), with everything below them."""
    stopped = [process for pid in pids if pid is not None for process in tree(psutil.Process(pid))]
    for process in stopped:
        process.suspend()
    try:
        yield
    finally:
        for process in stopped:
            process.resume()
