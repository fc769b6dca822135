"""Spans as trees: each under its caller, clocks of its host corrected, what is doubled or circular dropped."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from faultmaven_events.consumers.process.traces.span import Span

_TOLERANCE = 0.0005
"""Seconds by which clocks of two processes may differ without a word."""
_SHARED = 4
"""Spans that may share one id."""


@dataclass(slots=True)
class Trace:
    """All spans of one trace. `roots` have no caller among them, the longest first."""

    id: str
    spans: list[Span]
    roots: list[Span] = field(default_factory=list)
    orphans: int = 0

    @property
    def root(self) -> Span:
        """The call that the trace is about."""
        return self.roots[0]

    @property
    def failed(self) -> bool:
        """Whether its outermost call failed."""
        return self.root.failed


@dataclass(frozen=True, slots=True)
class Forest:
    """Every trace of a file, and what was wrong with its spans."""

    traces: tuple[Trace, ...]
    doubled: int
    circular: int

    @property
    def spans(self) -> Iterator[Span]:
        """All spans."""
        return (span for trace in self.traces for span in trace.spans)


def forest(spans: Iterable[Span]) -> Forest:
    """Build the trees; sets `up`, `children` (by start) and corrects the starts of spans whose clock cannot be that of their caller."""
    by_trace: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        by_trace[span.trace].append(span)
    traces, doubled, circular = [], 0, 0
    for id, members in by_trace.items():
        kept = _without_doubles(members)
        doubled += len(members) - len(kept)
        trace = Trace(id, kept)
        trace.orphans = _link(kept)
        circular += _cut_cycles(kept)
        trace.roots = sorted((span for span in kept if span.up is None), key=lambda one: (one.parent is not None, -one.duration, one.start))
        for root in trace.roots:
            _settle(root)
        traces.append(trace)
    return Forest(tuple(sorted(traces, key=lambda one: (one.root.start, one.id))), doubled, circular)


def _without_doubles(spans: Sequence[Span]) -> list[Span]:
    seen: dict[tuple[str, str, str, str, float], Span] = {}
    for span in spans:
        seen.setdefault((span.id, span.kind, span.service, span.name, span.start), span)
    return list(seen.values())


def _link(spans: Sequence[Span]) -> int:
    """Put each span under its caller; return how many name a caller that is not there. Zipkin's two sides of a call share one id."""
    by_id: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        if len(by_id[span.id]) < _SHARED:
            by_id[span.id].append(span)
    orphans = 0
    for span in spans:
        shared = [other for other in by_id[span.id] if other is not span and other.kind == "client" and span.kind == "server"]
        callers = shared or ([other for other in by_id.get(span.parent, ()) if other is not span] if span.parent else [])
        if callers:
            span.up = next(
                (one for one in callers if one.service == span.service), next((one for one in callers if one.kind == "server"), callers[0])
            )
            if shared:
                span.up = shared[0]
            span.up.children.append(span)
        elif span.parent:
            orphans += 1
    return orphans


def _cut_cycles(spans: Sequence[Span]) -> int:
    """Make every chain of callers end; return how many links were cut."""
    safe: set[int] = set()
    cut = 0
    for span in spans:
        way: list[Span] = []
        seen: set[int] = set()
        one: Span | None = span
        while one is not None and id(one) not in safe and id(one) not in seen:
            seen.add(id(one))
            way.append(one)
            if one.up is not None and id(one.up) in seen:
                one.up.children.remove(one)
                one.up = None
                cut += 1
            one = one.up
        safe.update(id(each) for each in way)
    return cut


def _settle(root: Span) -> None:
    """Correct clocks from the root downwards, and sort the children."""
    todo = [root]
    while todo:
        span = todo.pop()
        for child in span.children:
            child.shift = span.shift if child.service == span.service else 0.0
            child.start += child.shift
            if off := _skew(span, child):
                child.start += off
                child.shift += off
        span.children.sort(key=attrgetter("start"))
        todo += span.children


def _skew(span: Span, child: Span) -> float:
    """Seconds to add to a child of another service that cannot have run when its clock says so; it is put in the middle of its call."""
    if child.service == span.service or child.duration > span.duration or child.kind == "consumer" or span.kind == "producer":
        return 0.0
    early = child.start < span.start - _TOLERANCE
    late = child.start > span.end + _TOLERANCE or (child.end > span.end + _TOLERANCE and span.kind == "client" and not span.failed)
    if not early and not (late and child.kind in {"server", ""}):
        return 0.0
    return span.start + (span.duration - child.duration) / 2 - child.start


def self_time(span: Span) -> float:
    """Seconds of a span during which none of its children ran."""
    covered, edge = 0.0, span.start
    for child in span.children:
        begin, end = max(child.start, edge), min(child.end, span.end)
        if end > begin:
            covered += end - begin
            edge = end
    return max(0.0, span.duration - covered)
