"""Ways of calling that cost time: one call per row, tries again, crowds, time nobody accounts for."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from faultmaven_events.consumers.process.note import Note
from faultmaven_events.consumers.process.traces.attributes import shape
from faultmaven_events.consumers.process.traces.operation import lasting, percentile
from faultmaven_events.consumers.process.traces.span import Span
from faultmaven_events.consumers.process.traces.tree import Forest
from faultmaven_events.schemas.insight import Scalar

REPEATED = 8
"""Calls of one kind, one after the other, from which on a caller is told of."""
CROWD = 15
"""Calls at one time from which on."""
_GAP_SHARE, _GAP_S = 0.5, 0.1
_MOST = 8
_WEIGHTS: Final = {"repeated": 3.2, "retried": 3.6, "fan_out": 2.4, "gap": 2.8}


@dataclass(slots=True)
class Seen:
    """One pattern at one (caller, callee), over all traces."""

    calls: list[int] = field(default_factory=list)
    seconds: float = 0.0
    whole: float = 0.0
    example: Span | None = None
    best: float = -1.0
    failed: int = 0

    def add(self, calls: int, seconds: float, caller: Span, *, failed: bool = False) -> None:
        """Count one occurrence under a caller; the one that took longest is the example."""
        self.calls.append(calls)
        self.seconds += seconds
        self.whole += caller.duration
        self.failed += failed
        if seconds > self.best:
            self.best, self.example = seconds, caller


Place = tuple[str, str, str, str]
"""Service and operation of the caller, service and operation of what it calls."""


def patterns(forest: Forest) -> Iterator[Note]:
    """Notes on every pattern, those that take most time first within each."""
    kinds: dict[str, dict[Place, Seen]] = {name: defaultdict(Seen) for name in _WEIGHTS}
    for span in forest.spans:
        if span.children:
            for name, calls in _alike(span.children).items():
                place = (span.service, shape(span.name), *name)
                _calls_of(place, calls, span, kinds)
            _gap(span, kinds["gap"])
    for pattern, found in kinds.items():
        yield from _told(found, pattern)


def _alike(children: Iterable[Span]) -> dict[tuple[str, str], list[Span]]:
    found: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for child in children:
        found[child.service, shape(child.name)].append(child)
    return found


def _calls_of(place: Place, calls: list[Span], caller: Span, kinds: dict[str, dict[Place, Seen]]) -> None:
    if len(calls) < 2:
        return
    seconds = sum(call.duration for call in calls)
    one_by_one = sum(after.start >= before.end - 1e-6 for before, after in pairwise(calls))
    again = sum(before.failed and after.start >= before.end - 1e-6 for before, after in pairwise(calls))
    if again and again >= 0.5 * (len(calls) - 1):
        kinds["retried"][place].add(len(calls), seconds, caller, failed=calls[-1].failed)
    elif len(calls) >= REPEATED and one_by_one >= 0.7 * (len(calls) - 1):
        kinds["repeated"][place].add(len(calls), seconds, caller)
    elif len(calls) >= CROWD:
        kinds["fan_out"][place].add(_together(calls), max(call.end for call in calls) - calls[0].start, caller)


def _together(calls: list[Span]) -> int:
    """The most calls that ran at one time."""
    edges = sorted([(call.start, 1) for call in calls] + [(call.end, -1) for call in calls])
    most = now = 0
    for _, step in edges:
        now += step
        most = max(most, now)
    return most


def _gap(span: Span, gaps: dict[Place, Seen]) -> None:
    """The longest time in which a span waited for none of its calls."""
    edge, longest, after = span.start, 0.0, "before its first call"
    for child in span.children:
        if child.start - edge > longest:
            longest, after = child.start - edge, "before its first call" if edge == span.start else "between its calls"
        edge = max(edge, min(child.end, span.end))
    if span.end - edge > longest:
        longest, after = span.end - edge, "after its last call"
    if longest >= _GAP_S and longest >= _GAP_SHARE * span.duration:
        gaps[span.service, shape(span.name), "", after].add(1, longest, span)


def _told(found: dict[Place, Seen], pattern: str) -> Iterator[Note]:
    for place, seen in sorted(found.items(), key=lambda item: (-item[1].seconds, item[0]))[:_MOST]:
        if seen.example is None or (pattern == "gap" and seen.seconds < _GAP_S):
            continue
        service, operation, target, called = place
        share = seen.seconds / seen.whole if seen.whole else 0.0
        attributes: dict[str, Scalar] = {
            "pattern": pattern,
            "service": service,
            "operation": operation,
            "target": target or None,
            "called": called,
            "calls": max(seen.calls),
            "times": len(seen.calls),
            "seconds": round(seen.seconds / len(seen.calls), 6),
            "share": round(min(1.0, share), 4),
            "trace": seen.example.trace,
        }
        weight = _WEIGHTS[pattern] + min(1.0, share)
        yield Note(
            "call_pattern",
            _sentence(pattern, place, seen, share),
            seen.example.line,
            seen.example.end_line,
            weight=weight,
            component=service,
            at=seen.example.at,
            count=len(seen.calls),
            attributes=attributes,
        )


def _sentence(pattern: str, place: Place, seen: Seen, share: float) -> str:
    service, operation, target, called = place
    caller, callee = f"{service} `{operation}`", f"{target} `{called}`"
    times, mean, part = f"in {len(seen.calls):,} calls", lasting(seen.seconds / len(seen.calls)), f"{100 * share:.0f} % of its time"
    usual = percentile(seen.calls, 0.5)
    calls = f"{usual} times" + (f", up to {max(seen.calls)}," if max(seen.calls) > usual else "")
    if pattern == "repeated":
        return f"{caller} calls {callee} {calls} one after the other ({times}, {mean} each time, {part}): one call per item."
    if pattern == "retried":
        end = f"; {seen.failed:,} of {len(seen.calls):,} failed in the end" if seen.failed else "; it succeeded in the end"
        return f"{caller} tries {callee} again after failures: {calls} ({times}, {mean} each time){end}."
    if pattern == "fan_out":
        return f"{caller} calls {callee} up to {max(seen.calls)} times at once ({times}, {mean} until the last has answered)."
    return f"{caller} spends {mean} {called} in which no call of it runs ({times}, {part}): its own work, a queue or a wait without a span."
