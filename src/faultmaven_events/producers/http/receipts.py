"""What sanitizing did to a job's text: the receipt, and the marks by which a reviewer points at a finding. No values."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from faultmaven_events.producers.http import reference
from faultmaven_events.producers.http.accepted import JSON
from faultmaven_events.producers.http.door import AtDoor, Calling, Door
from faultmaven_events.producers.http.operators import Operating
from faultmaven_events.producers.http.problems import Problem
from faultmaven_events.schemas.event import derive
from faultmaven_events.schemas.evidence import Twin
from faultmaven_events.schemas.job import Job

router = APIRouter(prefix="/api/v1/jobs", tags=["privacy"])


def twin_key(job: Job) -> str | None:
    """Return the key of a job's sanitized text, which is also its name in the vault; None before sanitize is done with it."""
    run = next((run for run in job.stages if run.stage == "sanitize" and run.causation_id is not None), None)
    return derive(run.causation_id, "sanitized").hex if run and run.causation_id else None


async def twin_of(door: Door, job: Job) -> Twin:
    """Return what sanitize noted about a job's text.

    Raises:
        Problem: not-sanitized.
    """
    key = twin_key(job)
    stored = await door.blobs.find(job.tenant, "clean", f"{key}.receipt") if key else None
    if stored is None:
        raise Problem("not-sanitized", "The job has no sanitized text: it is not that far, failed before, or was cancelled.")
    return Twin.model_validate_json(await door.blobs.read(job.tenant, stored))


@router.get(
    "/{id}/receipt",
    response_model=None,
    responses={
        200: {"model": Twin, "description": "Receipt and marks"},
        **reference.problems(
            "unknown-job", "invalid-request", "malformed-header", "not-sanitized", "internal-error", "temporarily-unavailable"
        ),
    },
)
async def show_receipt(id: UUID, door: AtDoor, caller: Calling, who: Operating) -> Response:  # noqa: ARG001  # asked for, so that a stranger is refused
    """Show what was hidden in a job's text: counts by type, detector and rules, and where (at most 1,000 marks). No values."""
    job = await door.jobs.get(caller.tenant, id)
    if job is None:
        raise Problem("unknown-job", "No job of this tenant has this id.")
    return Response((await twin_of(door, job)).model_dump_json(), media_type=JSON)
