"""Clocks of two files that differ, as the requests tell that are seen in both.

As in NTP (RFC 5905, 8): a request lies in the caller's file from before to after it lies in the callee's, so that the differences of its
first and of its last lines bound how far the one clock is ahead.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from statistics import median, quantiles
from typing import Final
from uuid import UUID

from faultmaven_events.schemas.insight import Fact, Insights, Passage

LEAST_S: Final = 2.0
PAIRS: Final = 5
STEADY_S: Final = 0.5
"""Spread of the differences up to which a request seen in single lines tells of clocks, and not of work that takes its time."""
_FILES: Final = 30


@dataclass(frozen=True, slots=True)
class Offset:
    """By how many seconds the clock of one file is ahead of another's; `one` and `other` are a request as the two have it."""

    ahead: Insights
    behind: Insights
    seconds: float
    pairs: int
    one: Passage
    other: Passage


def clock_skews(files: Sequence[Insights]) -> Iterator[Fact]:
    """Yield a fact for every two files whose clocks differ by 2 s or more."""
    for offset in sorted(offsets(files), key=lambda each: -each.pairs):
        who, other = offset.ahead.component or offset.ahead.file, offset.behind.component or offset.behind.file
        told = (
            f"The clock of {offset.ahead.file} ({who}) is about {offset.seconds:.1f} s ahead of that of {offset.behind.file} ({other}), as "
            f"{offset.pairs} requests tell that are seen in both; their lines are not in the order in which things happened"
        )
        yield Fact(
            id="clock_skew",
            kind="clock_skew",
            text=told[:600],
            component=offset.ahead.component,
            count=offset.pairs,
            attributes={"seconds": round(offset.seconds, 1), "beside": offset.behind.file, "pairs": offset.pairs},
            citations=(offset.one.first, offset.other.first),
        )


def offsets(files: Sequence[Insights]) -> list[Offset]:
    """Return by how much the clocks of any two files differ, where that is 2 s or more."""
    found = []
    for one, other in combinations([file for file in files if file.passages][:_FILES], 2):
        if one.evidence_id != other.evidence_id and (offset := _between(one, other)):
            found.append(offset)
    return found


def ahead_by(found: Sequence[Offset]) -> dict[UUID, float]:
    """Return how far the clock of a file is ahead of most of those that it is compared with; one that agrees with them is not named."""
    told: dict[UUID, list[float]] = defaultdict(list)
    for offset in found:
        told[offset.ahead.evidence_id].append(offset.seconds)
        told[offset.behind.evidence_id].append(-offset.seconds)
    odd: dict[UUID, float] = {}
    for offset in found:
        pair = offset.ahead.evidence_id, offset.behind.evidence_id
        key = max(pair, key=lambda each: (len(told[each]), each == pair[0]))
        odd[key] = median(told[key])
    return odd


def _between(one: Insights, other: Insights) -> Offset | None:
    theirs = {passage.key: passage for passage in other.passages}
    both = [(mine, theirs[mine.key]) for mine in one.passages if mine.key in theirs and mine.at and theirs[mine.key].at]
    if len(both) < PAIRS:
        return None
    firsts = [_seconds(mine.at, its.at) for mine, its in both]
    lasts = [_seconds(mine.until, its.until) for mine, its in both]
    low, high = sorted((median(firsts), median(lasts)))
    if low * high <= 0 or min(abs(low), abs(high)) < LEAST_S:
        return None
    if high - low < STEADY_S and _spread(firsts) > STEADY_S and all(mine.count == 1 == its.count for mine, its in both):
        return None
    seconds = (low + high) / 2
    mine, its = both[0]
    if seconds > 0:
        return Offset(other, one, seconds, len(both), its, mine)
    return Offset(one, other, -seconds, len(both), mine, its)


def _seconds(start: datetime | None, end: datetime | None) -> float:
    return (end - start).total_seconds() if start and end else 0.0


def _spread(values: Sequence[float]) -> float:
    first, _, third = quantiles(values, n=4)
    return third - first
