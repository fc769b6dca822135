"""Where the level of a series moves: binary segmentation of the ranks, so that a few wild values do not decide.

The statistic is the largest standardised difference of mean ranks over all splits (the CUSUM form of the Wilcoxon-Mann-Whitney test;
Pettitt 1979). Ties get their mean rank.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from faultmaven_events.consumers.process.metrics.meaning import spread
from faultmaven_events.consumers.process.metrics.sample import Floats, Samples

MOST_SHIFTS = 6
CRITICAL = 4.2
"""Standardised statistic from which a split counts (about 1 in 1,000 for 150 independent samples)."""
FREER = 1.3
"""How much stronger two cuts must be than one: they have more places to choose from."""
SHORTEST = 5
MOST_POINTS = 20_000
WARM_UP = 0.06
"""Share of the samples at the start that a service may take to warm up."""
STRAIGHT = 0.97
"""Share of the variance that a straight line explains, from which a series is a trend."""


@dataclass(frozen=True, slots=True)
class Level:
    """A stretch of one level: samples `start` to `stop` (exclusive) and their median."""

    start: int
    stop: int
    middle: float


@dataclass(frozen=True, slots=True)
class Shift:
    """A move from one level to another; `place` is the first sample that left the old one; `warming` when the old one is only the start."""

    place: int
    before: float
    after: float
    strength: float
    warming: bool = False


def levels_of(values: Floats) -> list[Level]:
    """The stretches of one level, in order."""
    least = max(SHORTEST, len(values) // 50)
    stride = max(1, len(values) // MOST_POINTS)
    cuts = sorted(cut * stride for cut in _cuts(values[::stride], max(SHORTEST, least // stride)))
    bounds = [0, *cuts, len(values)]
    return [Level(start, stop, _middle(values[start:stop])) for start, stop in pairwise(bounds) if stop > start]


def _middle(values: Floats) -> float:
    """Median, or the mean where most values are the same (rare events have a median of 0)."""
    middle = float(np.median(values))
    return float(np.mean(values)) if np.mean(values == middle) > 0.5 and not np.all(values == middle) else middle


def _cuts(values: Floats, least: int) -> list[int]:
    cuts: list[int] = []
    open_parts = [(0, len(values))]
    while open_parts and len(cuts) < MOST_SHIFTS:
        strength, places, part = max((*_best_cuts(values[start:stop], least), (start, stop)) for start, stop in open_parts)
        if strength < CRITICAL:
            break
        new = [part[0] + place for place in places]
        cuts += new
        open_parts = [other for other in open_parts if other != part] + list(pairwise([part[0], *new, part[1]]))
    return cuts


def _best_cuts(values: Floats, least: int) -> tuple[float, tuple[int, ...]]:
    """The strongest single cut, or the two around a stretch that differs from what is before and after it; with the statistic."""
    count = len(values)
    ranks = _ranks(values) if count >= 2 * least else np.zeros(1)
    deviation = float(ranks.std())
    if deviation == 0:
        return 0.0, ()
    sums = np.cumsum(ranks - ranks.mean()) / deviation
    left = np.arange(1, count)
    statistic = np.abs(sums[:-1]) / np.sqrt(left * (count - left) / count)
    statistic[: least - 1] = 0
    statistic[count - least :] = 0
    single = int(np.argmax(statistic))
    first, last = sorted((int(np.argmin(sums)), int(np.argmax(sums))))
    inside = last - first
    if min(first + 1, count - 1 - last, inside) >= least:
        strength = float(abs(sums[last] - sums[first]) / np.sqrt(inside * (count - inside) / count))
        if strength > FREER * statistic[single]:
            return strength / FREER, (first + 1, last + 1)
    return float(statistic[single]), (single + 1,)


def _ranks(values: Floats) -> Floats:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    mean_rank: Floats = (last - (counts - 1) / 2).astype(np.float64)
    return mean_rank[inverse]


def onset(values: Floats, start: int, cut: int, stop: int) -> int:
    """The first sample that has left the level of `start..cut` for the one after: walks back along a ramp, and forward over a late cut."""
    early = values[start : max(start + 1, start + (cut - start) * 3 // 4)]
    middle, width = float(np.median(early)), spread(early)
    after = _middle(values[cut:stop])
    size = abs(after - middle)
    band = min(max(3.0 * width, 0.1 * size), 0.5 * size)
    away = (1.0 if after >= middle else -1.0) * (values - middle) > band
    later = np.flatnonzero(away[cut : min(stop, cut + max(SHORTEST, (stop - cut) // 10))])
    place = cut + int(later[0]) if len(later) else cut
    quiet = 0
    for back in range(place - 1, start, -1):
        quiet = 0 if away[back] else quiet + 1
        if away[back]:
            place = back
        if quiet >= 3:
            break
    return place


def shifts_of(series: Samples) -> list[Shift]:
    """Moves between neighbouring levels that are large beside the scatter; moves in one direction one after the other are one move."""
    values = series.values
    levels = levels_of(values)
    shifts = []
    for run in _runs_of_one_direction(levels):
        before, after, last = levels[run[0]], levels[run[0] + 1], levels[run[-1] + 1]
        strength = _strength(values, before, last)
        if strength >= 1.0:
            warming = before.start == 0 and before.stop <= max(SHORTEST, WARM_UP * len(values))
            quiet = len(run) == 1 or spread(values[before.start : before.stop]) == 0
            place = onset(values, before.start, after.start, after.stop) if quiet else _foot(values, before, last)
            shifts.append(Shift(place, before.middle, last.middle, strength, warming))
    return shifts


def _foot(values: Floats, before: Level, last: Level) -> int:
    """Where a climb over several levels begins: the line through its crossings of 10 % and 30 % of the height meets the old level."""
    climb = (values[before.start : last.stop] - before.middle) / (last.middle - before.middle)
    window = min(5, len(climb))
    smooth = np.convolve(climb, np.ones(window) / window, mode="valid")
    half = int(np.argmax(smooth >= 0.5)) + window - 1 if (smooth >= 0.5).any() else len(climb) - 1
    tenth, third = (_last_below(climb[:half], share) for share in (0.1, 0.3))
    return before.start + min(max(0, round(tenth - 0.5 * (third - tenth))), len(climb) - 1)


def _last_below(climb: Floats, share: float) -> int:
    below = np.flatnonzero(climb < share)
    return int(below[-1]) + 1 if len(below) else 0


def _runs_of_one_direction(levels: list[Level]) -> list[list[int]]:
    """Numbers of the steps between levels, those of one direction one after the other together."""
    runs: list[list[int]] = []
    for number in range(len(levels) - 1):
        rising = levels[number + 1].middle > levels[number].middle
        if runs and (levels[runs[-1][0] + 1].middle > levels[runs[-1][0]].middle) == rising:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs


def is_trend(series: Samples) -> bool:
    """Whether the whole series is one straight line: it grows or falls all the time, so that no moment is its onset."""
    if len(series) < 20 or float(np.ptp(series.values)) == 0:
        return False
    correlation = float(np.corrcoef(series.seconds, series.values)[0, 1])
    return correlation**2 > STRAIGHT


def _strength(values: Floats, before: Level, after: Level) -> float:
    """Size of a move in units of what is worth telling: three times the scatter, and a sixth of the larger level."""
    size = abs(after.middle - before.middle)
    if size == 0:
        return 0.0
    scatter = min(spread(values[before.start : before.stop]), spread(values[after.start : after.stop]))
    needed = max(2.0 * scatter, 0.15 * max(abs(before.middle), abs(after.middle)), 1e-12)
    return min(size / needed, 10.0)
