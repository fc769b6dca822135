"""How anomalous each point of a series is when it arrives: a causal score for streams of one metric.

Five views of a point are measured in standard deviations of their own past: the value against all of the past and against a window of it,
the residual against the same time of earlier days, and the first and the last smoothed over twelve points. Each is divided by the
99 % quantile of its own past, so that a series of habitual spikes does not alert at each of them; their mean is the score. Of the alerts
that come close together only one that tops the others keeps its full score.
"""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from faultmaven_events.consumers.process.metrics.sample import Floats

Times = NDArray[np.datetime64]

DAYS_BACK = (1, 2, 3, 4, 7)
SMOOTHED = 12
QUANTILE = 0.99
LEAST_EXTREME = 2.0
"""Standard deviations that no past, however calm, makes an alert of."""
MOST_OF_ONE = 8.0
"""Times its usual extreme that one view may add to the mean."""
ALERT = 1.1
"""Mean of the views, in their usual extremes, at which the score is 0.5."""
QUIET_SHARE = 0.6
"""Points, as a share of the learning period, in which a lower score counts half after a higher one."""
FEWEST = 20
LARGEST = 1e100
"""What a value counts at most, so that its square is a number."""
_EDGES = np.geomspace(0.05, 200.0, 70)
_BLOCK = 50_000


def anomaly_scores(times: Times, values: Floats, probation: int) -> Floats:
    """Score every point from what came before it.

    Args:
        times: in order, any resolution.
        values: of the same length; NaN counts as 0.
        probation: the first points, which are only for learning.

    Returns:
        Scores in [0, 1) of the same length; 0.5 and above is an alert.
    """
    values = np.clip(np.nan_to_num(np.asarray(values, dtype=np.float64)), -LARGEST, LARGEST)
    if len(values) < FEWEST:
        return np.zeros(len(values))
    learnt = max(probation, FEWEST)
    views = [_against_usual_extremes(view) for view in _views(np.asarray(times), values, learnt)]
    mean = np.mean(views, axis=0)
    return _topping(mean / (mean + ALERT), max(1, int(QUIET_SHARE * learnt)))


def _views(times: Times, values: Floats, learnt: int) -> list[Floats]:
    floor = 0.01 * abs(float(np.mean(values[:learnt]))) + 1e-9
    smooth = _smoothed(values, SMOOTHED)
    day = _points_of_a_day(times[:learnt])
    calm = floor / np.sqrt(SMOOTHED)
    everything = len(values)
    return [
        _deviations(values, everything, floor),
        _deviations(values, max(50, learnt), floor),
        _deviations(_seasonal_residual(values, day), everything, floor),
        _deviations(smooth, everything, calm),
        _deviations(_seasonal_residual(smooth, day), everything, calm),
    ]


def _points_of_a_day(times: Times) -> int:
    steps = np.diff(times.astype("datetime64[s]").astype(np.float64))
    step = float(np.median(steps)) if len(steps) else 0.0
    return round(86_400 / step) if step > 0 else 0


def _smoothed(values: Floats, width: int) -> Floats:
    """Mean of each point and the `width - 1` before it."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    end = np.arange(1, len(values) + 1)
    start = np.maximum(0, end - width)
    smooth: Floats = (sums[end] - sums[start]) / (end - start)
    return smooth


def _seasonal_residual(values: Floats, day: int) -> Floats:
    """Difference from the median of the same time on earlier days; 0 while there is none, or when a day has fewer than four points."""
    if day < 4 or day >= len(values):
        return np.zeros(len(values))
    past = np.full((len(DAYS_BACK), len(values)), np.nan)
    for row, days in enumerate(DAYS_BACK):
        if day * days < len(values):
            past[row, day * days :] = values[: -day * days]
    residual = np.zeros(len(values))
    residual[day:] = values[day:] - np.nanmedian(past[:, day:], axis=0)
    return residual


def _deviations(values: Floats, width: int, floor: float) -> Floats:
    """Distance of each point from the mean of the `width` before it, in their standard deviations plus `floor`; 0 for the first points."""
    shifted = values - values[0]
    sums, squares = (np.concatenate([[0.0], np.cumsum(series)]) for series in (shifted, shifted**2))
    end = np.arange(len(values))
    start = np.maximum(0, end - width)
    count = np.maximum(end - start, 1)
    mean = (sums[end] - sums[start]) / count
    variance = np.maximum((squares[end] - squares[start]) / count - mean**2, 0.0)
    distance: Floats = np.abs(shifted - mean) / (np.sqrt(variance) + floor)
    distance[:FEWEST] = 0.0
    return distance


def _against_usual_extremes(view: Floats) -> Floats:
    """A view over the quantile of its own past (from a histogram of logarithmic bins, which grows point by point)."""
    bins = np.searchsorted(_EDGES, view)
    seen = np.zeros(len(_EDGES) + 1)
    extremes = np.empty(len(view))
    for start in range(0, len(view), _BLOCK):
        block = bins[start : start + _BLOCK]
        marks = np.zeros((len(block) + 1, len(seen)), dtype=np.float32)
        marks[np.arange(1, len(block) + 1), block] = 1
        counts = np.cumsum(marks, axis=0, dtype=np.float64) + seen
        below = np.cumsum(counts[:-1], axis=1)
        place = (below >= QUANTILE * np.maximum(below[:, -1:], 1.0)).argmax(axis=1)
        extremes[start : start + _BLOCK] = _EDGES[np.minimum(place, len(_EDGES) - 1)]
        seen = counts[-1]
    return np.minimum(view / np.maximum(extremes, LEAST_EXTREME), MOST_OF_ONE)


def _topping(score: Floats, width: int) -> Floats:
    """Half the score of a point that does not top the `width` points before it."""
    window: deque[tuple[float, int]] = deque()
    result = score.copy()
    for place, value in enumerate(score.tolist()):
        while window and window[0][1] < place - width:
            window.popleft()
        if window and window[0][0] >= value:
            result[place] = value / 2
        while window and window[-1][0] <= value:
            window.pop()
        window.append((value, place))
    return result
