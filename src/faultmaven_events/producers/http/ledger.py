"""GET /api/v1/ops/ledger: what was accepted, where it is, how it ended, and what is missing."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from faultmaven_events.errors import TransientError
from faultmaven_events.infra.ledger.queues import QUEUES, rungs
from faultmaven_events.infra.ledger.report import report
from faultmaven_events.producers.http import reference
from faultmaven_events.producers.http.accepted import JSON
from faultmaven_events.producers.http.door import AtDoor, Door
from faultmaven_events.producers.http.operators import Operating
from faultmaven_events.schemas.model import Token
from faultmaven_events.topology import UNROUTABLE

router = APIRouter(prefix="/api/v1/ops/ledger", tags=["operations"])

LONGEST: Final = 24 * 31


@router.get("", response_model=None, responses=reference.LEDGER_OUT)
async def show_ledger(
    door: AtDoor,
    who: Operating,  # noqa: ARG001  # asked for, so that a stranger is refused
    tenant: Annotated[Token | None, Query(description="Only this tenant's jobs")] = None,
    hours: Annotated[float | None, Query(gt=0, le=LONGEST, description="Jobs accepted since; default FM_LEDGER_WINDOW_H")] = None,
) -> Response:
    """Show the conservation ledger. It balances when `open` is 0; `gaps` name each job that is missing something, and what."""
    found = await report(door.database, hours or door.settings.ledger_window_h, tenant=tenant, ready=await _ready(door))
    return Response(found.model_dump_json(), media_type=JSON)


async def _ready(door: Door) -> dict[str, int] | None:
    try:
        return await door.gate.depths([*QUEUES, *rungs(door.settings.retry_scale), UNROUTABLE])
    except TransientError:
        return None
