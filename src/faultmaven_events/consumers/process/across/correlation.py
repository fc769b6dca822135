"""The way of failing requests through several files: which of them told of an error first."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from faultmaven_events.consumers.process.across.skew import ahead_by, offsets
from faultmaven_events.schemas.insight import Citation, Fact, Insights, Passage

SHOWN: Final = 8
"""Groups of requests, by the file that told of an error first."""
_SAID: Final = 160


@dataclass(frozen=True, slots=True)
class _Stop:
    """A request in one file, its times on a common clock."""

    file: Insights
    passage: Passage
    at: datetime
    failed_at: datetime | None

    @property
    def name(self) -> str:
        return self.file.component or self.file.file

    @property
    def line(self) -> Citation:
        return self.passage.failure or self.passage.first


def request_paths(files: Sequence[Insights]) -> Iterator[Fact]:
    """Yield what happened to requests that are seen in several files and failed, grouped by the file that told of it first."""
    groups: dict[UUID, list[list[_Stop]]] = defaultdict(list)
    for stops in _ways(files):
        failed = [stop for stop in stops if stop.failed_at is not None]
        if failed:
            # where two tell of it at the same moment, the one that the request came to last is the deeper one
            first = min(failed, key=lambda stop: (stop.failed_at, -stop.at.timestamp()))
            groups[first.file.evidence_id].append(stops)
    for origin, ways in sorted(groups.items(), key=lambda group: -len(group[1]))[:SHOWN]:
        yield _fact(origin, ways)


def _ways(files: Sequence[Insights]) -> Iterator[list[_Stop]]:
    """Yield the requests that are seen in two files or more, stop by stop."""
    ahead = ahead_by(offsets(files))
    found: dict[str, dict[UUID, _Stop]] = defaultdict(dict)
    for file in files:
        late = timedelta(seconds=ahead.get(file.evidence_id, 0.0))
        for passage in file.passages:
            if passage.at is not None:
                failed = passage.failed_at - late if passage.failed_at else None
                found[passage.key][file.evidence_id] = _Stop(file, passage, passage.at - late, failed)
    for stops in found.values():
        if len(stops) > 1:
            yield sorted(stops.values(), key=lambda stop: (stop.at, stop.file.file))


def _fact(origin: UUID, ways: Sequence[list[_Stop]]) -> Fact:
    ways = sorted(ways, key=lambda stops: stops[0].at)
    route = Counter(" → ".join(stop.name for stop in stops) for stops in ways).most_common(1)[0][0]
    example = next(stops for stops in ways if " → ".join(stop.name for stop in stops) == route)
    first = next(stop for stop in example if stop.file.evidence_id == origin)
    later = [stop.name for stop in example if stop is not first and stop.failed_at is not None]
    said = (first.passage.said or "")[:_SAID]
    many = f"{len(ways)} requests that are" if len(ways) > 1 else "A request that is"
    follow = f"; {', '.join(later)} told of an error after it" if later else ""
    return Fact(
        id="request_path",
        kind="request_path",
        text=f"{many} seen in several files ({route}) failed first in {first.name}: “{said}”{follow}. Example: {example[0].passage.key}"[
            :600
        ],
        component=first.file.component,
        at=min((stop.failed_at for stops in ways for stop in stops if stop.failed_at is not None), default=None),
        count=len(ways),
        level="error",
        attributes={"requests": len(ways), "path": route[:300], "first": first.name, "example": example[0].passage.key, "said": said},
        citations=(first.line, *(stop.line for stop in example if stop is not first)),
    )
