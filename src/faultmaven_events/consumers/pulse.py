"""The pulse of the event loop, felt from a thread: when the loop does not turn, nothing inside it could notice."""

import asyncio
import faulthandler
import json
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

TICK_S: Final = 1.0
STALLED: Final = os.EX_SOFTWARE
"""Exit status of a process that ended itself because it was stalled: 70."""
LAST_RESORT: Final = 5
"""Times the patience after which Python's own watchdog ends the process. It counts the time for which the process stood still too."""

End = Callable[[str], None]


def end(reason: str) -> None:
    """End this process at once, with one line that says why: what it has in hand comes again elsewhere."""
    line = {"event": "consumer_stalled", "level": "error", "reason": reason, "timestamp": datetime.now(UTC).isoformat()}
    os.write(2, (json.dumps(line) + "\n").encode())  # not through the logger: whoever hangs may hold its lock
    os._exit(STALLED)


class Pulse(threading.Thread):
    """Ends the process when the loop has not turned for `patience` seconds.

    Looks are counted rather than seconds: while the whole process stands still (SIGSTOP, a machine asleep) nobody looks.
    """

    def __init__(self, patience: float, end: End = end) -> None:
        super().__init__(name="pulse", daemon=True)
        self._patience, self._end = patience, end
        self._beats, self._seen, self._missed = 0, -1, 0
        self._over = threading.Event()

    @property
    def missed(self) -> float:
        """Seconds for which no beat was felt."""
        return self._missed * TICK_S

    def beat(self) -> None:
        """Say that the loop turns.

        Should even the thread be kept from looking, by code that holds the interpreter, Python's own watchdog ends the process, status 1.
        """
        self._beats += 1
        faulthandler.dump_traceback_later(LAST_RESORT * self._patience, exit=True, file=sys.__stderr__ or sys.stderr)

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        faulthandler.cancel_dump_traceback_later()

    def run(self) -> None:
        """Look until stopped."""
        while not self._over.wait(TICK_S):
            self._missed = self._missed + 1 if self._beats == self._seen else 0
            self._seen = self._beats
            if self.missed >= self._patience:
                faulthandler.dump_traceback(file=sys.__stderr__ or sys.stderr, all_threads=True)
                self._end(f"the event loop has not turned for {self.missed:.0f} s")
                return


@asynccontextmanager
async def open_pulse(patience: float, end: End = end) -> AsyncIterator[Pulse]:
    """Feel the pulse of the running loop while the block lasts."""
    pulse = Pulse(patience, end)

    async def beat() -> None:
        while True:
            pulse.beat()
            await asyncio.sleep(TICK_S / 2)

    beating = asyncio.create_task(beat())
    pulse.start()
    try:
        yield pulse
    finally:
        beating.cancel()
        pulse.stop()
