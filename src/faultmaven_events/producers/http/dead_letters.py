"""The dead-letter workbench, for operators: what died and why, sending it on its way again, mending it, giving up on it.

Operators see every tenant; a tenant is a filter here. What is sealed is never opened for an answer.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from pydantic_core import from_json, to_json
from starlette.responses import Response, StreamingResponse

from faultmaven_events.infra.audit import Audit
from faultmaven_events.infra.groups import Groups
from faultmaven_events.infra.keys import required_key
from faultmaven_events.infra.letters import Letters, body_of
from faultmaven_events.infra.redrives import RATES, Redrives
from faultmaven_events.infra.revival import Unfit, patched
from faultmaven_events.producers.http import reference
from faultmaven_events.producers.http.accepted import JSON
from faultmaven_events.producers.http.body import whole
from faultmaven_events.producers.http.door import AtDoor, Door, fit
from faultmaven_events.producers.http.operators import Operating
from faultmaven_events.producers.http.problems import Problem
from faultmaven_events.schemas.buried import Buried, Entry, Wanted
from faultmaven_events.schemas.model import Model
from faultmaven_events.schemas.redrive import PATCH_LIMIT, Patch, Redrive, Selection

router = APIRouter(prefix="/api/v1/ops/dead-letters", tags=["operations"])

LINES: Final = "application/x-ndjson"
BODY: Final = 512 * 1024
"""Bytes of an order: it may name 10,000 letters."""
_READING: Final = ("malformed-header", "invalid-request", "internal-error", "temporarily-unavailable")
_ORDERING: Final = (*_READING, "malformed-json", "content-too-large", "request-timeout", "unsupported-media-type")

Why = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")]


class RedriveOrder(Selection):
    """Which letters to send on their way again, and how fast."""

    rate: float = Field(default=50, ge=RATES[0], le=RATES[1], description="Letters per second at most")
    dry_run: bool = Field(default=False, description="Only say what would go")


class DiscardOrder(Selection):
    """Which letters to give up on, and why."""

    reason: Why


class EditOrder(Model):
    """How to mend an event."""

    patch: Patch
    reason: Why | None = None


async def _wanted(  # noqa: PLR0917  # FastAPI passes them by name
    tenant: Annotated[str | None, Query(max_length=128)] = None,
    stage: Annotated[str | None, Query(max_length=32)] = None,
    code: Annotated[str | None, Query(max_length=64)] = None,
    fingerprint: Annotated[str | None, Query(max_length=16)] = None,
    state: Annotated[str | None, Query(max_length=16, description="dead, redriven or discarded")] = None,
    since: Annotated[datetime | None, Query(description="Died at this time or later")] = None,
) -> Wanted:
    given = {"tenant": tenant, "stage": stage, "code": code, "fingerprint": fingerprint, "state": state, "since": since}
    return fit(Wanted, given)


Filtered = Annotated[Wanted, Depends(_wanted)]


def _ok(description: str, model: Any = None, *codes: str) -> reference.Responses:
    return {200: {"description": description, **({"model": model} if model else {})}, **reference.problems(*_READING, *codes)}


def _order(model: type[Model], example: dict[str, Any]) -> dict[str, Any]:
    schema = model.model_json_schema()
    operation = schema.pop("$defs", {}).get("Operation")  # a reference would lead out of the OpenAPI document
    if operation:
        schema["properties"]["patch"]["items"] = operation
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema, "example": example}}}}


@router.get("", response_model=None, responses=_ok("A page of letters, or the groups"))
async def show_letters(  # noqa: PLR0917  # FastAPI passes them by name
    door: AtDoor,
    who: Operating,  # noqa: ARG001  # asked for, so that a stranger is refused
    wanted: Filtered,
    view: Annotated[Literal["letters", "groups"], Query()] = "letters",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=100, description="`next` of the page before")] = None,
) -> Response:
    """Show dead letters: one by one without their events, the last dead first; or grouped by cause, with what is suspected."""
    items: Sequence[Model]
    following = None
    if view == "groups":
        items = await Groups(door.database).list(wanted, limit=limit)
    else:
        try:
            items, following = await Letters(door.database).list(wanted, limit=limit, cursor=cursor)
        except ValueError:
            raise Problem(
                "invalid-request", "The cursor is not one of ours.", errors=[{"pointer": "#/cursor", "code": "unknown"}]
            ) from None
    return _json({"items": [item.model_dump(mode="json") for item in items], "next": following})


@router.get("/export", response_model=None, responses=_ok("JSON lines"))
async def export(door: AtDoor, who: Operating, wanted: Filtered) -> Response:  # noqa: ARG001  # as above
    """Give out letters as JSON lines, the oldest first. What is sealed stays sealed."""

    async def lines() -> AsyncIterator[bytes]:
        async for document in Letters(door.database).export(wanted):
            yield to_json(document) + b"\n"

    return StreamingResponse(lines(), media_type=LINES)


@router.get("/audit", response_model=None, responses=_ok("The newest entries first"))
async def show_audit(
    door: AtDoor,
    who: Operating,  # noqa: ARG001  # as above
    about: Annotated[str | None, Query(max_length=36, description="A letter or an operation")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Show who did what, and why."""
    entries = await Audit(door.database).list(about=_id(about, "unknown-letter") if about else None, limit=limit)
    return _json({"items": [_shown(entry) for entry in entries]})


