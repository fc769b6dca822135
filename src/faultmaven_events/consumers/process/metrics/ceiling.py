"""Series that sit at a limit: beside a series that says so, at 100 %, or on a plateau after a rise."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from faultmaven_events.consumers.process.metrics.meaning import unit_of
from faultmaven_events.consumers.process.metrics.sample import Floats, Samples

NEAR = 0.97
PLATEAU = 10
"""Samples at the maximum that make a plateau."""
_LIMIT = re.compile(r"(^|_)(max|limit|capacity|quota|maximum)(?=_|$|[a-z])|_(max|limit|capacity|quota)(_|$)", re.IGNORECASE)
_SPARE = re.compile(r"idle|free|avail|hit|2xx", re.IGNORECASE)
_NOISE = {
    "used",
    "max",
    "limit",
    "maximum",
    "capacity",
    "quota",
    "current",
    "resident",
    "bytes",
    "total",
    "in",
    "use",
    "active",
    "connected",
}


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A series at its limit from the sample `start` on, for `length` samples in all."""

    series: Samples
    start: int
    length: int
    limit: float
    told_by: str


def ceilings(series: Sequence[Samples]) -> Iterator[Ceiling]:
    """Every series that sits at a limit, once each."""
    by_place = _limits(series)
    for one in series:
        if id(one) in by_place.limits or len(one) < SHORTEST:
            continue
        known = by_place.of(one)
        found = (_at_limit(one, float(known.values[0]), known.name) if known else None) or _at_hundred(one) or _plateau(one)
        if found:
            yield found


def known_limits(series: Sequence[Samples]) -> dict[int, float]:
    """The limit of each series (by `id`) of which a limit is known: by a series that states it, or because it is a share."""
    limits, found = _limits(series), {}
    for one in series:
        if known := limits.of(one):
            found[id(one)] = float(known.values[0])
        elif unit_of(one.name) == "%" and len(one) and 1 < float(one.values.max()) <= 100:
            found[id(one)] = 100.0
    return found


@dataclass(frozen=True, slots=True)
class _Limits:
    """The series that state limits, by component: there may be thousands of series."""

    limits: frozenset[int]
    stems: dict[str | None, list[tuple[set[str], Samples]]]

    def of(self, one: Samples) -> Samples | None:
        if id(one) in self.limits or one.component not in self.stems:
            return None
        stem = _stem(one.name)
        return next((limit for words, limit in self.stems[one.component] if words <= stem), None)


def _limits(series: Sequence[Samples]) -> _Limits:
    stated = [one for one in series if _LIMIT.search(one.name) and len(one) and float(np.ptp(one.values)) == 0 and one.values[0] > 0]
    stems: dict[str | None, list[tuple[set[str], Samples]]] = defaultdict(list)
    for one in stated[:MOST_LIMITS]:
        stems[one.component].append((_stem(one.name), one))
    return _Limits(frozenset(map(id, stated)), stems)


MOST_LIMITS = 500
SHORTEST = 20


def _stem(name: str) -> set[str]:
    words = re.findall(r"[a-z]+", re.sub(r"^max(?=[a-z])", "max_", name.lower().partition("{")[0]))
    return {word for word in words if word not in _NOISE} or {"?"}


def _at_limit(series: Samples, limit: float, name: str) -> Ceiling | None:
    return _from(series, series.values >= NEAR * limit, limit, name)


def _at_hundred(series: Samples) -> Ceiling | None:
    if unit_of(series.name) != "%" or float(series.values.max(initial=0)) > 101:
        return None
    return _from(series, series.values >= 99.0, 100.0, "100 %")


def _from(series: Samples, at_limit: np.ndarray[tuple[int], np.dtype[np.bool_]], limit: float, told_by: str) -> Ceiling | None:
    count = int(at_limit.sum())
    return Ceiling(series, int(np.argmax(at_limit)), count, limit, told_by) if count >= 5 else None


def _plateau(series: Samples) -> Ceiling | None:
    """The maximum held for long after a rise through several levels: a pool that is used up, a worker pool that is full."""
    values: Floats = series.values
    top, low = float(values.max()), float(np.percentile(values, 5))
    if top <= 0 or top - low < 0.3 * top or len(np.unique(values)) < 8 or _SPARE.search(series.name):
        return None
    held = values >= top - 0.01 * (top - low)
    start = int(np.argmax(held))
    tail = held[start:]
    if tail.sum() < max(PLATEAU, 0.05 * len(values)) or tail.mean() < 0.8:
        return None
    return Ceiling(series, start, int(tail.sum()), top, "its own plateau")
