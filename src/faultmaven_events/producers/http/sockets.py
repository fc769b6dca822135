"""GET /api/v1/jobs/{id}/ws: what `/stream` tells, as messages of a WebSocket (RFC 6455).

Each message is `{"type": "text", "id": "3.2.1700000000000-0", "data": {...}}`, with the types of `telling.KINDS`. A client may send
`{"type": "resume", "after": ID}`, which begins anew after what had that id and is answered by `resumed`, and `{"type": "ping"}`, which
is answered by `pong`. The address takes `?after=ID`, so that a client that comes back is told nothing twice.
"""

import asyncio
from contextlib import aclosing
from typing import Final, Literal
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from fastapi import APIRouter, WebSocket
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import to_json
from starlette.websockets import WebSocketDisconnect

from faultmaven_events.errors import TransientError
from faultmaven_events.producers.http import identity, metrics
from faultmaven_events.producers.http.door import Door
from faultmaven_events.producers.http.followers import TooSlow
from faultmaven_events.producers.http.problems import Problem
from faultmaven_events.producers.http.streams import SEND_S, find
from faultmaven_events.producers.http.telling import Position

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])

MESSAGE: Final = 4096
"""Characters of a client's message that is read."""
LARGEST: Final = 16 * 1024
"""Bytes of a client's message; at a larger one the connection is closed before it has arrived."""
MESSAGES: Final = 120
"""Messages that a client may send over one connection in a minute."""
MINUTE: Final = 60.0

ENDED: Final = 1000
FORBIDDEN: Final = 1008
BROKEN: Final = 1011
LATER: Final = 1013
BAD_MESSAGE: Final = 4400
UNKNOWN_JOB: Final = 4404
CODES: Final[dict[int, str]] = {
    ENDED: "The job has ended, and `end` was told",
    1001: "The server goes away; come back with `after`",
    1012: "The server restarts; come back with `after`",
    1009: "A message of the client is too large",
    FORBIDDEN: "The client sends too many messages",
    BROKEN: "Something went wrong here",
    LATER: "Too many follow jobs here, the client is too slow, or a store is away; come back later with `after`",
    BAD_MESSAGE: "A message of the client, or a header, cannot be read",
    UNKNOWN_JOB: "No job of this tenant has this id",
}
"""Every code with which the server closes."""

log = structlog.get_logger()


class Resume(BaseModel):
    """Begin anew after an id."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["resume"]
    after: str = Field(max_length=64)


class Ping(BaseModel):
    """Ask for a sign of life."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["ping"]


_SAID: Final[TypeAdapter[Resume | Ping]] = TypeAdapter(Resume | Ping)


class Bye(Exception):
    """The connection is to be closed with a code."""

    def __init__(self, code: int) -> None:
        super().__init__(CODES[code])
        self.code = code


@router.websocket("/{id}/ws")
async def talk(socket: WebSocket, id: str) -> None:
    """Follow a job live over a WebSocket."""
    if not _same_site(socket):
        await socket.close()  # before it is accepted: 403
        return
    await socket.accept()
    code = ENDED
    try:
        with metrics.FOLLOWERS.labels("websocket").track_inprogress():
            await _serve(socket, id)
    except WebSocketDisconnect:
        return
    except Bye as bye:
        code = bye.code
    except Problem as problem:
        code = {"unknown-job": UNKNOWN_JOB, "too-many-followers": LATER}.get(problem.code, BAD_MESSAGE)
    except (TransientError, TooSlow, TimeoutError):
        code = LATER
    except Exception as error:  # noqa: BLE001  # the last line of defence: whatever it is, the log has its type and no content
        log.error("socket_failed", error=type(error).__name__)  # noqa: TRY400  # a traceback may hold content
        code = BROKEN
    await _close(socket, code)


def _same_site(socket: WebSocket) -> bool:
    """Whether no page of another site opened it: a browser asks nobody before it does, and says where the page came from."""
    origin = socket.headers.get("origin")
    try:
        return origin is None or urlsplit(origin).netloc == socket.headers.get("host")
    except ValueError:
        return False


async def _serve(socket: WebSocket, id: str) -> None:
    socket.scope["correlation_id"] = identity.correlation([value.encode() for value in socket.headers.getlist(identity.CORRELATION)])
    caller, door = identity.caller(socket), socket.app.state.door
    try:
        job = UUID(id)
    except ValueError:
        raise Bye(UNKNOWN_JOB) from None
    with door.followers.place(caller.tenant):
        await _Conversation(socket, door, caller.tenant, job).run(Position.read(socket.query_params.get("after")))


class _Conversation:
    """One connection: telling, and listening at the same time."""

    def __init__(self, socket: WebSocket, door: Door, tenant: str, job: UUID) -> None:
        self._socket, self._door, self._tenant, self._job = socket, door, tenant, job
        self._heard: list[float] = []

    async def run(self, seen: Position) -> None:
        """Tell until the end; begin anew when the client says so."""
        listening = asyncio.create_task(self._listen())
        telling = asyncio.create_task(self._tell(seen))
        try:
            while True:
                done, _ = await asyncio.wait({listening, telling}, return_when=asyncio.FIRST_COMPLETED)
                if listening not in done:
                    return telling.result()
                seen = listening.result()
                await _ended(telling)
                await self._send({"type": "resumed", "after": str(seen)})
                listening, telling = asyncio.create_task(self._listen()), asyncio.create_task(self._tell(seen))
        finally:
            await _ended(listening, telling)

    async def _tell(self, seen: Position) -> None:
        job = await find(self._door, self._tenant, self._job)
        async with aclosing(self._door.followers.follow(job, seen)) as telling:
            async for told in telling:
                head = f'{{"type":"{told.kind}","id":"{told.id}","data":'
                await self._send_text(head + told.data.decode() + "}")

    async def _listen(self) -> Position:
        """Answer pings; return at a `resume`."""
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code") or 1005)
            self._count()
            said = _read(message.get("text"))
            if isinstance(said, Resume):
                return Position.read(said.after)
            await self._send({"type": "pong"})

    def _count(self) -> None:
        now = asyncio.get_running_loop().time()
        self._heard = [at for at in self._heard if now - at < MINUTE] + [now]
        if len(self._heard) > MESSAGES:
            raise Bye(FORBIDDEN)

    async def _send(self, message: dict[str, str]) -> None:
        await self._send_text(to_json(message).decode())

    async def _send_text(self, text: str) -> None:
        async with asyncio.timeout(SEND_S):
            await self._socket.send_text(text)


def _read(text: str | None) -> Resume | Ping:
    if text is None or len(text) > MESSAGE:
        raise Bye(BAD_MESSAGE)
    try:
        return _SAID.validate_json(text)
    except ValidationError:
        raise Bye(BAD_MESSAGE) from None


async def _ended(*tasks: asyncio.Task[object]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _close(socket: WebSocket, code: int) -> None:
    try:
        async with asyncio.timeout(SEND_S):
            await socket.close(code, CODES[code][:120])
    except (RuntimeError, TimeoutError, WebSocketDisconnect):
        return  # it is closed already
