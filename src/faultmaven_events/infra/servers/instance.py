"""One running server: started on free ports until it is healthy; stopped, killed, paused and restarted by whoever holds it."""

import asyncio
import errno
import json
import re
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Protocol

from faultmaven_events.errors import SetupError, TransientError
from faultmaven_events.infra.servers.place import Place
from faultmaven_events.infra.servers.process import Command, Process, end_leftovers

HEALTHY_WITHIN_S: Final = 90.0
POLL_S: Final = 0.05
ATTEMPTS: Final = 4
"""How often other ports are tried when somebody took one between our look and the server's."""

_PORT_TAKEN = re.compile(r"eaddrinuse|address (already )?in use", re.IGNORECASE)
_RELEVANT = re.compile(r"error|fatal|panic|denied|no space|cannot|could not|failed|in use|eacces|enospc|eaddrinuse", re.IGNORECASE)
_CAUSES = (
    (re.compile(r"no space left|enospc|disk (is )?full", re.IGNORECASE), "the disk is full"),
    (re.compile(r"permission denied|eacces|eperm|not permitted", re.IGNORECASE), "it has no permission"),
    (_PORT_TAKEN, "its ports are taken"),
)


class Server(Protocol):
    """What an instance must know of a server."""

    @property
    def title(self) -> str:
        """Its name, for a person."""
        ...

    @property
    def place(self) -> Place:
        """Its folder."""
        ...

    @property
    def ports(self) -> int:
        """How many ports it listens on."""
        ...

    async def commands(self, ports: Sequence[int]) -> Sequence[Command]:
        """Write its configuration, create its data at the first start, and give what to start; the server itself is last."""
        ...

    async def version(self, ports: Sequence[int]) -> str:
        """Return its version once it is healthy and set up; raises TransientError until then."""
        ...


class Instance:
    """A server of ours; `start` returns when it is healthy."""

    def __init__(self, server: Server, progress: Callable[[str], None] = lambda _: None) -> None:
        self._server = server
        self._progress = progress
        self._processes: list[Process] = []
        self.ports: tuple[int, ...] = ()
        """The loopback ports in use; the same after a restart."""

    async def start(self) -> None:
        """Start it, or start it again.

        Raises:
            SetupError: it does not come up; one sentence with the last line of its log that tells why.
        """
        place = self._server.place
        began = time.monotonic()
        try:
            place.make()
            await asyncio.to_thread(end_leftovers, place.pids)
            for attempt in range(ATTEMPTS):
                self.ports = place.ports(self._server.ports, fresh=attempt > 0)
                version = await self._attempt(last=attempt == ATTEMPTS - 1)
                if version is not None:
                    self._progress(f"{self._server.title} {version} is ready ({time.monotonic() - began:.1f} s)")
                    return
        except OSError as error:
            raise SetupError(f"{self._server.title} cannot be started: {explain(error)}") from error

    async def stop(self) -> None:
        """End it in its own way; what it has on disk stays."""
        for process in reversed(self._processes):
            await process.stop()
        self._processes.clear()
        self._server.place.pids.unlink(missing_ok=True)

    async def kill(self) -> None:
        """End it as a power failure would (SIGKILL)."""
        for process in reversed(self._processes):
            await process.kill()
        self._processes.clear()

    async def restart(self) -> None:
        """Stop it and start it on the same ports."""
        await self.stop()
        await self.start()

    def pause(self) -> None:
        """Freeze it (SIGSTOP): connections stay open, nothing answers."""
        self._processes[-1].send(signal.SIGSTOP)

    def resume(self) -> None:
        """End a pause."""
        self._processes[-1].send(signal.SIGCONT)

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._processes[-1].pid

    async def _attempt(self, *, last: bool) -> str | None:
        """Start once; None when a port was taken and others may be tried."""
        place = self._server.place
        try:
            if place.log.exists():
                place.log.replace(place.log.with_name("log.1"))
            for command in await self._server.commands(self.ports):
                self._processes.append(await Process.start(command, log=place.log, pids=place.pids))
            return await self._healthy()
        except _EndedError as error:
            await self.stop()
            if not last and _PORT_TAKEN.search(_tail(place.log)):
                return None
            raise SetupError(f"{self._server.title} did not start: {diagnose(place.log, str(error))}") from None
        except BaseException:
            await self.stop()
            raise

    async def _healthy(self) -> str:
        deadline = time.monotonic() + HEALTHY_WITHIN_S
        reason = "it gave no answer"
        while time.monotonic() < deadline:
            for process in self._processes:
                if process.status is not None:
                    raise _EndedError(f"it ended with status {process.status}")
            try:
                async with asyncio.timeout(10):
                    return await self._server.version(self.ports)
            except (TransientError, TimeoutError) as error:
                reason = str(error) or reason
            await asyncio.sleep(POLL_S)
        raise _EndedError(f"it was not healthy within {HEALTHY_WITHIN_S:.0f} s ({reason})")


@asynccontextmanager
async def open_server(server: Server, progress: Callable[[str], None] = lambda _: None) -> AsyncIterator[Instance]:
    """Run one server for as long as the block lasts; for tests that break it on purpose."""
    instance = Instance(server, progress)
    try:
        await instance.start()
        yield instance
    finally:
        await instance.stop()


class _EndedError(Exception):
    """The server is not there, and waiting longer would not help."""


def diagnose(log: Path, otherwise: str) -> str:
    """Say in one sentence why a process ended, and quote the line of its log that tells."""
    lines = [line for line in map(str.strip, _tail(log).splitlines()) if line]
    quote = next((line for line in reversed(lines) if _RELEVANT.search(line)), lines[-1] if lines else "")
    cause = next((words for pattern, words in _CAUSES if pattern.search(quote)), otherwise)
    return f"{cause}; its log says: {_plain(quote)[:300]} ({log})" if quote else f"{cause}; its log is empty ({log})"


def last_words(log: Path) -> str:
    """Return what a process said last: the `reason` of its log's last line, or that line."""
    lines = [line for line in map(str.strip, _tail(log).splitlines()) if line]
    line = lines[-1] if lines else "it said nothing"
    try:
        return str(json.loads(line)["reason"])[:300]
    except (ValueError, KeyError, TypeError):
        return line[:300]


def explain(error: OSError) -> str:
    """Say in words of a person what the system refused."""
    where = f" ({error.filename})" if error.filename else ""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"the disk is full{where}"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"no permission to write{where}"
        case errno.EADDRINUSE:
            return f"a port is taken{where}"
        case _:
            return f"{error.strerror or error}{where}"


def _tail(log: Path) -> str:
    return log.read_bytes()[-20_000:].decode(errors="replace") if log.exists() else ""


def _plain(line: str) -> str:
    """MongoDB logs JSON: its message and error are what a person wants."""
    try:
        entry = json.loads(line)
        return f"{entry['msg']}: {entry.get('attr', {}).get('error', entry.get('attr', ''))}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return line
