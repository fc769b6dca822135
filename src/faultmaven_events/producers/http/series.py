"""GET /api/v1/jobs/{id}/series: the series of a metrics file, with their points thinned to what a screen shows."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from faultmaven_events.producers.http import reference
from faultmaven_events.producers.http.accepted import JSON
from faultmaven_events.producers.http.door import AtDoor, Calling
from faultmaven_events.producers.http.problems import Problem
from faultmaven_events.schemas.points import SeriesPage

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])

OUT: reference.Responses = {
    200: {"model": SeriesPage, "description": "The series that fit, the most telling first; at most 20 of them with points"},
    **reference.problems("malformed-header", "invalid-request", "unknown-job", "store-unavailable", "internal-error"),
}


@router.get("/{id}/series", response_model=None, responses=OUT)
async def show_series(  # noqa: PLR0917  # FastAPI passes them by name
    id: UUID,
    door: AtDoor,
    caller: Calling,
    name: Annotated[str | None, Query(min_length=1, max_length=300, pattern=r"^[^\x00]*$", description="What the name holds")] = None,
    start: Annotated[datetime | None, Query(alias="from", description="Points from this time on; without a zone: UTC")] = None,
    end: Annotated[datetime | None, Query(alias="to", description="Points up to this time")] = None,
    points: Annotated[int, Query(ge=0, le=2000, description="Points of each series at most; 0: none. The lowest and highest stay")] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 200,
) -> Response:
    """Show the series of a metrics file that was handed in. They are there some moments after the job is completed."""
    if await door.jobs.get(caller.tenant, id) is None:
        raise Problem("unknown-job", "No job of this tenant has this id.")
    if door.points is None:
        raise Problem("store-unavailable", "This ingress was not told where PostgreSQL is (FM_POSTGRES_URL), so it knows no series.")
    page = await door.points.page(
        caller.tenant, id, name=name, start=_zoned(start), end=_zoned(end), points=max(2, points) if points else 0, limit=limit
    )
    return Response(page.model_dump_json(), media_type=JSON)


def _zoned(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at and not at.tzinfo else at
