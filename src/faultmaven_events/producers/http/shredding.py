"""Forgetting a case for ever: its key is destroyed, and with it what its pseudonyms stood for. Needs no key; cannot be undone."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json
from starlette.responses import Response

from faultmaven_events.infra.audit import Audit
from faultmaven_events.infra.vault import Vault, scope_of
from faultmaven_events.producers.http import reference
from faultmaven_events.producers.http.accepted import JSON
from faultmaven_events.producers.http.door import AtDoor, Calling, Door
from faultmaven_events.producers.http.identity import Caller
from faultmaven_events.producers.http.operators import Operating
from faultmaven_events.producers.http.problems import Problem
from faultmaven_events.schemas.model import Token

router = APIRouter(prefix="/api/v1/ops/vault", tags=["privacy"])

Why = Annotated[str, Query(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$", description="Kept in the audit as it is")]
_RESPONSES: Final[reference.Responses] = {
    200: {"description": "Destroyed; `objects` is how many were removed now"},
    **reference.problems("malformed-header", "invalid-request", "internal-error", "temporarily-unavailable"),
}
_CASE: Final = TypeAdapter[str](Token)


@router.delete("/cases/{case_id}", response_model=None, responses=_RESPONSES)
async def shred_case(case_id: str, reason: Why, door: AtDoor, caller: Calling, who: Operating) -> Response:
    """Destroy the key of a case: nobody can undo its pseudonyms any more, nor those of files that come later. Again changes nothing."""
    try:
        _CASE.validate_python(case_id)
    except ValidationError:
        raise Problem("invalid-request", "See errors.", errors=[{"pointer": "#/case_id", "code": "unfit"}]) from None
    return await _shred(door, caller, who, scope_of(case_id, UUID(int=0)), {"case": case_id}, reason)


@router.delete("/jobs/{id}", response_model=None, responses={**_RESPONSES, **reference.problems("unknown-job")})
async def shred_job(id: UUID, reason: Why, door: AtDoor, caller: Calling, who: Operating) -> Response:
    """Destroy the key of a job that belongs to no case."""
    job = await door.jobs.get(caller.tenant, id)
    if job is None:
        raise Problem("unknown-job", "No job of this tenant has this id.")
    if job.case_id is not None:
        raise Problem("invalid-request", "The job belongs to a case: destroy the case's key.", errors=[{"pointer": "#/id", "code": "case"}])
    return await _shred(door, caller, who, scope_of(None, id), {"id": str(id)}, reason)


async def _shred(door: Door, caller: Caller, who: str, scope: str, target: dict[str, str], reason: str) -> Response:  # noqa: PLR0917  # values of one request
    audit, target = Audit(door.database), {"tenant": caller.tenant, **target}
    await audit.note(by=who, action="shred", target=target, reason=reason)
    count = await Vault(door.blobs.store, tuple).shred(caller.tenant, scope)
    await audit.note(by=who, action="shredded", target=target, count=count)
    return Response(to_json({"shredded": target, "objects": count}), media_type=JSON)
