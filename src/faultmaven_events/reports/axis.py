"""An axis of time: where a moment stands, and where marks with sensible times stand. Seconds since 1970, and pixels."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_SECONDS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
_DAYS: Final = (2, 7, 30, 90, 365, 3650, 36_500, 365_000)
_STEPS: Final = (*_SECONDS, *(86_400 * days for days in _DAYS))
_MARKS: Final = 7
_WIDER: Final = 3.0
"""How many lengths of what was felt are shown before it and after it."""
_LEAST: Final = 10.0
"""Seconds that an axis spans at least."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark on the axis and what is written under it."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Axis:
    """The shown time from `begin` to `end`; what is before or after it stands in a column of its own."""

    begin: float
    end: float

    def place(self, at: float, left: float, right: float) -> float:
        """Return where a moment of the shown time stands."""
        share = (at - self.begin) / (self.end - self.begin)
        return round(left + min(max(share, 0.0), 1.0) * (right - left), 1)

    def before(self, at: float) -> bool:
        """Whether a moment is earlier than what is shown."""
        return at < self.begin

    def after(self, at: float) -> bool:
        """Whether it is later."""
        return at > self.end

    def marks(self) -> list[Mark]:
        """Return about seven marks at round times."""
        step = next((s for s in _STEPS if (self.end - self.begin) / s <= _MARKS), _STEPS[-1])
        return list(self._marks(step))

    def _marks(self, step: int) -> Iterator[Mark]:
        at, day = -(-self.begin // step) * step, ""
        while at <= self.end:
            try:
                when = datetime.fromtimestamp(at, UTC)
            except (OverflowError, ValueError):  # beyond the calendar
                return
            date = when.date().isoformat()
            clock = f"{when:%H:%M:%S}" if step < 60 else f"{when:%H:%M}"
            yield Mark(at, date if step >= 86_400 else f"{date} {clock}" if date != day else clock)
            at, day = at + step, date


def axis(times: list[float], felt: tuple[float | None, float | None]) -> Axis:
    """Return the axis for some moments: around what was felt where that is known, else over all of them."""
    known = [t for t in felt if t is not None]
    begin, end = (min(known), max(known)) if known else (min(times), max(times))
    length = max(end - begin, _LEAST)
    if known:
        near = [t for t in times if begin - _WIDER * length <= t <= end + _WIDER * length]
        begin, end = min([begin, *near]), max([end, *near])
    room = max(end - begin, _LEAST) * 0.04
    return Axis(begin - room, end + room)
