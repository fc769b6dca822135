"""When calls of one operation began to fail or to be slow."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from faultmaven_events.consumers.process.traces.operation import percentile

_CUTS = 40
_FEWEST = 8
_MOST = 4000
"""Calls that are compared; of more, evenly spread ones."""


@dataclass(frozen=True, slots=True)
class Step:
    """From the call `index` on it is otherwise: a share or seconds before and after."""

    index: int
    before: float
    after: float


def step_of_rate(failed: Sequence[bool]) -> Step | None:
    """Where the share of failures rises most clearly (two proportions at least 3 standard errors apart); None when it does not."""
    total, bad = len(failed), sum(failed)
    best, found = 3.0, None
    if not bad or bad == total or total < 2 * _FEWEST:
        return None
    spread = sqrt(bad / total * (1 - bad / total))
    for index in _cuts([number for number, one in enumerate(failed) if one], total):
        early = sum(failed[:index])
        before, after = early / index, (bad - early) / (total - index)
        score = (after - before) / (spread * sqrt(1 / index + 1 / (total - index)))
        if score > best:
            best, found = score, Step(index, before, after)
    return found


def step_of_time(seconds: Sequence[float]) -> Step | None:
    """Where calls become slow: the median by half, the 95th percentile twofold and by 50 ms; None when they do not."""
    stride = max(1, len(seconds) // _MOST)
    seconds = seconds[::stride]
    total = len(seconds)
    best, found = 2.0, None
    for index in _cuts(range(_FEWEST, total - _FEWEST + 1), total):
        before, after = seconds[:index], seconds[index:]
        high = percentile(before, 0.95), percentile(after, 0.95)
        factor = high[1] / max(high[0], 1e-6)
        if factor > best and high[1] - high[0] >= 0.05 and percentile(after, 0.5) >= 1.5 * percentile(before, 0.5):
            best, found = factor, Step(index * stride, *high)
    return found


def _cuts(places: Sequence[int], total: int) -> list[int]:
    """Some of the places, evenly, that leave enough on both sides."""
    fit = [place for place in places if _FEWEST <= place <= total - _FEWEST]
    return fit[:: max(1, len(fit) // _CUTS)]
