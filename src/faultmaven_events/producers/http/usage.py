"""GET /api/v1/usage: what language models were asked, and what it cost."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from faultmaven_events.producers.http import reference
from faultmaven_events.producers.http.accepted import JSON
from faultmaven_events.producers.http.door import AtDoor, Calling, Door
from faultmaven_events.producers.http.operators import Operating
from faultmaven_events.producers.http.problems import Problem
from faultmaven_events.schemas.model import Token
from faultmaven_events.schemas.spending import By, UsagePage

router = APIRouter(prefix="/api/v1", tags=["budgets"])

USUAL: Final = timedelta(days=30)
LONGEST: Final = timedelta(days=3 * 366)
OUT: Final[reference.Responses] = {
    200: {"model": UsagePage, "description": "Sums, and their total"},
    **reference.problems("malformed-header", "invalid-request", "store-unavailable", "internal-error", "temporarily-unavailable"),
}

From = Annotated[datetime | None, Query(alias="from", description="From this time on; without a zone: UTC; default: 30 days before `to`")]
To = Annotated[datetime | None, Query(alias="to", description="Before this time; default: now")]


@router.get("/usage", response_model=None, responses=OUT)
async def show_usage(
    door: AtDoor, caller: Calling, start: From = None, end: To = None, by: Literal["day", "model", "provider", "task"] = "day"
) -> Response:
    """Show your calls of language models in a stretch of time: tokens, money, outcomes. A call is there some seconds after its report."""
    return await _answer(door, caller.tenant, start, end, by)


@router.get("/ops/usage", response_model=None, responses=OUT)
async def show_all_usage(  # noqa: PLR0917  # FastAPI passes them by name
    door: AtDoor,
    who: Operating,  # noqa: ARG001  # asked for, so that a stranger is refused
    start: From = None,
    end: To = None,
    by: By = "tenant",
    tenant: Annotated[Token | None, Query(description="Only this tenant's")] = None,
) -> Response:
    """Show the calls of all tenants."""
    return await _answer(door, tenant, start, end, by)


async def _answer(door: Door, tenant: str | None, start: datetime | None, end: datetime | None, by: By) -> Response:  # one request's values
    if door.points is None:
        raise Problem("store-unavailable", "This ingress was not told where PostgreSQL is (FM_POSTGRES_URL), so it knows no usage.")
    from faultmaven_events.infra.usage import UsageStore  # brings asyncpg, which an ingress without PostgreSQL does not load

    last = _zoned(end) or datetime.now(UTC)
    try:
        first = _zoned(start) or last - USUAL
        fits = timedelta(0) < last - first <= LONGEST
    except OverflowError:
        fits = False
    if not fits:
        raise Problem(
            "invalid-request", "See errors.", errors=[{"pointer": "#/from", "code": "range", "detail": "is not before `to`, or too far"}]
        )
    page = await UsageStore(door.points.timeline).page(tenant, first, last, by)
    return Response(page.model_dump_json(), media_type=JSON)


def _zoned(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at and not at.tzinfo else at
