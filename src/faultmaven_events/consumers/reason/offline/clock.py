"""Clocks of files put side by side.

A file in local time is moved by whole quarters of an hour, one without years by whole years; one that requests show beside several others
at another time is moved by that. A clock that only seems off is noted.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Final
from uuid import UUID

from faultmaven_events.schemas.insight import Fact, Insights

_QUARTER: Final = 900.0
_YEARISH: Final = 300 * 86_400.0
_BACK: Final = re.compile(r"go back in time, by ([\d.]+(?:e\+\d+)?) s")
_AGREE: Final = 2.0
"""Seconds by which what several files say of one clock may differ."""
_STEP: Final = 20.0
"""Seconds; a smaller step of a clock looks like a pause or a queue."""
_LIKE: Final = 0.8
_MINIMUM: Final = 60.0
"""Seconds; smaller differences at the end of files are ordinary."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """`shift` is added to a file's times. `skew` in seconds is how far its clock seems off; it is not corrected."""

    shift: timedelta = timedelta()
    skew: float = 0.0
    beside: int = 0
    """Files beside which requests show the skew: where it is told so, the shift takes it away."""

    @property
    def note(self) -> str | None:
        """What a reader of the timeline must know."""
        if self.beside:
            return f"this clock is off by {self.skew:+g} s beside {self.beside} other files, as requests in both tell; its times are moved"
        if abs(self.shift.total_seconds()) > _YEARISH:
            return f"no year in its times, moved by {self.shift.days:+d} days beside the other files"
        if self.shift:
            return f"local time, moved by {self.shift.total_seconds() / 3600:+g} h to UTC"
        return f"this clock seems off by {self.skew:+.0f} s" if self.skew else None


def align(files: Sequence[Insights], skews: Iterable[Fact] = ()) -> dict[str, Alignment]:
    """Compare the ends of all files' time ranges: most evidence of an incident is taken at the same moment.

    A file that does not overlap the others is in another zone when a whole number of quarters of an hour brings it there.
    `skews` are facts of several files whose clocks differ (`clock_skew`): first the one that is ahead is cited, then the other.
    """
    found = _by_ends(files)
    for evidence_id, (seconds, beside) in _odd(skews).items():
        file = next((f for f in files if f.evidence_id == evidence_id), None)
        if file is not None and not found[file.file].shift:
            found[file.file] = Alignment(shift=timedelta(seconds=-seconds), skew=seconds, beside=beside)
    return found


def stepped(moments: Sequence[tuple[int, datetime]], skew: float) -> tuple[int, timedelta] | None:
    """The line from which on a clock was off by `skew` seconds, and what puts it back; None when the file shows no such step."""
    if abs(skew) < _STEP:
        return None
    steps = [((after[1] - before[1]).total_seconds(), after[0]) for before, after in pairwise(moments)]
    near = [(seconds, line) for seconds, line in steps if seconds * skew > 0 and _LIKE * abs(skew) <= abs(seconds) <= abs(skew) / _LIKE]
    return (near[0][1], timedelta(seconds=-near[0][0])) if len(near) == 1 else None


def _odd(skews: Iterable[Fact]) -> dict[UUID, tuple[float, int]]:
    """By how many seconds a clock is ahead, and beside how many others: of a file that differs from two or more which agree."""
    told: dict[UUID, dict[UUID, float]] = defaultdict(dict)
    for fact in skews:
        seconds = fact.attributes.get("seconds")
        if fact.kind == "clock_skew" and len(fact.citations) == 2 and isinstance(seconds, int | float):
            one, other = (citation.evidence_id for citation in fact.citations)
            told[one][other], told[other][one] = float(seconds), -float(seconds)
    odd = {}
    for one, others in told.items():
        usual = median(others.values())
        alone = all(len(told[other]) == 1 for other in others)
        if len(others) > 1 and alone and all(abs(seconds - usual) <= _AGREE for seconds in others.values()):
            odd[one] = (round(usual, 1), len(others))
    return odd


def _by_ends(files: Sequence[Insights]) -> dict[str, Alignment]:
    ends = sorted(f.end for f in files if f.end and f.start and f.end > f.start)
    if len(ends) < 3:
        return {f.file: Alignment() for f in files}
    usual = ends[len(ends) // 2]
    lengths = sorted((f.end - f.start).total_seconds() for f in files if f.end and f.start and f.end > f.start)
    return {f.file: _one(f, usual, max(lengths[len(lengths) // 2], _MINIMUM)) for f in files}


def _one(file: Insights, usual: datetime, window: float) -> Alignment:
    if file.end is None or file.start is None:
        return Alignment()
    ahead = (file.end - usual).total_seconds()
    back = _BACK.search(file.clock or "")
    if back and abs(ahead) <= window:
        return Alignment(skew=-round(float(back[1])))
    if abs(ahead) <= window:
        return Alignment(skew=round(ahead) if ahead > _MINIMUM else 0.0)
    if abs(ahead) > _YEARISH and (moved := _year(file.end, usual, window)):
        return Alignment(shift=moved)
    quarters = round(ahead / _QUARTER)
    rest = ahead - quarters * _QUARTER
    if quarters and quarters % 2 == 0 and abs(rest) <= window * 1.2 and abs(quarters) <= 56:
        return Alignment(shift=timedelta(seconds=-quarters * _QUARTER))
    return Alignment(skew=round(ahead) if ahead > 0 else 0.0)


def _year(end: datetime, usual: datetime, window: float) -> timedelta | None:
    """Times without a year were given the wrong one: how far the file must be moved to lie beside the others."""
    for year in (usual.year, usual.year - 1, usual.year + 1):
        try:
            moved = end.replace(year=year)
        except ValueError:  # the 29th of February
            continue
        if moved != end and abs((moved - usual).total_seconds()) <= window:
            return moved - end
    return None
