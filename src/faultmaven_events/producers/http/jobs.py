"""What became of what was handed in: one job, many jobs, a job's changes as they happen, its way; and what can be ordered about it."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Header, Query, Request
from pydantic_core import to_json
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from faultmaven_events.errors import TransientError
from faultmaven_events.infra.jobs.lineage import Lineages
from faultmaven_events.producers.http import accepted, orders, reference
from faultmaven_events.producers.http.body import whole
from faultmaven_events.producers.http.door import AtDoor, Calling, Door, fit
from faultmaven_events.producers.http.identity import Caller
from faultmaven_events.producers.http.preferences import etag, matches, wait
from faultmaven_events.producers.http.problems import Problem
from faultmaven_events.producers.http.why import explained
from faultmaven_events.schemas.event import Kind
from faultmaven_events.schemas.job import TERMINAL, Job, Status

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])

HEARTBEAT = 15
"""Seconds between two comments on a stream on which nothing happens."""
RECONNECT_MS = 1000

LastSeen = Annotated[str | None, Header(max_length=20, description="The version that was seen last")]

log = structlog.get_logger()


async def _find(door: Door, caller: Caller, id: UUID) -> Job:
    job = await door.jobs.get(caller.tenant, id)
    if job is None:
        raise Problem("unknown-job", "No job of this tenant has this id.")
    return job


@router.get("", response_model=None, responses=reference.JOBS_OUT)
async def show_jobs(  # noqa: PLR0917  # FastAPI passes them by name
    door: AtDoor,
    caller: Calling,
    status: Annotated[Status | None, Query()] = None,
    kind: Annotated[Kind | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=200, description="`next` of the page before")] = None,
) -> Response:
    """Show the tenant's jobs, newest first, without their results."""
    try:
        items, following = await door.jobs.list(caller.tenant, status=status, kind=kind, limit=limit, cursor=cursor)
    except ValueError:
        raise Problem("invalid-request", "The cursor is not one of ours.", errors=[{"pointer": "#/cursor", "code": "unknown"}]) from None
    return Response(to_json({"items": [item.model_dump(mode="json") for item in items], "next": following}), media_type=accepted.JSON)


@router.get("/{id}", response_model=None, responses=reference.JOB_OUT)
async def show_job(id: UUID, request: Request, door: AtDoor, caller: Calling) -> Response:
    """Show a job: where it is, how long each stage waited and ran, its result or its error; while it is not done, why (`waiting`).

    `Prefer: wait=N` holds the answer for at most N seconds (60) until the job has ended. The entity tag is the job's version.
    """
    job = await _find(door, caller, id)
    headers = {}
    seconds = wait(request.headers.getlist("prefer"))
    if seconds and job.status not in TERMINAL:
        job = await accepted.end_of(request, door.jobs, job, seconds) or await _find(door, caller, id)
        headers = {"Preference-Applied": f"wait={seconds}"}
    if matches(request.headers.get("if-none-match"), job.version):
        pending = {} if job.status in TERMINAL else {"Retry-After": accepted.RETRY_AFTER}
        return Response(status_code=304, headers={"ETag": etag(job.version), **pending, **headers})
    return accepted.shown(await explained(door, job), headers)


@router.get("/{id}/lineage", response_model=None, responses=reference.LINEAGE_OUT)
async def show_lineage(id: UUID, door: AtDoor, caller: Calling) -> Response:
    """Show how a result came about: each hop with times, consumer, events, hashes and what it wrote; dead letters; evidence.

    `unbroken` says whether each hop was given exactly what the one before it gave.
    """
    way = await Lineages(door.database).of(caller.tenant, id)
    if way is None:
        raise Problem("unknown-job", "No job of this tenant has this id.")
    return Response(way.model_dump_json(), media_type=accepted.JSON)


@router.post("/{id}/cancel", response_model=None, **reference.CANCEL_IN)
async def cancel_job(id: UUID, request: Request, door: AtDoor, caller: Calling) -> Response:
    """Cancel a job: no stage takes it up any more, and what it held is removed.

    Evidence of a question is a job of its own, and goes on. With an archive those of its files are cancelled that are not done.
    """
    said = fit(orders.Cancel, orders.order(await whole(request, orders.BODY)))
    job = await _find(door, caller, id)
    await orders.cancel(door, job, caller, said.reason)
    return _ordered(job, "cancelling")


@router.post("/{id}/retry", response_model=None, **reference.RETRY_IN)
async def retry_job(id: UUID, door: AtDoor, caller: Calling) -> Response:
    """Send a job that failed or expired on its way again, from the stage where it failed. What was done before is not done again."""
    job = await _find(door, caller, id)
    letter, redrive = await orders.retry(door, job, caller)
    return _ordered(job, "retrying", dead_letter=letter, redrive=redrive.id)


def _ordered(job: Job, status: str, **more: UUID) -> Response:
    """Return the answer to an order: taken, and where its effect can be seen."""
    body = {"job_id": job.id, "status": status, **more, "links": {"self": accepted.path(job), "events": accepted.path(job) + "/events"}}
    return Response(to_json(body), 202, {"Location": accepted.path(job), "Retry-After": accepted.RETRY_AFTER}, accepted.JSON)


@router.get("/{id}/events", response_model=None, responses=reference.EVENTS_OUT)
async def follow_job(
    id: UUID,
    door: AtDoor,
    caller: Calling,
    last_event_id: LastSeen = None,
) -> Response:
    """Follow a job as server-sent events: event `job`, id = version, data = the job. Ends after the job's end.

    A client that comes back with Last-Event-ID gets newer versions only, and 204 when there will be none.
    """
    job = await _find(door, caller, id)
    seen = int(last_event_id) if last_event_id and last_event_id.isascii() and last_event_id.isdigit() else -1
    if job.status in TERMINAL and job.version <= seen:
        return Response(status_code=204)
    return EventSourceResponse(_changes(door, job, seen), ping=HEARTBEAT, ping_message_factory=lambda: ServerSentEvent(comment="alive"))


async def _changes(door: Door, job: Job, seen: int) -> AsyncIterator[ServerSentEvent]:
    try:
        async for state in door.jobs.watch(job.tenant, job.id):
            if state.version > seen:
                yield ServerSentEvent(state.model_dump_json(), event="job", id=str(state.version), retry=RECONNECT_MS)
    except TransientError:
        log.warning("stream_broken_off", job=str(job.id))  # the client comes back with Last-Event-ID
