"""A server's folder `<home>/servers/<name>/`: its data, log, password, ports, and the record of what runs there."""

import asyncio
import os
import secrets
import socket
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from faultmaven_events.errors import TransientError

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Place:
    """Everything that one server keeps on disk; readable by its owner alone."""

    folder: Path

    @property
    def data(self) -> Path:
        """The server's own files."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What the server prints; the run before lies in `log.1`."""
        return self.folder / "log"

    @property
    def pids(self) -> Path:
        """A line `<pid> <time of its start>` for each process that was started here."""
        return self.folder / "pids"

    def make(self) -> None:
        """Create the folder."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def secret(self, name: str) -> str:
        """Return the secret kept in the file `name`; made up at the first call."""
        path = self.folder / name
        if not path.exists():
            write_private(path, secrets.token_hex(24))
        return path.read_text()

    def ports(self, count: int, *, fresh: bool = False) -> tuple[int, ...]:
        """Return free loopback ports: those of the last run as long as nobody else took them, so that URLs stay the same."""
        path = self.folder / "ports"
        known = () if fresh or not path.exists() else tuple(map(int, path.read_text().split()))
        if len(known) == count and are_free(known):
            return known
        ports = free_ports(count)
        path.write_text(" ".join(map(str, ports)))
        return ports


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with suppress(FileNotFoundError):
        draft.unlink()
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def free_ports(count: int) -> tuple[int, ...]:
    """Return different loopback ports that nothing listens on now."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((HOST, 0))
        return tuple(one.getsockname()[1] for one in sockets)


def are_free(ports: Iterable[int]) -> bool:
    """Whether a server could listen on all of these loopback ports now."""
    with ExitStack() as held:
        for port in ports:
            one = held.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind((HOST, port))
            except OSError:
                return False
    return True


async def accepts(port: int) -> None:
    """Return when a loopback port takes connections.

    Raises:
        TransientError: it does not.
    """
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError as error:
        raise TransientError("it does not accept connections yet") from error
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
