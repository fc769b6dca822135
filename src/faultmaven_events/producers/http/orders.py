"""What people order about a job: that nobody wants it any more, or that it goes on its way again."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

import structlog
from pydantic import Field
from pydantic_core import from_json

from faultmaven_events.errors import TransientError
from faultmaven_events.infra.mongo import Database, mongo_errors
from faultmaven_events.infra.redrives import Redrives
from faultmaven_events.producers.http.door import Door
from faultmaven_events.producers.http.identity import Caller
from faultmaven_events.producers.http.problems import Problem
from faultmaven_events.producers.http.submissions import SOURCE
from faultmaven_events.schemas.event import Event, derive
from faultmaven_events.schemas.job import TERMINAL, Job
from faultmaven_events.schemas.model import Model
from faultmaven_events.schemas.outcome import Cancelled
from faultmaven_events.schemas.redrive import Redrive

BODY: Final = 4096
"""Bytes of an order's body."""

AT_ONCE: Final = 50
"""Jobs that are cancelled side by side."""

log = structlog.get_logger()


class Cancel(Model):
    """Why a job is cancelled. The reason is kept with the job, as it is: put nothing into it that may not be seen."""

    reason: Annotated[str, Field(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")] | None = None


def cancellation(job: Job, caller: Caller, reason: str | None, now: datetime) -> Event[Cancelled]:
    """Return the event that cancels a job: one, however often it is cancelled."""
    return Event[Cancelled](
        id=derive(job.id, "cancelled"),
        source=SOURCE,
        type=f"{job.kind}.cancelled.v1",
        subject=job.id,
        time=now,
        tenantid=job.tenant,
        userid=caller.user,
        correlationid=job.correlation_id,
        traceparent=caller.traceparent,
        generation=job.generation,
        data=Cancelled(by=caller.user, reason=reason or None, cancelled_at=now),
    )


async def cancel(door: Door, job: Job, caller: Caller, reason: str | None) -> None:
    """Cancel a job, and of an archive the files that are not done: the broker has the events when this returns.

    Raises:
        Problem: job-ended, broker-unavailable.
    """
    wanted = await door.jobs.unfinished_children(job.tenant, job.id) if job.kind != "troubleshoot" else []
    if job.status not in TERMINAL:
        wanted = [job, *wanted]
    if not wanted:
        raise Problem("job-ended", f"The job is {job.status}; there is nothing to cancel.")
    now = datetime.now(UTC)
    for at in range(0, len(wanted), AT_ONCE):
        await asyncio.gather(*(_cancel(door, cancellation(each, caller, reason, now)) for each in wanted[at : at + AT_ONCE]))


async def _cancel(door: Door, event: Event[Cancelled]) -> None:
    try:
        await door.gate.publish(event)
    except TransientError as error:
        raise Problem("broker-unavailable", "The broker did not confirm; the job may not be cancelled. Try again.") from error
    try:
        await door.control.cancel(event.subject)
    except TransientError:
        log.warning("cancelled_work_goes_on", job=str(event.subject))  # the job is cancelled; its work is done for nothing


async def retry(door: Door, job: Job, caller: Caller) -> tuple[UUID, Redrive]:
    """Send the dead letter of a failed job on its way again; return the letter and the operation.

    Raises:
        Problem: nothing-to-retry.
        TransientError: Mongo is away.
    """
    if job.status not in {"failed", "expired"}:
        raise Problem("nothing-to-retry", f"The job is {job.status}; only one that failed or expired can be retried.")
    letter = await _letter(door.database, job)
    if letter is None:
        raise Problem("nothing-to-retry", "No dead letter of the job is left to send: it was sent again, edited or discarded.")
    redrive = await Redrives(door.database).start(by=caller.user, tenant=job.tenant, ids=[letter])
    if not redrive.selected:
        raise Problem("nothing-to-retry", "The job's dead letter is being sent already.")
    return letter, redrive


async def _letter(database: Database, job: Job) -> UUID | None:
    """Return the newest letter of the job that lies dead, first of all of the stage where it failed."""
    query = {"job_id": job.id, "tenant": job.tenant, "state": "dead"}
    with mongo_errors():
        found = [each async for each in database["dead_letters"].find(query, {"stage": 1}).sort("died_at", -1).limit(50)]
    stage = job.error.stage if job.error else None
    letters: list[UUID] = [each["_id"] for each in found if each["stage"] == stage] + [each["_id"] for each in found]
    return next(iter(letters), None)


def order(body: bytes) -> dict[str, Any]:
    """Return what a body orders; an empty one orders nothing in particular.

    Raises:
        Problem: malformed-json, invalid-request.
    """
    if not body.strip():
        return {}
    try:
        said = from_json(body)
    except ValueError:
        raise Problem("malformed-json", "The body is not JSON.") from None
    if not isinstance(said, dict):
        raise Problem("invalid-request", "The body is a JSON object.")
    return said
