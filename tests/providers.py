"""A provider of language models on loopback that answers as told and fails as told: a real HTTP server in OpenAI's or Anthropic's dialect.

    async with provider(Status(429, retry_after=2), Say("hello"), dialect="openai") as fake:
        ...  # ask at f"{fake.url}/v1" (OpenAI) or fake.url (Anthropic); look at fake.requests

Each request takes the next step; the last one repeats. A request with `"stream": true` is answered in server-sent chunks.
Ask litellm with `_skip_mcp_handler=True` when there are tools: without it this version wants a package that it does not bring.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal

from dialects import Answer, Anthropic, Dialect, Finish, OpenAI
from faultmaven_events.infra.llm.port import Call

SAID = "what only the provider said"
"""Stands in every error of the fake: a finding wherever it turns up among ours."""
_CHUNKED = "Transfer-Encoding: chunked\r\n"
_DIALECTS: Mapping[str, Dialect] = {"openai": OpenAI(), "anthropic": Anthropic()}

Body = Mapping[str, Any]
Text = str | Callable[[Body], str]
Tool = Call | tuple[str, str | Mapping[str, Any]]


@dataclass(frozen=True)
class Say:
    """Answers. `text` may be a function of the request's body. `calls` holds (name, arguments), arguments as object or as written.

    Tokens None: it does not say what it counted (OpenAI's dialect only). `finish`: `length` for an answer that ran out of tokens.
    """

    text: Text = ""
    calls: Sequence[Tool] = ()
    tokens_in: int | None = 100
    tokens_out: int | None = 20
    finish: Finish | None = None


@dataclass(frozen=True)
class Status:
    """Refuses with a status code."""

    code: int
    retry_after: float | str | None = None
    said: str = SAID


@dataclass(frozen=True)
class Hang:
    """Takes the request and never answers."""


@dataclass(frozen=True)
class Drip:
    """Answers rightly, but a word (of a stream) or an eighth (of a body) at a time."""

    text: Text
    every_s: float


@dataclass(frozen=True)
class Cut:
    """Ends after so many characters of the text: the connection is dropped, the answer ends in good order but unfinished, or an error
    follows in the stream. A plain answer is always dropped in the middle of its body."""

    text: Text
    after: int = 5
    how: Literal["drop", "quiet", "error"] = "drop"


@dataclass(frozen=True)
class Garbage:
    """200, and then bytes that mean nothing."""


@dataclass(frozen=True)
class Refusal:
    """The model does not want to. `filtered`: what stood before it does not let it."""

    text: str = "I can't help with that."
    filtered: bool = False


@dataclass(frozen=True)
class Wait:
    """Takes the next step only when the event is set, so that tests need no sleep."""

    event: asyncio.Event
    then: "Step"


Step = Say | Status | Hang | Drip | Cut | Garbage | Refusal | Wait


@dataclass(frozen=True)
class Asked:
    """A request as it arrived; header names in small letters."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]


class Fake:
    """A running provider."""

    def __init__(self, dialect: Dialect, steps: Sequence[Step]) -> None:
        self.url = ""
        self.requests: list[Asked] = []
        self._dialect = dialect
        self._steps = list(steps)
        self._open: set[asyncio.Task[None]] = set()

    def script(self, *steps: Step) -> None:
        """Replace what is left of the script."""
        self._steps = list(steps)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            self._open.discard(task)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await _read(reader)
        out = _Writer(writer)
        if asked is None or asked.path.partition("?")[0] != self._dialect.path:
            await out.whole(404, self._dialect.error(404, "no such path"))
            return
        self.requests.append(asked)
        step = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
        while isinstance(step, Wait):
            await step.event.wait()
            step = step.then
        await self._play(step, asked.body, out)

    async def _play(self, step: Step, body: dict[str, Any], out: "_Writer") -> None:
        streamed = bool(body.get("stream"))
        match step:
            case Hang():
                await asyncio.Event().wait()
            case Status():
                headers = f"Retry-After: {step.retry_after}\r\n" if step.retry_after is not None else ""
                await out.whole(step.code, self._dialect.error(step.code, step.said), headers)
            case Garbage():
                await out.raw("text/event-stream" if streamed else "application/json", b'data: {"cho\xff\x00\x1f<html>\n\n')
            case Cut() if not streamed:
                await out.cut(self._dialect.whole(self._written(step, body)))
            case Cut():
                await self._cut_stream(step, body, out)
            case Say() | Drip() | Refusal():
                pause = step.every_s if isinstance(step, Drip) else 0
                await self._say(self._written(step, body), body, out, pause)

    async def _say(self, answer: Answer, body: dict[str, Any], out: "_Writer", pause: float) -> None:
        if body.get("stream"):
            await out.begin()
            for part in self._dialect.stream(answer, usage=_wants_usage(body)):
                await out.part(part, pause)
            await out.end()
        else:
            await out.whole(200, self._dialect.whole(answer), pause=pause)

    async def _cut_stream(self, step: Cut, body: dict[str, Any], out: "_Writer") -> None:
        """Send whole words until the cut, and none of what ends an answer."""
        answer = self._written(step, body)
        begun = Answer(answer.model, (answer.text or "")[: step.after])
        await out.begin()
        for part in self._dialect.stream(begun, usage=False):
            if any(mark in part for mark in ('"finish_reason": "stop"', "content_block_stop")):
                break
            await out.part(part)
        if step.how == "error":
            await out.part(self._dialect.broken(SAID))
        if step.how == "drop":
            out.drop()
        else:
            await out.end()

    def _written(self, step: Say | Drip | Cut | Refusal, body: dict[str, Any]) -> Answer:
        model = str(body.get("model", "model"))
        if isinstance(step, Refusal):
            return Answer(model, None, finish="filtered" if step.filtered else "refusal", refusal=None if step.filtered else step.text)
        text = step.text if isinstance(step.text, str) else step.text(body)
        if not isinstance(step, Say):
            return Answer(model, text)
        tools = [(call.name, call.arguments) if isinstance(call, Call) else (call[0], _text(call[1])) for call in step.calls]
        finish: Finish = step.finish or ("tool" if tools else "stop")
        return Answer(model, text or (None if tools else ""), tools, finish, step.tokens_in, step.tokens_out)

    async def _close(self) -> None:
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)


