"""GET /api/v1/jobs/{id}/stream: a job as it is worked on, as server-sent events."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, Final
from uuid import UUID

import structlog
from fastapi import APIRouter, Header
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from faultmaven_events.producers.http import metrics, reference
from faultmaven_events.producers.http.door import AtDoor, Calling, Door
from faultmaven_events.producers.http.followers import Followers, TooSlow
from faultmaven_events.producers.http.problems import Problem
from faultmaven_events.producers.http.telling import Position
from faultmaven_events.schemas.job import TERMINAL, Job

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])

HEARTBEAT: Final = 15
"""Seconds between two comments on a stream on which nothing happens."""
RECONNECT_MS: Final = 1000
SEND_S: Final = 20
"""Seconds that a client may take for one event before it is cut off."""

LastSeen = Annotated[str | None, Header(max_length=64, description="The id of the last event that was seen")]

log = structlog.get_logger()


@router.get("/{id}/stream", response_model=None, responses=reference.STREAM_OUT)
async def stream_job(id: UUID, door: AtDoor, caller: Calling, last_event_id: LastSeen = None) -> Response:
    """Follow a job live: its states, the phases of an investigation as they end, an answer while it is written, the end.

    A client that comes back with Last-Event-ID gets what came after that, and 204 when it has seen the end. Without Redis there are states
    and phases as they are stored, and the answer at the end. `GET /api/v1/jobs/{id}/ws` is the same over a WebSocket.
    """
    job = await find(door, caller.tenant, id)
    seen = Position.read(last_event_id)
    if seen.last == "end" and job.status in TERMINAL and job.version <= seen.version:
        return Response(status_code=204)
    return Stream(door.followers, job, seen)


async def find(door: Door, tenant: str, id: UUID) -> Job:
    """Return a tenant's job.

    Raises:
        Problem: unknown-job.
        TransientError: the store is away.
    """
    job = await door.jobs.get(tenant, id)
    if job is None:
        raise Problem("unknown-job", "No job of this tenant has this id.")
    return job


class Stream(EventSourceResponse):
    """An answer that holds a follower's place for as long as it lasts.

    Raises:
        Problem: too-many-followers.
    """

    def __init__(self, followers: Followers, job: Job, seen: Position) -> None:
        followers.enter(job.tenant)
        self._followers, self._tenant = followers, job.tenant
        alive = ServerSentEvent(comment="alive")
        super().__init__(_events(followers, job, seen), ping=HEARTBEAT, ping_message_factory=lambda: alive, send_timeout=SEND_S)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream, then give the place back."""
        try:
            with metrics.FOLLOWERS.labels("sse").track_inprogress():
                await super().__call__(scope, receive, send)
        except SendTimeoutError:
            log.info("follower_cut_off", correlation_id=scope["correlation_id"])
        finally:
            self._followers.leave(self._tenant)


async def _events(followers: Followers, job: Job, seen: Position) -> AsyncIterator[ServerSentEvent]:
    try:
        async with aclosing(followers.follow(job, seen)) as telling:
            async for told in telling:
                yield ServerSentEvent(told.data.decode(), event=told.kind, id=told.id, retry=RECONNECT_MS)
    except TooSlow:
        log.info("follower_cut_off", job=str(job.id))
