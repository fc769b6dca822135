"""The stages as who operates them sees them: what waits, who works, what is paused; and ordering a pause."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Request
from pydantic import Field
from pydantic_core import from_json, to_json
from starlette.responses import Response

from faultmaven_events.errors import Unavailable
from faultmaven_events.infra.control import Pause
from faultmaven_events.producers.http import reference
from faultmaven_events.producers.http.accepted import JSON
from faultmaven_events.producers.http.body import whole
from faultmaven_events.producers.http.door import AtDoor, fit
from faultmaven_events.producers.http.operators import Operating
from faultmaven_events.producers.http.problems import Problem
from faultmaven_events.schemas.model import Model
from faultmaven_events.topology import BY_NAME, STAGES, UNROUTABLE, Stage

router = APIRouter(prefix="/api/v1/ops/stages", tags=["operations"])

BODY: Final = 4096


class Reason(Model):
    """Why a stage is paused; everybody sees it."""

    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")] = "by order"


@router.get("", response_model=None, responses=reference.STAGES_OUT)
async def show_stages(door: AtDoor, who: Operating) -> Response:  # noqa: ARG001  # asked for, so that a stranger is refused
    """Show each stage: messages waiting by queue, dead letters on the broker, live consumers, and who paused it and why."""
    names = [*(name for stage in STAGES for name in (*stage.queues, stage.dead_queue)), UNROUTABLE]
    depths = await door.gate.depths(names)
    beats, paused = await door.heartbeats.beats(), await door.control.paused()
    items = [_described(stage, depths, paused.get(stage.name), None if beats is None else beats.get(stage.name, ())) for stage in STAGES]
    return Response(to_json({"items": items, "unroutable": depths[UNROUTABLE]}), media_type=JSON)


def _described(stage: Stage, depths: dict[str, int], paused: Pause | None, beats: Any) -> dict[str, Any]:
    return {
        "stage": stage.name,
        "waiting": {name: depths[name] for name in stage.queues},
        "dead": depths[stage.dead_queue],
        "consumers": None if beats is None else len(beats),
        "in_flight": None if beats is None else sum(beat.in_flight for beat in beats),
        "paused": None if paused is None else {"by": paused.by, "reason": paused.reason, "at": paused.at},
    }


@router.post("/{stage}/pause", response_model=None, status_code=202, responses=reference.STAGE_ORDERED)
async def pause_stage(stage: str, request: Request, door: AtDoor, who: Operating) -> Response:
    """Order every consumer of a stage to take no more messages; what is in hand is finished, what arrives waits. It holds until resumed."""
    _require(stage)
    body = await whole(request, BODY)
    reason = fit(Reason, _json(body) if body else {}).reason
    try:
        pause = await door.control.pause(stage, by=who, reason=reason)
    except Unavailable:
        raise Problem("temporarily-unavailable", "Redis, which carries orders to the consumers, does not answer.") from None
    return Response(to_json({"stage": stage, "paused": {"by": pause.by, "reason": pause.reason, "at": pause.at}}), 202, media_type=JSON)


@router.post("/{stage}/resume", response_model=None, status_code=202, responses=reference.STAGE_ORDERED)
async def resume_stage(stage: str, door: AtDoor, who: Operating) -> Response:
    """Order a stage to go on, whoever paused it; a breaker begins anew."""
    _require(stage)
    try:
        was = await door.control.resume(stage)
    except Unavailable:
        raise Problem("temporarily-unavailable", "Redis, which carries orders to the consumers, does not answer.") from None
    return Response(to_json({"stage": stage, "paused": None, "was_paused": was, "by": who}), 202, media_type=JSON)


def _require(stage: str) -> None:
    if stage not in BY_NAME:
        raise Problem("not-found", f"There is no such stage; there are {', '.join(BY_NAME)}.")


def _json(body: bytes) -> Any:
    try:
        return from_json(body)
    except ValueError:
        raise Problem("malformed-json", "The body is not JSON in UTF-8.") from None
