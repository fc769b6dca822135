"""One child process that cannot outlive its parent: the kernel ends it when the parent is gone, even after SIGKILL."""

import asyncio
import os
import shutil
import signal
from asyncio.subprocess import DEVNULL
from asyncio.subprocess import Process as Child
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from faultmaven_events.errors import SetupError

SAME_START_S = 2.0
"""Start times of a process read at different moments differ by the clock's corrections, not by more."""


@dataclass(frozen=True, slots=True)
class Command:
    """What to start and how it wants to be ended."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    stop: signal.Signals = signal.SIGTERM
    grace: float = 10.0
    """Seconds between the stop signal and SIGKILL."""
    identity: tuple[str, ...] = field(default=())
    """Options of setpriv(1): the user under whom it runs, when that is another."""


class Process:
    """A running command; its output goes to a log file."""

    def __init__(self, command: Command, child: Child) -> None:
        self._command = command
        self._child = child

    @classmethod
    async def start(cls, command: Command, *, log: Path, pids: Path | None = None) -> "Process":
        """Start a command; `pids` gets a line by which a later run recognises it.

        Raises:
            SetupError: it cannot be started.
        """
        # setpriv sets the parent-death signal and becomes the command, so that no Python runs between fork and exec. In a session of
        # its own, a Ctrl-C in the terminal reaches the parent alone, which then ends its children in order.
        guard = (_setpriv(), "--pdeathsig", command.stop.name.removeprefix("SIG"), *command.identity, "--")
        with log.open("ab") as output:
            child = await asyncio.create_subprocess_exec(
                *guard, *command.argv, stdin=DEVNULL, stdout=output, stderr=output, env=dict(command.env), start_new_session=True
            )
        if pids is not None:
            with suppress(psutil.NoSuchProcess), pids.open("a") as record:
                record.write(f"{child.pid} {psutil.Process(child.pid).create_time()}\n")
        return cls(command, child)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    @property
    def status(self) -> int | None:
        """The exit status, None while it runs; negative: the signal that ended it."""
        return self._child.returncode

    async def wait(self) -> int:
        """Wait until it has ended."""
        return await self._child.wait()

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self.status is None:
            with suppress(ProcessLookupError):
                # Not Popen.send_signal: it polls first, and so may take the exit status away from asyncio's watcher.
                os.kill(self.pid, number)

    async def stop(self) -> None:
        """Ask it to end; after its grace period, end it."""
        if self.status is None:
            self.send(self._command.stop)
            self.send(signal.SIGCONT)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._command.grace):
                    await self.wait()
        await self.kill()

    async def kill(self) -> None:
        """End it at once."""
        if self.status is None:
            self.send(signal.SIGKILL)
        await self.wait()


def end_leftovers(pids: Path) -> None:
    """End what a run that was killed left behind: by its pid, and only if it is still the same process; takes seconds."""
    if not pids.exists():
        return
    left = [process for line in pids.read_text().splitlines() if (process := _same(line))]
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(left, 5)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, 5)
    pids.unlink()


def _same(line: str) -> psutil.Process | None:
    pid, _, started = line.partition(" ")
    try:
        process = psutil.Process(int(pid))
        return process if abs(process.create_time() - float(started)) < SAME_START_S else None
    except (ValueError, psutil.Error):
        return None


def _setpriv() -> str:
    path = shutil.which("setpriv", path=f"{os.environ.get('PATH', '')}:/usr/bin:/bin")
    if path is None:
        raise SetupError("`setpriv` is missing: install util-linux, or set the FM_*_URL variables to servers that run elsewhere")
    return path
