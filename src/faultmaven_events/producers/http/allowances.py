"""The tenant's allow list: a reviewer points at a finding that is none, and from the next event on it stays readable."""

from datetime import UTC, datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field
from pydantic_core import to_json
from starlette.responses import Response

from faultmaven_events.infra.allowances import MOST, Allowance, Allowances
from faultmaven_events.infra.audit import Audit
from faultmaven_events.infra.keys import required_key
from faultmaven_events.producers.http import orders, reference
from faultmaven_events.producers.http.accepted import JSON
from faultmaven_events.producers.http.body import whole
from faultmaven_events.producers.http.door import AtDoor, Calling, Door, fit
from faultmaven_events.producers.http.operators import Operating
from faultmaven_events.producers.http.problems import Problem
from faultmaven_events.producers.http.receipts import twin_of
from faultmaven_events.schemas.evidence import Mark
from faultmaven_events.schemas.model import Model

router = APIRouter(prefix="/api/v1/ops/allowances", tags=["privacy"])

_READING: Final = ("malformed-header", "invalid-request", "internal-error", "temporarily-unavailable")
_ADDING: Final = (*_READING, "malformed-json", "unknown-job", "not-sanitized", "unknown-mark", "ambiguous-mark")
_EXAMPLE: Final = {"job_id": "01890a5d-ac96-774b-bcce-b302099a8057", "line": 12, "token": "PHONE_3fa2c1d4", "reason": "an order number"}


class AllowOrder(Model):
    """Which finding is none. At least one of `line`, `token` and `mark`."""

    job_id: UUID
    line: int | None = Field(default=None, ge=1)
    column: int | None = Field(default=None, ge=1, description="Of the stand-in, from 1")
    token: str | None = Field(default=None, max_length=128, description="The stand-in, for example EMAIL_3fa2c1d4@mail.example")
    mark: str | None = Field(default=None, max_length=64, description="A mark's digest, as the receipt shows it")
    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")] | None = Field(
        default=None, description="Kept as it is: put nothing into it that may not be seen"
    )
    force: bool = Field(default=False, description="Also where a secret was found; needs a reason")

    def points_at(self, mark: Mark) -> bool:
        """Whether it means that mark."""
        pairs = ((self.line, mark.line), (self.column, mark.column), (self.mark, mark.digest))
        named = self.token is None or mark.token.strip('"') == self.token.strip('"')
        return named and all(wanted is None or wanted == there for wanted, there in pairs)


def chosen(order: AllowOrder, marks: tuple[Mark, ...]) -> Mark:
    """Return the finding that an order means.

    Raises:
        Problem: invalid-request, unknown-mark, ambiguous-mark.
    """
    if order.line is None and order.token is None and order.mark is None:
        raise _unfit("#/", "names nothing: give line, token or mark")
    meant = {mark.digest: mark for mark in marks if order.points_at(mark)}
    if not meant:
        raise Problem("unknown-mark", "Nothing was hidden there, or it is beyond the marks of the receipt: GET /api/v1/jobs/{id}/receipt.")
    if len(meant) > 1:
        places = [{"pointer": "#/column", "code": mark.type, "detail": f"line {mark.line} column {mark.column}"} for mark in meant.values()]
        raise Problem("ambiguous-mark", "Several findings fit; name one by its column or mark.", errors=places[:20])
    (mark,) = meant.values()
    if mark.type.startswith(("SECRET_", "SESSION")) and not (order.force and order.reason):
        raise _unfit("#/force", "is needed, with a reason, where a secret was found: it stays readable everywhere from then on")
    return mark


def _unfit(pointer: str, detail: str) -> Problem:
    return Problem("invalid-request", "See errors.", errors=[{"pointer": pointer, "code": "missing", "detail": detail}])


@router.post(
    "",
    response_model=None,
    status_code=201,
    responses={201: {"model": Allowance, "description": "Allowed from the next event on"}, **reference.problems(*_ADDING)},
    openapi_extra={"requestBody": {"required": True, "content": {JSON: {"schema": AllowOrder.model_json_schema(), "example": _EXAMPLE}}}},
)
async def allow(request: Request, door: AtDoor, caller: Calling, who: Operating) -> Response:
    """Declare a finding to be none: what has its type and value stays readable for this tenant, from the next event on."""
    order = fit(AllowOrder, orders.order(await whole(request, orders.BODY)))
    job = await door.jobs.get(caller.tenant, order.job_id)
    if job is None:
        raise Problem("unknown-job", "No job of this tenant has this id.")
    mark, lists = chosen(order, (await twin_of(door, job)).marks), _lists(door)
    if len(await lists.list(caller.tenant)) >= MOST:
        raise _unfit("#/", f"the list has {MOST} entries: remove some, or mend the rule that finds so much")
    entry = Allowance(
        digest=mark.digest, type=mark.type, by=who, at=datetime.now(UTC), reason=order.reason, job=job.id, line=order.line or mark.line
    )
    target = {"id": str(job.id), "tenant": caller.tenant, "digest": mark.digest, "type": mark.type}
    await Audit(door.database).note(by=who, action="allow", target=target, reason=order.reason)
    await lists.add(caller.tenant, entry)
    return Response(entry.model_dump_json(), 201, {"Location": f"{router.prefix}/{entry.digest}"}, JSON)


@router.get("", response_model=None, responses={200: {"description": "The newest first"}, **reference.problems(*_READING)})
async def show_allowances(door: AtDoor, caller: Calling, who: Operating) -> Response:  # noqa: ARG001  # asked for, so that a stranger is refused
    """Show the tenant's allow list: who allowed what type of finding, when, why and where they saw it. No values."""
    entries = await _lists(door).list(caller.tenant)
    return Response(to_json({"items": [entry.model_dump(mode="json") for entry in entries]}), media_type=JSON)


@router.delete(
    "/{digest}",
    response_model=None,
    responses={200: {"description": "It is hidden again, from the next event on"}, **reference.problems(*_READING, "unknown-allowance")},
)
async def disallow(digest: str, door: AtDoor, caller: Calling, who: Operating) -> Response:
    """Take an entry away: from the next event on the value is hidden again."""
    if not (len(digest) == 16 and digest.isalnum() and digest.isascii()):
        raise Problem("unknown-allowance", "An entry is named by 16 hex digits.")
    await Audit(door.database).note(by=who, action="disallow", target={"tenant": caller.tenant, "digest": digest})
    if not await _lists(door).remove(caller.tenant, digest):
        raise Problem("unknown-allowance", "The tenant's allow list has no such entry.")
    return Response(to_json({"removed": digest}), media_type=JSON)


def _lists(door: Door) -> Allowances:
    return Allowances(door.blobs.store, required_key(door.settings, "clean"))
