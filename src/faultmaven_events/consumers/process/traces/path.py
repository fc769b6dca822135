"""The critical path: which calls the answer waited for, and for how long each of them itself.

Walked back from the end of the root: the child that ended last was what its caller waited for; before it, the one that ended last before
that.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from faultmaven_events.consumers.process.traces.attributes import shape
from faultmaven_events.consumers.process.traces.span import Span

MOST_STEPS = 20_000


def critical_path(root: Span) -> Iterator[tuple[Span, float]]:
    """Yield (span, seconds that the answer waited for its own work); the seconds add up to the duration of the root."""
    todo = [(root, root.end)]
    steps = 0
    while todo and steps < MOST_STEPS:
        steps += 1
        span, cursor = todo.pop()
        cursor = min(cursor, span.end)
        own = 0.0
        for child in sorted(span.children, key=lambda one: -one.end):
            end = min(child.end, cursor)
            if child.start >= cursor or end <= span.start or (child.kind == "consumer" and child.end > span.end):
                continue
            own += cursor - end
            todo.append((child, end))
            cursor = max(child.start, span.start)
            if cursor <= span.start:
                break
        own += max(0.0, cursor - span.start)
        yield span, own


def shares(roots: Iterable[Span]) -> tuple[dict[tuple[str, str], float], dict[tuple[str, str], Span]]:
    """Seconds on the critical paths of several traces by (service, operation), and of each the span that took longest."""
    seconds: dict[tuple[str, str], float] = defaultdict(float)
    longest: dict[tuple[str, str], tuple[float, Span]] = {}
    for root in roots:
        for span, own in critical_path(root):
            place = (span.service, shape(span.name))
            seconds[place] += own
            if place not in longest or own > longest[place][0]:
                longest[place] = (own, span)
    return seconds, {place: span for place, (_, span) in longest.items()}
