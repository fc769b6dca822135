"""What is kept of series: all samples of short ones, of longer ones those that show their shape."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from faultmaven_events.consumers.process.metrics.meaning import importance, unit_of
from faultmaven_events.consumers.process.metrics.sample import Floats, Samples
from faultmaven_events.schemas.points import MOST_IN_ALL, MOST_OF_ONE, MOST_SERIES, Column, Points

NAME_LIMIT = 300
Millis = NDArray[np.int64]


def kept_points(series: Sequence[Samples], named: Collection[str]) -> tuple[Points, tuple[str, ...]]:
    """The points for the store and what was left out; series that facts speak of (`named`) come first, then by what they measure."""
    ranked = sorted(series, key=lambda one: (plain(one.name) not in named, -importance(one.name)))[:MOST_SERIES]
    most = min(MOST_OF_ONE, MOST_IN_ALL // max(1, len(ranked)))
    columns = tuple(_column(one, most) for one in ranked)
    left_out = [f"points: of {len(series)} series the {MOST_SERIES} most telling are stored"] if len(series) > MOST_SERIES else []
    thin = sum(len(one) > most for one in ranked)
    if thin:
        left_out.append(f"points: of {thin} series at most {most} each are stored, the lowest and the highest of every stretch")
    return Points(series=columns), tuple(left_out)


def plain(name: str) -> str:
    """A name without NUL, at most 300 characters."""
    return name.replace("\x00", "\ufffd")[:NAME_LIMIT]


def _column(series: Samples, most: int) -> Column:
    places = telling(series.values, most)
    at: Millis = np.round(series.seconds[places] * 1000).astype(np.int64)
    return Column(
        name=plain(series.name),
        component=plain(series.component) if series.component else None,
        unit=unit_of(series.name),
        samples=len(series),
        at=tuple(at.tolist()),
        values=tuple(series.values[places].tolist()),
    )


def telling(values: Floats, most: int) -> list[int]:
    """Places of at most `most` samples in order: of each stretch its first, its lowest and its highest."""
    if len(values) <= most:
        return list(range(len(values)))
    kept: set[int] = set()
    for part in np.array_split(np.arange(len(values)), most // 3):
        kept |= {int(part[0]), int(part[np.argmin(values[part])]), int(part[np.argmax(values[part])])}
    return sorted(kept)
