"""The points of metrics files: written once per job, read by series and time. Every method names the tenant.

Points lie in `metric_points`, split by the time at which they were kept: a file may speak of any year, and must not decide how many chunks
there are. `metric_series` names them and says that a job's points are there: both are written in one transaction.
"""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final
from uuid import UUID

import asyncpg

from faultmaven_events.errors import InvalidEvent
from faultmaven_events.infra import written
from faultmaven_events.infra.timescale import Timeline
from faultmaven_events.schemas.points import Column, Point, Points, SeriesLine, SeriesPage

ROWS: Final = 10_000
"""Points of one COPY: between two of them others get their turn."""
COPY_S: Final = 20.0
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_THERE: Final = "SELECT EXISTS (SELECT FROM metric_series WHERE tenant = $1 AND job_id = $2)"
_SERIES: Final = ("tenant", "job_id", "series", "name", "component", "unit", "samples", "kept", "first", "last", "minimum", "maximum")
_POINTS: Final = ("kept_at", "tenant", "job_id", "series", "at", "value")
_FOUND: Final = (
    "SELECT *, count(*) OVER () AS total FROM metric_series "
    "WHERE tenant = $1 AND job_id = $2 AND ($3::text IS NULL OR strpos(lower(name), lower($3)) > 0) ORDER BY series LIMIT $4"
)
_READ: Final = (
    "SELECT series, at, value FROM metric_points WHERE tenant = $1 AND job_id = $2 AND series = ANY($3::int[]) "
    "AND ($4::timestamptz IS NULL OR at >= $4) AND ($5::timestamptz IS NULL OR at <= $5) ORDER BY series, at"
)
DRAWN: Final = 20
"""Series of one page that come with their points."""


class PointStore:
    """The repository of metric points."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline

    @property
    def timeline(self) -> Timeline:
        """What it reads and writes through, for other repositories over the same tables."""
        return self._timeline

    async def keep(self, tenant: str, job_id: UUID, kept_at: datetime, points: Points) -> bool:
        """Write a job's points, unless they are there; return whether they were written now.

        Raises:
            Unavailable: PostgreSQL is away or cannot write now; nothing was written.
            InvalidEvent: a value that it cannot hold.
        """
        try:
            async with self._timeline.connect() as connection, connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock($1)", int.from_bytes(job_id.bytes[:8], signed=True))
                if await connection.fetchval(_THERE, tenant, job_id):
                    return False
                await self._write(connection, tenant, job_id, kept_at, points)
        except (asyncpg.DataError, ValueError, OverflowError):
            raise InvalidEvent("a point has a value that PostgreSQL cannot hold") from None
        written.note("timescale", sum(len(column.at) for column in points.series))
        return True

    @staticmethod
    async def _write(connection: Any, tenant: str, job_id: UUID, kept_at: datetime, points: Points) -> None:
        numbered = [(number, column) for number, column in enumerate(points.series) if column.at]
        lines = [(tenant, job_id, number, *_line(column)) for number, column in numbered]
        await connection.copy_records_to_table("metric_series", records=lines, columns=_SERIES, timeout=COPY_S)
        rows = ((kept_at, tenant, job_id, number, at, value) for number, column in numbered for at, value in _pairs(column))
        while batch := list(islice(rows, ROWS)):
            await connection.copy_records_to_table("metric_points", records=batch, columns=_POINTS, timeout=COPY_S)
            await asyncio.sleep(0)

    async def forget(self, tenant: str, job_id: UUID) -> None:
        """Remove a job's points; raises Unavailable."""
        async with self._timeline.connect() as connection, connection.transaction():
            await connection.execute("DELETE FROM metric_points WHERE tenant = $1 AND job_id = $2", tenant, job_id)
            await connection.execute("DELETE FROM metric_series WHERE tenant = $1 AND job_id = $2", tenant, job_id)

    async def page(
        self,
        tenant: str,
        job_id: UUID,
        *,
        name: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        points: int = 0,
        limit: int = 200,
    ) -> SeriesPage:
        """Return the series whose name holds `name`, the first `DRAWN` of them with at most `points` points each.

        Raises:
            Unavailable: PostgreSQL is away.
        """
        read: dict[int, list[Point]] = {}
        async with self._timeline.connect() as connection:
            try:
                found = await connection.fetch(_FOUND, tenant, job_id, name, limit)
                if points and found:
                    drawn = [row["series"] for row in found[:DRAWN]]
                    for row in await connection.fetch(_READ, tenant, job_id, drawn, start, end):
                        read.setdefault(row["series"], []).append((row["at"], row["value"]))
            except asyncpg.UndefinedTableError:  # record has never run here
                found = []
        items = tuple(_shown(row, thinned(read.get(row["series"], []), points)) for row in found)
        return SeriesPage(job_id=job_id, total=found[0]["total"] if found else 0, items=items)


def _line(column: Column) -> tuple[object, ...]:
    ends = (_moment(column.at[0]), _moment(column.at[-1]))
    return (column.name, column.component, column.unit, column.samples, len(column.at), *ends, min(column.values), max(column.values))


def _pairs(column: Column) -> Iterator[tuple[datetime, float]]:
    return zip(map(_moment, column.at), column.values, strict=True)


def _moment(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)


def _shown(row: Any, points: Sequence[Point]) -> SeriesLine:
    known = {name: row[name] for name in SeriesLine.model_fields if name != "points"}
    return SeriesLine(**known, points=tuple(points))


def thinned(points: Sequence[Point], most: int) -> Sequence[Point]:
    """Return at most `most` points (two or more) that keep the shape: of each stretch its lowest and its highest, in order of time."""
    if len(points) <= most:
        return points
    width = len(points) / max(1, most // 2)
    kept: list[Point] = []
    for number in range(max(1, most // 2)):
        part = points[round(number * width) : round((number + 1) * width)]
        low, high = min(part, key=_value), max(part, key=_value)
        kept += sorted({low, high})
    return kept


def _value(point: Point) -> float:
    return point[1]
