"""Stretches of samples far outside of what a series does otherwise."""

from dataclasses import dataclass

import numpy as np

from faultmaven_events.consumers.process.metrics.meaning import spread
from faultmaven_events.consumers.process.metrics.sample import Floats, Samples
from faultmaven_events.consumers.process.metrics.shift import levels_of

FAR = 6.0
"""Robust standard deviations from the level of its stretch."""
RARE = 0.05
"""Share of the samples beyond which a swing is not an episode but a habit."""
MOST_EPISODES = 3


@dataclass(frozen=True, slots=True)
class Episode:
    """Samples `start` to `stop` (exclusive), the farthest value, the level it left, and its distance in robust standard deviations."""

    start: int
    stop: int
    peak: float
    usual: float
    size: float


def episodes_of(series: Samples) -> list[Episode]:
    """The largest episodes, largest first; none where swings are a habit of the series."""
    values = series.values
    if len(values) < 20:
        return []
    distance, usual = _distance(values)
    far = np.abs(distance) > FAR
    if not far.any() or far.mean() > RARE:
        return []
    episodes = []
    for start, stop in _runs(far, gap=3):
        if start == 0 and stop <= 3:  # the first samples after a start
            continue
        place = start + int(np.argmax(np.abs(distance[start:stop])))
        episodes.append(Episode(start, stop, float(values[place]), float(usual[place]), float(abs(distance[place]))))
    return sorted(episodes, key=lambda episode: -episode.size * np.sqrt(episode.stop - episode.start))[:MOST_EPISODES]


def _distance(values: Floats) -> tuple[Floats, Floats]:
    """Distance of every sample from the level of its stretch, over the largest scatter of any; and that level."""
    usual = np.empty_like(values)
    scatters = []
    for level in levels_of(values):
        part = values[level.start : level.stop]
        usual[level.start : level.stop] = np.median(part)
        scatters.append(spread(part))
    unit = max(float(np.median(scatters)), 0.02 * float(np.median(np.abs(values))), 1e-9)
    unit = max(unit, _resolution(values))
    if all(scatter == 0 for scatter in scatters):
        unit = max(unit, 0.25 * float(np.ptp(values)) / FAR, 1e-9)
    return (values - usual) / unit, usual


def _resolution(values: Floats) -> float:
    """The smallest difference between two values: what a series of small whole numbers cannot go below."""
    distinct = np.unique(values)
    return float(np.diff(distinct).min()) if 1 < len(distinct) <= 1000 else 0.0


def _runs(marked: np.ndarray[tuple[int], np.dtype[np.bool_]], gap: int) -> list[tuple[int, int]]:
    """Runs of True as (start, stop); runs with up to `gap` False between them are one."""
    runs: list[tuple[int, int]] = []
    for place in np.flatnonzero(marked).tolist():
        if runs and place - runs[-1][1] <= gap:
            runs[-1] = (runs[-1][0], place + 1)
        else:
            runs.append((place, place + 1))
    return runs
