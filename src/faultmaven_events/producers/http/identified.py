"""What pseudonyms stand for, for a role that may know: of one job, at read time, noted in the audit before anything is shown."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from pydantic_core import to_json
from starlette.responses import Response, StreamingResponse

from faultmaven_events.infra.audit import Audit
from faultmaven_events.infra.vault import Naming, Record, Shredded, found, restored, scope_of
from faultmaven_events.producers.http import reference
from faultmaven_events.producers.http.accepted import JSON
from faultmaven_events.producers.http.door import AtDoor, Calling, Door
from faultmaven_events.producers.http.operators import Identifier, Identifying
from faultmaven_events.producers.http.problems import Problem
from faultmaven_events.producers.http.receipts import twin_key, twin_of
from faultmaven_events.schemas.job import Job

router = APIRouter(prefix="/api/v1/jobs", tags=["privacy"])

MOST: Final = 500
"""Pieces of evidence whose values are looked up for one report."""
HEADERS: Final = {"Cache-Control": "no-store"}
_CODES: Final = ("unknown-job", "invalid-request", "reidentification-off", "malformed-header", "internal-error", "temporarily-unavailable")


@router.get("/{id}/identified", response_model=None, responses={200: {"description": "The job, identified"}, **reference.problems(*_CODES)})
async def show_identified(id: UUID, door: AtDoor, caller: Calling, who: Identifying) -> Response:
    """Show a job with what the pseudonyms in its result stand for, as far as the vault knows; secrets stay hidden.

    `values` tells how many were replaced, `ambiguous` which stand for two values and stay, `sealed` whose key is destroyed.
    """
    job = await _find(door, caller.tenant, id)
    naming, sealed = await learned(door, who, job)
    shown = job.model_dump(mode="json") | {"result": naming.apply(job.result)}
    await note(door, who, job, naming.restored)
    more = {"values": naming.restored, "ambiguous": sorted(naming.ambiguous), "sealed": sealed}
    return Response(to_json({"job": shown, **more}), headers=HEADERS, media_type=JSON)


@router.get(
    "/{id}/identified/text",
    response_model=None,
    responses={200: {"description": "The text", "content": {"text/plain": {}}}, **reference.problems(*_CODES, "not-sanitized", "shredded")},
)
async def show_text(id: UUID, door: AtDoor, caller: Calling, who: Identifying) -> Response:
    """Show the text of a file or question as it was handed in, in UTF-8, line for line; secrets stay hidden."""
    job = await _find(door, caller.tenant, id)
    twin = await twin_of(door, job)
    try:
        count = 0
        async for record in _records(who, job):
            count += len(record.places) // 4
    except Shredded:
        raise Problem("shredded", "The key was destroyed: what pseudonyms stand for is lost for ever.") from None
    await note(door, who, job, count)
    sanitized = door.blobs.stream(job.tenant, twin.content)
    return StreamingResponse(restored(sanitized, _records(who, job)), headers=HEADERS, media_type="text/plain; charset=utf-8")


async def _find(door: Door, tenant: str, id: UUID) -> Job:
    job = await door.jobs.get(tenant, id)
    if job is None:
        raise Problem("unknown-job", "No job of this tenant has this id.")
    return job


async def _pieces(door: Door, job: Job) -> list[Job]:
    """Return the job, and those whose lines its report cites."""
    ids = dict.fromkeys([*job.evidence, *_cited(job.result)])
    jobs = [await door.jobs.get(job.tenant, id) for id in [*ids][:MOST] if id != job.id]
    return [job, *(each for each in jobs if each is not None)]


def _cited(value: Any) -> Iterator[UUID]:
    """Yield the evidence that any citation in a result names."""
    if isinstance(value, dict):
        if isinstance(value.get("evidence_id"), str) and "line_start" in value:
            yield UUID(value["evidence_id"])
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _cited(each)


async def _records(who: Identifier, job: Job) -> AsyncIterator[Record]:
    key = twin_key(job)
    if key is not None:
        async for record in who.vault.records(job.tenant, scope_of(job.case_id, job.id), key):
            yield record


async def learned(door: Door, who: Identifier, job: Job) -> tuple[Naming, list[UUID]]:
    """Return what the tokens in a job's result stand for, and the pieces of evidence whose keys are destroyed."""
    naming, sealed = Naming(found(job.result)), []
    for piece in await _pieces(door, job):
        try:
            async for record in _records(who, piece):
                naming.add(record)
        except Shredded:
            sealed.append(piece.id)
    return naming, sealed


async def note(door: Door, who: Identifier, job: Job, count: int) -> None:
    """Write into the audit who saw what stands behind so many pseudonyms of a job."""
    target = {"id": str(job.id), "tenant": job.tenant, **({"case": job.case_id} if job.case_id else {})}
    await Audit(door.database).note(by=who.user, action="identify", target=target, count=count)
