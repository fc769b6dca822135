"""Where in time something was higher than elsewhere: scan statistics over buckets.

M. Kulldorff, "A spatial scan statistic", Communications in Statistics 26 (1997): of all intervals the one with the highest likelihood ratio
against the same rate everywhere. Ratios are natural logarithms; above 10 it is no chance for the numbers of intervals here (at most
2,000).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

PLACES: Final = 60
"""Buckets that a scan looks at; more are joined before."""
SURE: Final = 10.0

Counts = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Span:
    """Buckets `first` to `last`, inclusive; `inside` and `outside` are rates."""

    first: int
    last: int
    ratio: float
    inside: float
    outside: float


def shares(hits: Counts, trials: Counts) -> Span | None:
    """Return the interval in which the share of hits is highest above the rest (Bernoulli model), None when there is none."""
    return _best(hits, trials, _binomial)


def rates(counts: Counts) -> Span | None:
    """Return the interval in which there is most above the rest (Poisson model); the rates are per bucket."""
    return _best(counts, np.ones_like(counts), _poisson)


def _best(hits: Counts, trials: Counts, model: Callable[[Counts, Counts], Counts]) -> Span | None:
    step = -(-len(hits) // PLACES)
    if step > 1:
        pad = -len(hits) % step
        hits = np.pad(hits, (0, pad)).reshape(-1, step).sum(axis=1)
        trials = np.pad(trials, (0, pad)).reshape(-1, step).sum(axis=1)
    total_hits, total = float(hits.sum()), float(trials.sum())
    if len(hits) < 3 or total_hits <= 0 or total <= 0:
        return None
    ends = np.concatenate(([0.0], np.cumsum(hits))), np.concatenate(([0.0], np.cumsum(trials)))
    start, stop = np.triu_indices(len(hits) + 1, 1)
    inside, tried = ends[0][stop] - ends[0][start], ends[1][stop] - ends[1][start]
    outside, rest = total_hits - inside, total - tried
    ratio = model(inside, tried) + model(outside, rest) - model(np.array([total_hits]), np.array([total]))[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        higher = np.nan_to_num(inside / tried) > np.nan_to_num(outside / rest)
    ratio = np.where(higher & (tried > 0) & (rest > 0), ratio, -np.inf)
    best = int(np.argmax(ratio))
    if not np.isfinite(ratio[best]):
        return None
    return Span(
        first=int(start[best]) * step,
        last=int(stop[best]) * step - 1,
        ratio=float(ratio[best]),
        inside=float(inside[best] / tried[best]),
        outside=float(outside[best] / rest[best]),
    )


def _xlogy(x: Counts, y: Counts) -> Counts:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(x > 0, x * np.log(np.where(y > 0, y, 1.0)), 0.0)


def _binomial(hits: Counts, trials: Counts) -> Counts:
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.nan_to_num(hits / trials)
    return _xlogy(hits, share) + _xlogy(trials - hits, 1 - share)


def _poisson(hits: Counts, trials: Counts) -> Counts:
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.nan_to_num(hits / trials)
    return _xlogy(hits, rate)
