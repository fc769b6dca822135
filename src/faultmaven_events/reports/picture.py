"""The timeline as a drawing, in numbers: lanes by kind, one spot per moment, none over another. Pure; `svg.py` draws it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from faultmaven_events.reports.axis import Axis, Mark, axis
from faultmaven_events.reports.document import Picture
from faultmaven_events.reports.plain import utc
from faultmaven_events.schemas.report import Moment

WIDTH: Final = 960.0
LEFT: Final = 110.0
RIGHT: Final = 945.0
ASIDE: Final = 80.0
"""Width of the columns for what was long before, and long after."""
TOP: Final = 24.0
SPOT: Final = 11.0
"""Half of a spot's width."""
GAP: Final = 2 * SPOT + 2
KINDS: Final = ("change", "first_anomaly", "symptom", "detection", "action", "recovery")
MOST: Final = 100
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Spot:
    """A moment in its place."""

    number: int
    x: float
    y: float
    moment: Moment


@dataclass(frozen=True, slots=True)
class Lane:
    """The band of one kind."""

    kind: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything with its place. `height` is that of the lanes and the axis."""

    lanes: tuple[Lane, ...]
    spots: tuple[Spot, ...]
    marks: tuple[tuple[float, str], ...]
    felt: tuple[float, float] | None
    cause: float | None
    earlier: float | None
    """Where the column for what was long before ends."""
    later: float | None
    bottom: float
    height: float


def seconds(at: datetime) -> float:
    """Return a time as seconds since 1970."""
    return (utc(at) - _EPOCH).total_seconds()


def laid(picture: Picture) -> Layout | None:
    """Return the places of everything; None without moments."""
    moments = list(picture.moments)[:MOST]
    if not moments:
        return None
    felt = _known(picture.felt_from), _known(picture.felt_until)
    times = [seconds(m.at) for m in moments]
    line = axis(times, felt)
    earlier = LEFT + ASIDE if any(map(line.before, times)) else None
    later = RIGHT - ASIDE if any(map(line.after, times)) else None
    left, right = earlier or LEFT, later or RIGHT
    places = [_place(line, t, left, right) for t in times]
    lanes, spots, bottom = _lanes(moments, places)
    cause = _known(picture.cause_at)
    return Layout(
        lanes=lanes,
        spots=spots,
        marks=tuple((line.place(m.at, left, right), m.text) for m in _apart(line.marks(), line, left, right)),
        felt=_felt(line, felt, left, right),
        cause=line.place(cause, left, right) if cause is not None and line.begin <= cause <= line.end else None,
        earlier=earlier,
        later=later,
        bottom=bottom,
        height=bottom + 30,
    )


def _known(at: datetime | None) -> float | None:
    return seconds(at) if at is not None else None


def _place(line: Axis, at: float, left: float, right: float) -> float:
    if line.before(at):
        return left - ASIDE / 2
    return right + ASIDE / 2 if line.after(at) else line.place(at, left, right)


def _felt(line: Axis, felt: tuple[float | None, float | None], left: float, right: float) -> tuple[float, float] | None:
    begin, end = felt
    if begin is None:
        return None
    first, last = line.place(begin, left, right), line.place(end, left, right) if end is not None else right
    return first, max(last, first + 2)


def _apart(marks: list[Mark], line: Axis, left: float, right: float) -> list[Mark]:
    """Marks whose texts would touch are left out."""
    found: list[Mark] = []
    edge = LEFT - 60
    for mark in marks:
        x, half = line.place(mark.at, left, right), 3.6 * len(mark.text)
        if x - half >= edge and x + half <= WIDTH:
            found.append(mark)
            edge = x + half + 8
    return found


def _lanes(moments: list[Moment], places: list[float]) -> tuple[tuple[Lane, ...], tuple[Spot, ...], float]:
    lanes, spots, y = [], [], TOP
    for kind in KINDS:
        mine = sorted((x, n) for n, (m, x) in enumerate(zip(moments, places, strict=True), 1) if m.kind == kind)
        if not mine:
            continue
        rows: list[float] = []
        for x, number in mine:
            row = next((r for r, last in enumerate(rows) if last + GAP <= x), len(rows))
            rows[row : row + 1] = [x]
            spots.append(Spot(number, x, y + SPOT + 4 + row * GAP, moments[number - 1]))
        lanes.append(Lane(kind, y, len(rows) * GAP + 6))
        y += lanes[-1].height + 4
    return tuple(lanes), tuple(spots), y
