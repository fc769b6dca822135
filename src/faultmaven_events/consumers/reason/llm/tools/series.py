"""query_series: one figure of a metric of the evidence. It is for thinking; what a report claims must stand in a line."""

from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import fmean, median
from typing import Any, Final

from faultmaven_events.consumers.reason.llm.tools.reach import Sampled
from faultmaven_events.consumers.reason.llm.tools.registry import Refused
from faultmaven_events.schemas.insight import Series

POINTS: Final = 40
_NAMES: Final = 30


def query_series(arguments: dict[str, Any], known: Sequence[Sampled]) -> dict[str, Any]:
    """Return the figure, or the names that come near.

    Raises:
        Refused: a time that is none, or no point in that time.
    """
    wanted, file = arguments["series"].casefold(), arguments.get("file")
    there = [(name, one) for name, one in known if file in {None, name}]
    exact = [(name, one) for name, one in there if one.name.casefold() == wanted]
    if len(exact) != 1:
        near = exact or [(name, one) for name, one in there if wanted in one.name.casefold()] or there
        return {"found": 0, "series": [{"file": name, "series": one.name} for name, one in near[:_NAMES]]}
    name, series = exact[0]
    points = _within(series, _time(arguments.get("from")), _time(arguments.get("to")))
    if not points:
        raise Refused("the series has no point in that time")
    shown: dict[str, Any] = {"file": name, "series": series.name, "unit": series.unit, "of_points": len(points)}
    return {**shown, **_figure(arguments["statistic"], points)}


def _within(series: Series, begin: datetime | None, end: datetime | None) -> list[tuple[datetime, float]]:
    return [(at, value) for at, value in series.points if (begin is None or at >= begin) and (end is None or at <= end)]


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise Refused("a time is not of the form 2026-01-31T10:00:00Z") from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _figure(statistic: str, points: Sequence[tuple[datetime, float]]) -> dict[str, Any]:
    values = [value for _, value in points]
    if statistic == "points":
        step = -(-len(points) // POINTS)
        return {"points": [[f"{at:%Y-%m-%dT%H:%M:%SZ}", round(value, 6)] for at, value in points[::step]]}
    if statistic in {"mean", "median"}:
        return {statistic: round(fmean(values) if statistic == "mean" else median(values), 6)}
    choose = {"minimum": min, "maximum": max}.get(statistic)
    at, value = choose(points, key=lambda p: p[1]) if choose else points[0 if statistic == "first" else -1]
    return {statistic: round(value, 6), "at": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