@router.post(
    "/redrives",
    response_model=None,
    status_code=202,
    responses={
        200: {"model": Redrive, "description": "A dry run: what would go"},
        202: {"model": Redrive, "description": "Started; it goes on by itself"},
        **reference.problems(*_ORDERING),
    },
    openapi_extra=_order(RedriveOrder, {"fingerprint": "5f0c2d9e7a1b3c4d", "rate": 50}),
)
async def start_redrive(request: Request, door: AtDoor, who: Operating) -> Response:
    """Send letters in state `dead` on their way again: by id, fingerprint, stage, code or tenant, or all of them."""
    order = fit(RedriveOrder, _parsed(await whole(request, BODY)))
    _named(order)
    conditions = {name: getattr(order, name) for name in Selection.model_fields}
    started = await Redrives(door.database).start(by=who, **conditions, rate=order.rate, dry_run=order.dry_run)
    return _json(started.model_dump(mode="json")) if order.dry_run else _started(started)


@router.get("/redrives", response_model=None, responses=_ok("The newest first"))
async def show_redrives(
    door: AtDoor,
    who: Operating,  # noqa: ARG001  # as above
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
) -> Response:
    """Show operations."""
    return _json({"items": [each.model_dump(mode="json") for each in await Redrives(door.database).list(limit=limit)]})


@router.get("/redrives/{id}", response_model=None, responses=_ok("The operation", Redrive, "unknown-redrive"))
async def show_redrive(id: str, door: AtDoor, who: Operating) -> Response:  # noqa: ARG001  # as above
    """Show how far an operation is."""
    return _operation(await Redrives(door.database).get(_id(id, "unknown-redrive")))


@router.delete("/redrives/{id}", response_model=None, responses=_ok("The operation", Redrive, "unknown-redrive"))
async def cancel_redrive(id: str, door: AtDoor, who: Operating) -> Response:
    """Stop an operation: what was sent stays sent, the other letters stay dead."""
    return _operation(await Redrives(door.database).cancel(_id(id, "unknown-redrive"), who))


