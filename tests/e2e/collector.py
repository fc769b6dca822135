"""A collector of spans on loopback, as OTLP over HTTP has it: it keeps every request as it came, unpacked."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Collector:
    """Where spans go, and what came there."""

    endpoint: str = ""
    bodies: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection: requests with a length, one after the other."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
                told = {name.lower(): value for name, value in lines.items()}
                body = await reader.readexactly(int(told.get(b"content-length", b"0")))
                self.bodies.append(gzip.decompress(body) if told.get(b"content-encoding") == b"gzip" else body)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def open_collector() -> AsyncIterator[Collector]:
    """Listen until the end of the block."""
    collector = Collector()
    async with await asyncio.start_server(collector.serve, "127.0.0.1", 0, limit=1 << 20) as server:
        collector.endpoint = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/traces"
        yield collector
