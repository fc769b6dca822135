"""A way to a server that can be cut and opened again, for tests of what survives that."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr


class Way:
    """A loopback port that leads to a server while it is open. It begins closed."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self._open = False
        self._pipes: set[asyncio.Task[None]] = set()
        self.url = SecretStr(url)

    def open(self) -> None:
        """Let connections through."""
        self._open = True

    def close(self) -> None:
        """Drop every connection, and take none."""
        self._open = False
        for pipe in self._pipes:
            pipe.cancel()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        if not self._open:
            writer.close()
            return
        there, back = await asyncio.open_connection(self._parts.hostname, self._parts.port)
        for each in (_carry(reader, back), _carry(there, writer)):
            pipe = asyncio.create_task(each)
            self._pipes.add(pipe)
            pipe.add_done_callback(self._pipes.discard)

    def at(self, port: int) -> None:
        """Set the address."""
        user = self._parts.netloc.rpartition("@")[0]
        self.url = SecretStr(urlunsplit(self._parts._replace(netloc=f"{user}@127.0.0.1:{port}".removeprefix("@"))))


@asynccontextmanager
async def way(url: SecretStr | None) -> AsyncIterator[Way]:
    """Give a way to a server."""
    assert url is not None
    way = Way(url.get_secret_value())
    server = await asyncio.start_server(way.serve, "127.0.0.1", 0)
    way.at(server.sockets[0].getsockname()[1])
    try:
        yield way
    finally:
        server.close()
        way.close()
        await asyncio.gather(*way._pipes, return_exceptions=True)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
    finally:
        writer.close()