@router.post(
    "/discards",
    response_model=None,
    responses={200: {"description": "How many"}, **reference.problems(*_ORDERING)},
    openapi_extra=_order(DiscardOrder, {"ids": ["01972c3e-8f1a-7c55-9d3a-4f0f6a1b2c3d"], "reason": "A test of ours"}),
)
async def discard(request: Request, door: AtDoor, who: Operating) -> Response:
    """Give up on letters in state `dead`: their jobs stay failed, and raw content that they were about is deleted."""
    order = fit(DiscardOrder, _parsed(await whole(request, BODY)))
    _named(order)
    selection = Selection.model_validate(order.model_dump(include=set(Selection.model_fields)))
    letters = Letters(door.database)
    held = await letters.holding(selection)
    count = await letters.discard(selection, by=who, reason=order.reason)
    for id, state in (await letters.states([*held])).items():
        if state == "discarded":
            await door.blobs.delete(*held[id])
    return _json({"discarded": count})


@router.get("/{id}", response_model=None, responses=_ok("The letter", Buried, "unknown-letter"))
async def show_letter(id: str, door: AtDoor, who: Operating) -> Response:  # noqa: ARG001  # as above
    """Show a letter whole: its event, its attempts, what was decided, and the audit of it."""
    letter = await _find(door, id)
    entries = await Audit(door.database).list(about=letter.id)
    return _json({**letter.model_dump(mode="json", exclude={"sealed"}), "audit": [_shown(entry) for entry in entries]})


@router.post(
    "/{id}/edits",
    response_model=None,
    status_code=202,
    responses={
        202: {"model": Redrive, "description": "The edited event is sent; a patch of a sealed letter is checked while it is"},
        **reference.problems(*_ORDERING, "unknown-letter", "letter-decided"),
    },
    openapi_extra=_order(
        EditOrder, {"patch": [{"op": "replace", "path": "/data/name", "value": "app.log"}], "reason": "The name was wrong"}
    ),
)
async def edit_letter(id: str, request: Request, door: AtDoor, who: Operating) -> Response:
    """Mend a letter's event with a JSON Patch (RFC 6902), and send it as a new event of the same job."""
    order = fit(EditOrder, _parsed(await whole(request, PATCH_LIMIT)))
    letter = await _find(door, id)
    if letter.state != "dead":
        raise Problem("letter-decided", f"The letter is {letter.state}.")
    if letter.event is not None:
        try:
            patched(letter, body_of(letter, b""), order.patch)
        except Unfit as error:
            raise Problem(
                "invalid-request", "See errors.", errors=[{"pointer": "#/patch", "code": error.code, "detail": str(error)}]
            ) from None
    key = required_key(door.settings, "clean")
    return _started(await Redrives(door.database).edit(letter.id, order.patch, by=who, clean_key=key, reason=order.reason))


async def _find(door: Door, id: str) -> Buried:
    letter = await Letters(door.database).get(_id(id, "unknown-letter"))
    if letter is None:
        raise Problem("unknown-letter", "No letter has this id.")
    return letter


def _id(text: str, problem: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Problem(problem, "An id is a UUID.") from None


def _parsed(body: bytes) -> Any:
    try:
        return from_json(body)
    except ValueError:
        raise Problem("malformed-json", "The body is not JSON in UTF-8.") from None


def _named(selection: Selection) -> None:
    if selection.empty:
        detail = "names nothing: give ids, fingerprint, stage, code or tenant, or say everything"
        raise Problem("invalid-request", "See errors.", errors=[{"pointer": "#/", "code": "missing", "detail": detail}])


def _operation(found: Redrive | None) -> Response:
    if found is None:
        raise Problem("unknown-redrive", "No operation has this id.")
    return _json(found.model_dump(mode="json"))


def _started(operation: Redrive) -> Response:
    headers = {"Location": f"{router.prefix}/redrives/{operation.id}", "Retry-After": "1"}
    return Response(operation.model_dump_json(), 202, headers, JSON)


def _shown(entry: Entry) -> dict[str, Any]:
    shown = entry.model_dump(mode="json")
    shown["target"].pop("patch", None)  # sealed: of use to nobody who reads it here
    return shown


def _json(value: Any) -> Response:
    return Response(to_json(value), media_type=JSON)
