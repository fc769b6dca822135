"""What both recordings use: an application process per service, a client that samples once a second, and files of evidence."""

import asyncio
import csv
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

APPS = Path(__file__).parent / "apps"


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Evidence:
    """The folder of one incident."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "evidence"
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in self.folder.iterdir():
            old.unlink()

    def path(self, name: str) -> Path:
        return self.folder / name

    def append(self, name: str, line: str) -> None:
        with self.path(name).open("a") as file:
            file.write(line.rstrip("\n") + "\n")


class App:
    """One application, run as a process of its own; its output is its log."""

    def __init__(self, script: str, log: Path, *arguments: str, **environment: str) -> None:
        self.script, self.log, self.arguments, self.environment = script, log, arguments, environment
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self.log.open("ab") as log:
            # Run by its bare name, so that a traceback shows no path of the machine that recorded it.
            run = f"import sys; exec(compile(open({self.script!r}).read(), {self.script!r}, 'exec'))"
            environment = {**os.environ, **self.environment}
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", run, *self.arguments, cwd=APPS, env=environment, stdout=log, stderr=log
            )

    async def stop(self) -> None:
        if self.process and self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            await self.process.wait()


async def sample(path: Path, columns: list[str], seconds: float, take: Callable[[], Awaitable[list[object]]]) -> None:
    """Write one row a second: the time, then what `take` returns."""
    end = time.monotonic() + seconds
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time", *columns])
        while time.monotonic() < end:
            started = time.monotonic()
            writer.writerow([now(), *await take()])
            file.flush()
            await asyncio.sleep(max(0.0, 1 - (time.monotonic() - started)))


def tail(log: Path, offset: int, target: Path) -> None:
    """Copy what a server wrote into its log since the recording began."""
    with log.open("rb") as file:
        file.seek(offset)
        target.write_bytes(file.read())
