"""Days and weeks in a series: what is usual at a time of the day is no finding."""

from dataclasses import replace
from typing import Final

import numpy as np

from faultmaven_events.consumers.process.metrics.sample import Floats, Samples

DAY: Final = 86_400.0
PERIODS: Final = ((7 * DAY, "week"), (DAY, "day"))
REPEATS: Final = 3
"""Periods that a series must span before its usual course is known."""
SLOTS: Final = 96
"""Parts of a day in which the usual value is taken."""
EXPLAINED: Final = 0.5
"""Share of the scatter around the middle that the usual course must take away to count."""


def seasoned(series: Samples) -> tuple[Samples, str | None]:
    """Return a series less its usual course over the week or the day (its middle kept), and which of the two; itself without one."""
    if not series.timed or len(series) < 4 * REPEATS:
        return series, None
    span = float(series.seconds[-1] - series.seconds[0])
    scatter = float(np.mean(np.abs(series.values - np.median(series.values))))
    for period, name in PERIODS:
        if span < REPEATS * period * 0.99 or scatter == 0:
            continue
        usual = _course(series, period)
        left = series.values - usual
        if float(np.mean(np.abs(left))) < (1 - EXPLAINED) * scatter:
            return replace(series, values=left + float(np.median(series.values))), name
    return series, None


def _course(series: Samples, period: float) -> Floats:
    """The median of each part of the period, for every sample; a part that holds fewer than two samples has that of all."""
    slot = (np.mod(series.seconds, period) / (DAY / SLOTS)).astype(np.int64)
    order = np.argsort(slot, kind="stable")
    bounds = np.flatnonzero(np.diff(slot[order])) + 1
    usual = np.full(len(series), float(np.median(series.values)))
    for part in np.split(order, bounds):
        if len(part) >= 2:
            usual[part] = float(np.median(series.values[part]))
    return usual