class _Writer:
    """One answer on a connection, which then closes."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    async def whole(self, status: int, body: dict[str, Any], headers: str = "", pause: float = 0) -> None:
        written = json.dumps(body).encode()
        self._head(status, "application/json", f"Content-Length: {len(written)}\r\n{headers}")
        size = max(1, len(written) // 8) if pause else len(written)
        for at in range(0, len(written), size):
            await asyncio.sleep(pause)
            await self._send(written[at : at + size])

    async def cut(self, body: dict[str, Any]) -> None:
        written = json.dumps(body).encode()
        self._head(200, "application/json", f"Content-Length: {len(written)}\r\n")
        await self._send(written[: len(written) // 2])
        self.drop()

    async def raw(self, kind: str, body: bytes) -> None:
        self._head(200, kind, f"Content-Length: {len(body)}\r\n")
        await self._send(body)

    async def begin(self) -> None:
        self._head(200, "text/event-stream", _CHUNKED)
        await self._writer.drain()

    async def part(self, text: str, pause: float = 0) -> None:
        if pause:
            await asyncio.sleep(pause)
        written = text.encode()
        await self._send(f"{len(written):x}\r\n".encode() + written + b"\r\n")

    async def end(self) -> None:
        await self._send(b"0\r\n\r\n")

    def drop(self) -> None:
        """Close in the middle, which a reader of chunks or of a length notices."""
        self._writer.close()

    def _head(self, status: int, kind: str, headers: str) -> None:
        self._writer.write(f"HTTP/1.1 {status} Told\r\nContent-Type: {kind}\r\nConnection: close\r\n{headers}\r\n".encode())

    async def _send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()


@asynccontextmanager
async def provider(*steps: Step, dialect: Literal["openai", "anthropic"] = "openai") -> AsyncIterator[Fake]:
    """Serve on a free port until the end of the block, which also ends connections that hang. Without steps it says nothing, politely."""
    fake = Fake(_DIALECTS[dialect], steps or (Say(),))
    server = await asyncio.start_server(fake._connected, "127.0.0.1", 0, limit=1 << 20)
    fake.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield fake
    finally:
        server.close()
        await fake._close()
        await server.wait_closed()


def dead_url() -> str:
    """An address where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    _method, path, _version = head[0].split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    try:
        return Asked(path, headers, json.loads(body))
    except ValueError:
        return None


def _wants_usage(body: Body) -> bool:
    return bool((body.get("stream_options") or {}).get("include_usage"))


def _text(arguments: str | Mapping[str, Any]) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments)
