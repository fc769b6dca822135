"""Quantiles out of the cumulative buckets of Prometheus histograms, by linear interpolation inside a bucket.

The estimate is that of PromQL's `histogram_quantile`
(https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile): of what was counted between two scrapes where there
are several, else of all that was ever counted.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

QUANTILES: Final = (0.5, 0.95, 0.99)
_EDGE: Final = re.compile(r',?\ble="([^"]{1,40})"')


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many values were at most `edge` at `seconds` (None: the scrape has no time)."""

    name: str
    edge: float
    seconds: float | None
    count: float
    line: int


def bucket_of(name: str, labels: str, seconds: float | None, count: float, line: int) -> Iterator[Bucket]:
    """A sample `<name>_bucket{...,le="0.5"}` as a bucket; nothing where it has no readable edge."""
    edge = _EDGE.search(labels)
    try:
        bound = float(edge[1]) if edge else math.nan
    except ValueError:
        return
    if edge and not math.isnan(bound) and math.isfinite(count):
        rest = (labels[: edge.start()] + labels[edge.end() :]).replace("{,", "{")
        yield Bucket(name.removesuffix("_bucket") + (rest if rest != "{}" else ""), bound, seconds, count, line)


def quantiles(buckets: Sequence[Bucket]) -> Iterator[tuple[str, float | None, float, int]]:
    """Yield (name with the quantile, seconds, estimate, line of a bucket) of each histogram and scrape."""
    scrapes: dict[str, dict[float | None, dict[float, Bucket]]] = defaultdict(lambda: defaultdict(dict))
    for bucket in buckets:
        scrapes[bucket.name][bucket.seconds][bucket.edge] = bucket
    for name, by_time in scrapes.items():
        order = sorted(by_time.items(), key=lambda pair: -math.inf if pair[0] is None else pair[0])
        counted = [_growth(before[1], after) for before, (_, after) in pairwise(order)] if len(order) > 1 else [_counts(order[0][1])]
        for (seconds, found), counts in zip(order[1:] or order, counted, strict=True):
            base, brace, labels = name.partition("{")
            for share in QUANTILES:
                value = quantile(counts, share)
                if value is not None:
                    yield f"{base}_p{share * 100:g}{brace}{labels}", seconds, value, next(iter(found.values())).line


def _counts(buckets: Mapping[float, Bucket]) -> dict[float, float]:
    return {edge: bucket.count for edge, bucket in sorted(buckets.items())}


def _growth(before: Mapping[float, Bucket], after: Mapping[float, Bucket]) -> dict[float, float]:
    """What was counted between two scrapes; after a restart all that the second one has."""
    grown = {edge: bucket.count - (before[edge].count if edge in before else 0.0) for edge, bucket in sorted(after.items())}
    return grown if all(count >= 0 for count in grown.values()) else _counts(after)


def quantile(counts: Mapping[float, float], share: float) -> float | None:
    """The value below which `share` of the counted lie; in the last, open bucket its lower edge; None where nothing was counted."""
    total = max(counts.values(), default=0.0)
    if total <= 0:
        return None
    wanted, low, below = share * total, 0.0, 0.0
    for edge, count in counts.items():
        if count >= wanted:
            if math.isinf(edge):
                return low if low > 0 else None
            start = min(low, edge)
            return start + (edge - start) * (wanted - below) / (count - below) if count > below else edge
        low, below = edge, count
    return low
