"""The command `series`: the series of a metrics file, a line each."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final

import typer
from rich.table import Column, Table

from faultmaven_events.cli.api import open_api
from faultmaven_events.cli.client import ApiUrl, AsJson, Tenant, print_json
from faultmaven_events.cli.screen import screen
from faultmaven_events.schemas.points import Point, SeriesLine, SeriesPage

BARS: Final = "▁▂▃▄▅▆▇█"
WIDTH: Final = 48
"""Characters of a sparkline."""

When = Annotated[str | None, typer.Option(help="ISO 8601; without a zone: UTC.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(series)


def series(  # typer passes them by name
    job: Annotated[str, typer.Argument(help="The job of the metrics file.")],
    name: Annotated[str | None, typer.Argument(help="What the series' name holds; none: all.")] = None,
    start: When = None,
    end: When = None,
    as_json: AsJson = False,
    api: ApiUrl = None,
    tenant: Tenant = "default",
) -> None:
    """Show the series of a metrics file and how they went, the most telling first. Exit status 1 when there are none."""

    async def run() -> Any:
        async with open_api(api, tenant=tenant) as client:
            asked = {"name": name, "from": start, "to": end, "points": 2 * WIDTH}
            return await client.get(f"/api/v1/jobs/{job}/series", **asked)

    found = asyncio.run(run())
    page = SeriesPage.model_validate(found)
    print_json(found) if as_json else _show(page)
    sys.exit(0 if page.items else 1)


def _show(page: SeriesPage) -> None:
    console = screen()
    if not page.items:
        console.print("No series of this job are stored: it is no metrics file, not done yet, or none has this name.")
        return
    first, last = min(line.first for line in page.items), max(line.last for line in page.items)
    console.print(f"{page.total} series, {first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} UTC")
    shape = Column("", no_wrap=True)
    table = Table(Column("series", overflow="fold"), "component", "lowest", "highest", "unit", "samples", shape, box=None)
    for line in page.items:
        numbers = (f"{line.minimum:.6g}", f"{line.maximum:.6g}", line.unit or "", str(line.samples))
        table.add_row(_plain(line.name), _plain(line.component or ""), *numbers, drawn(line))
    console.print(table)


def _plain(text: str) -> str:
    return text.replace("[", "\\[")


def drawn(line: SeriesLine) -> str:
    """Return a series as bars on the clock: the highest value of each stretch, a dot where there is none."""
    return sparkline(line.points) if line.points else ""


def sparkline(points: Sequence[Point], width: int = WIDTH) -> str:
    """Return points in order of time as `width` characters, lowest to highest; a stretch without a point is a dot."""
    first, last = points[0][0], points[-1][0]
    tops: dict[int, float] = {}
    for at, value in points:
        place = _place(at, first, last, width)
        tops[place] = max(value, tops.get(place, value))
    low, high = min(value for _, value in points), max(value for _, value in points)
    scale = (len(BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(BARS[round((tops[place] - low) * scale)] if place in tops else "·" for place in range(max(tops) + 1))


def _place(at: datetime, first: datetime, last: datetime, width: int) -> int:
    return int((at - first) / (last - first) * (width - 1)) if last > first else 0
