"""Series of numbers with their lines, before anything is concluded from them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Samples:
    """One series in order of time: `seconds` since 1970 (UTC), `values` without NaN, and the `lines` (1-based) they stand on.

    Not `timed`: the file says no times, so `seconds` are just the numbers of the samples.
    """

    name: str
    seconds: Floats
    values: Floats
    lines: Ints
    component: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    timed: bool = True

    def __len__(self) -> int:
        return len(self.values)

    def at(self, place: int) -> datetime:
        """Time of one sample."""
        return moment(float(self.seconds[place]))

    @property
    def step(self) -> float:
        """Usual seconds between two samples; 0 for fewer than two."""
        return float(np.median(np.diff(self.seconds))) if len(self.seconds) > 1 else 0.0


@dataclass(frozen=True, slots=True)
class Words:
    """A column of states: (seconds, word, line) wherever the word differs from the one before."""

    name: str
    changes: tuple[tuple[float, str, int], ...]


@dataclass(frozen=True, slots=True)
class Recording:
    """What a reader got out of a file."""

    series: tuple[Samples, ...] = ()
    words: tuple[Words, ...] = ()
    values: tuple[tuple[str, float, int], ...] = ()
    problems: tuple[tuple[str, int], ...] = ()
    truncated: tuple[str, ...] = ()


def moment(seconds: float) -> datetime:
    """The time of seconds since 1970, in UTC, to the microsecond."""
    return datetime.fromtimestamp(round(seconds, 6), UTC)


MOST_SERIES = 10_000
"""Series of one file that are read."""


def in_order(
    name: str,
    points: Sequence[tuple[float, float, int]],
    component: str | None = None,
    labels: dict[str, str] | None = None,
    *,
    timed: bool = True,
) -> Samples:
    """A series of (seconds, value, line) in any order; of one time the last counts; what is not finite is left out."""
    table = np.array(points, dtype=np.float64).reshape(-1, 3)
    return arranged(name, table[:, 0], table[:, 1], table[:, 2].astype(np.int64), component, labels, timed=timed)


def arranged(  # noqa: PLR0917 # the fields of a series
    name: str,
    seconds: Floats,
    values: Floats,
    lines: Ints,
    component: str | None = None,
    labels: dict[str, str] | None = None,
    *,
    timed: bool = True,
) -> Samples:
    """The same of columns; those that are in order and whole already are shared, not copied."""
    kept = np.isfinite(seconds) & np.isfinite(values) & (np.abs(values) < 1e300)
    if not kept.all():
        seconds, values, lines = seconds[kept], values[kept], lines[kept]
    if len(seconds) and not (steps := np.diff(seconds) > 0).all():
        if not (np.diff(seconds) >= 0).all():
            order = np.argsort(seconds, kind="stable")
            seconds, values, lines = seconds[order], values[order], lines[order]
            steps = np.diff(seconds) > 0
        last = np.append(steps, True)
        seconds, values, lines = seconds[last], values[last], lines[last]
    return Samples(name, seconds, values, lines, component, labels or {}, timed)
