"""Child processes of ours that are kept running: started, replaced when they die or give no sign of life, drained at the end."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from faultmaven_events.errors import SetupError
from faultmaven_events.infra.servers.instance import diagnose, last_words
from faultmaven_events.infra.servers.process import Command, Process, end_leftovers

BACKOFF_S: Final = (0.2, 1.0, 3.0, 10.0, 30.0)
"""Pauses before the restarts of a child that keeps dying; the last one goes on."""
STEADY_S: Final = 30.0
"""A child that ran that long starts with the shortest pause again."""


@dataclass(frozen=True, slots=True)
class Child:
    """One process to keep running; its output goes to `<logs>/<name>.log`."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    grace: float = 25.0
    """Seconds that it gets after SIGTERM to finish what it has in hand."""


class Crew:
    """The running children."""

    def __init__(self, children: Sequence[Child], logs: Path, progress: Callable[[str], None]) -> None:
        self._children = children
        self._logs = logs
        self._progress = progress
        self._running: dict[str, Process] = {}
        self._began: dict[str, float] = {}
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.restarts: dict[str, int] = {child.name: 0 for child in children}
        """How often each child was started again."""

    def pid(self, name: str) -> int | None:
        """The process id of a child; None between two lives."""
        process = self._running.get(name)
        return process.pid if process and process.status is None else None

    def check(self) -> None:
        """Tell a person about a child that cannot start.

        Raises:
            SetupError: it died twice already; quotes its log.
        """
        for task in self._tasks:
            if task.done():
                task.result()
        for name, count in self.restarts.items():
            if count > 1:
                raise SetupError(f"{name} does not start: {diagnose(self.log(name), 'it ended')}")

    def age(self, name: str) -> float:
        """Seconds since a child's present life began; 0 between two lives."""
        return time.monotonic() - self._began[name] if self.pid(name) is not None else 0.0

    async def replace(self, name: str, why: str) -> None:
        """End a child that lives but does nothing, the soft way first; it starts again like one that died."""
        process = self._running.get(name)
        if process is not None and process.status is None and not self._stopping.is_set():
            self._progress(f"{name} {why}: it is ended and started again (log: {self.log(name)})")
            await process.stop()

    def log(self, name: str) -> Path:
        """Where a child's output goes."""
        return self._logs / f"{name}.log"

    async def _keep(self, child: Child) -> None:
        """Run a child, again and again, until the crew stops."""
        failures = 0
        while not self._stopping.is_set():
            began = self._began[child.name] = time.monotonic()
            command = Command(child.argv, child.env, grace=child.grace)
            self._running[child.name] = await Process.start(command, log=self.log(child.name), pids=self._logs / "pids")
            status = await self._running[child.name].wait()
            if self._stopping.is_set():
                return
            failures = 0 if time.monotonic() - began > STEADY_S else failures
            pause = BACKOFF_S[min(failures, len(BACKOFF_S) - 1)]
            why = f": {last_words(self.log(child.name))}" if status == os.EX_SOFTWARE else ""
            self._progress(f"{child.name} ended with status {status}{why}; it starts again in {pause:g} s (log: {self.log(child.name)})")
            await asyncio.sleep(pause)
            failures += 1
            self.restarts[child.name] += 1

    def start(self) -> None:
        """Begin; what an earlier run left behind is ended first."""
        self._logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        end_leftovers(self._logs / "pids")
        for child in self._children:
            if self.log(child.name).exists():
                self.log(child.name).replace(self._logs / f"{child.name}.log.1")
        self._tasks = [asyncio.create_task(self._keep(child)) for child in self._children]

    async def stop(self) -> None:
        """Ask all to finish, at once; end those that do not within their grace period."""
        self._stopping.set()
        await asyncio.gather(*(process.stop() for process in self._running.values()))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        (self._logs / "pids").unlink(missing_ok=True)


@asynccontextmanager
async def supervise(children: Sequence[Child], *, logs: Path, progress: Callable[[str], None]) -> AsyncIterator[Crew]:
    """Keep children running while the block lasts.

    Args:
        children: what to run.
        logs: folder of their logs; the run before lies in `<name>.log.1`.
        progress: told when a child dies.
    """
    crew = Crew(children, logs, progress)
    crew.start()
    try:
        yield crew
    finally:
        await crew.stop()
