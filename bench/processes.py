"""The system's processes, as the operating system counts them."""

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
