"""What a series does: a lasting move away from its early level, when it began, and how far it went."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import Final

from faultmaven_events.consumers.reason.offline.ruleset import Role
from faultmaven_events.schemas.insight import Series

_WINDOW: Final = 5
"""Points of the running median, so that a single spike is no move."""
_SIGMAS: Final = 6.0
_LASTING: Final = 0.5
"""Share of the following points that must stay moved."""
_SPAN: Final = 20


@dataclass(frozen=True, slots=True)
class Trend:
    """A move of one series. Values of counters are per second."""

    role: str
    series: str
    file: str
    direction: str
    at: datetime
    until: datetime | None
    before: float
    after: float
    extreme: float
    last: float
    ramp: bool
    limit: float | None = None

    @property
    def name(self) -> str:
        """Under which rules know it, for example `queue_ready.up`."""
        return f"{self.role}.{self.direction}"


def role(name: str, roles: Sequence[Role]) -> Role | None:
    """Return what a series measures."""
    return next((r for r in roles if r.pattern.search(name)), None)


def rate(points: Sequence[tuple[datetime, float]]) -> list[tuple[datetime, float]]:
    """Return the growth per second between points; a reset counts as no growth."""
    return [(b[0], max(0.0, b[1] - a[1]) / max((b[0] - a[0]).total_seconds(), 0.001)) for a, b in pairwise(points)]


def smooth(values: Sequence[float], window: int = _WINDOW) -> list[float]:
    """Return the running median over the last `window` values."""
    return [median(values[max(0, i - window + 1) : i + 1]) for i in range(len(values))]


def move(points: Sequence[tuple[datetime, float]], floor: float) -> tuple[int, str] | None:
    """Return index and direction of the first lasting move away from the early level, or None.

    The early level is the median of the first fifth (10 points at least); a move is farther away than 6 robust deviations and than `floor`.
    """
    values = [v for _, v in points]
    head = max(10, len(values) // 5)
    if len(values) < head + _WINDOW:
        return None
    base = median(values[:head])
    spread = 1.4826 * median(abs(v - base) for v in values[:head])
    far = max(_SIGMAS * spread, floor, 0.25 * abs(base))
    smoothed = smooth(values)
    for i in range(_WINDOW, len(values)):
        gap = smoothed[i] - base
        if abs(gap) < far:
            continue
        rest = smoothed[i : i + _SPAN]
        lasting = sum(1 for v in rest if (v - base) * gap > 0 and abs(v - base) >= 0.6 * far)
        if lasting >= _LASTING * len(rest) and len(rest) >= 3:
            return _begin(values, i, base, far, gap), "up" if gap > 0 else "down"
    return None


def _begin(values: Sequence[float], found: int, base: float, far: float, gap: float) -> int:
    """Step back over the window that smoothing delayed, as long as the values are moved; a single spike before is no beginning."""
    first = next((i for i in range(found, max(0, found - _WINDOW) - 1, -1) if _moved(values[i], base, far, gap)), found)
    while first > 0 and found - first < 2 * _WINDOW and _moved(values[first - 1], base, far, gap):
        first -= 1
    return first


def _moved(value: float, base: float, far: float, gap: float) -> bool:
    return (value - base) * gap > 0 and abs(value - base) >= 0.3 * far


def trend(series: Series, file: str, what: Role) -> Trend | None:
    """Return the move of a series, or None when it stays where it was."""
    points = rate(series.points) if what.counter else list(series.points)
    found = move(points, what.floor)
    if found is None:
        return None
    index, direction = found
    head = points[: max(1, index)]
    tail = points[index:]
    before, after = median(v for _, v in head), median(v for _, v in tail)
    pick = max if direction == "up" else min
    back = next((t for t, v in tail[-1:] if abs(v - before) < 0.3 * abs(after - before)), None)
    return Trend(
        role=what.name,
        series=series.name,
        file=file,
        direction=direction,
        at=points[index][0],
        until=back,
        before=before,
        after=after,
        extreme=pick(v for _, v in tail),
        last=tail[-1][1],
        ramp=_ramp([v for _, v in tail], direction),
    )


def _ramp(values: Sequence[float], direction: str) -> bool:
    """Whether it keeps moving in steps all of the same direction, as leaks and backlogs do."""
    steps = [b - a for a, b in pairwise(values[:: max(1, len(values) // 12)])]
    sign = 1 if direction == "up" else -1
    return len(steps) >= 4 and sum(1 for s in steps if s * sign > 0) >= 0.7 * len(steps)
