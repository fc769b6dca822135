"""A server on loopback that writes the given bytes, for what no well-meaning server sends."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any


@asynccontextmanager
async def raw_server(*responses: bytes, keep: bool = False) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Answer the n-th request with the n-th bytes, the last for ever; yield the address and the requests' heads.

    `keep`: the connection stays open after a response, unless the next response is empty: then it is dropped instead of answered.
    """
    waiting, heads = list(responses), list[bytes]()
    tasks: set[asyncio.Task[Any]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(_length(head))
                heads.append(head)
                response = waiting.pop(0) if len(waiting) > 1 else waiting[0]
                writer.write(response)
                await writer.drain()
                if not keep or not response:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()
            tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heads
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


def http(body: bytes, *headers: str, status: int = 200, kind: str = "application/json") -> bytes:
    """Return a response."""
    lines = (f"HTTP/1.1 {status} Told", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def completion(text: str, **more: Any) -> bytes:
    """Return the body of an answer in OpenAI's form; what is in `more` is put into it, or replaces it."""
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    whole: dict[str, Any] = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": choices, "usage": usage}
    return json.dumps(whole | more).encode()


def tokens(texts: Sequence[str]) -> bytes:
    """Return the body of a stream in OpenAI's form that never says that it ended."""
    return b"".join(chunk({"content": text}) for text in texts)


def chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
    """Return one event of a stream in OpenAI's form."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    whole = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + json.dumps(whole).encode() + b"\n\n"


def _length(head: bytes) -> int:
    for line in head.decode("latin-1").lower().split("\r\n"):
        if line.startswith("content-length:"):
            return int(line.partition(":")[2])
    return 0
