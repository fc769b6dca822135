"""Half-written blobs of processes that were killed: in a local folder they stay for ever, beside the place that they were meant for.

The object store writes a blob as `<key>#<n>` and gives it its name at the end. On S3 and the like a bucket's rule for incomplete uploads
does this work.
"""

import asyncio
import time
from pathlib import Path
from typing import Final

import structlog

OLD_S: Final = 3600.0
"""Seconds after which nobody writes on a draft any more: longer than any stage may take."""
EVERY_S: Final = 3600.0

log = structlog.get_logger()


def sweep(folder: Path, now: float) -> int:
    """Delete drafts that are old; return how many. `now` in seconds since the epoch."""
    count = 0
    for path in folder.rglob("*#*"):
        try:
            if path.is_file() and now - path.stat().st_mtime > OLD_S:
                path.unlink()
                count += 1
        except FileNotFoundError:
            continue  # it was finished, or somebody else sweeps
    return count


async def keep_sweeping(folder: Path) -> None:
    """Sweep now, then every hour."""
    while True:
        count = await asyncio.to_thread(sweep, folder, time.time())
        if count:
            log.info("drafts_deleted", count=count)
        await asyncio.sleep(EVERY_S)
