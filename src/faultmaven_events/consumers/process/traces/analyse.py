"""A file of spans in, its insights out."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Final
from uuid import UUID

from faultmaven_events.consumers.process.note import beyond, facts_of, lines_of, readable
from faultmaven_events.consumers.process.traces import edges, errors, latency, patterns, waits
from faultmaven_events.consumers.process.traces.chrome import spans_of_events
from faultmaven_events.consumers.process.traces.dialects import service_of, spans_of
from faultmaven_events.consumers.process.traces.operation import operations
from faultmaven_events.consumers.process.traces.passages import passages
from faultmaven_events.consumers.process.traces.span import Span
from faultmaven_events.consumers.process.traces.tree import Forest, forest
from faultmaven_events.consumers.process.walk import Record, Scope, Walk
from faultmaven_events.schemas.evidence import Classification
from faultmaven_events.schemas.insight import Insights

SPAN_FORMATS: Final = frozenset({"otlp-json", "jaeger", "zipkin", "chrome-trace", "spans-json", "xray"})
"""Formats of the type `trace` that hold spans; the others are stack traces, which are read as logs."""
MOST_SPANS: Final = 300_000
MOST_FACTS: Final = 120
_UNKNOWN: Final = "(unknown service)"


def analyse_spans(text: str, *, evidence_id: UUID, name: str, classification: Classification) -> Insights:
    """Say where errors begin, where time goes and who calls whom. Never raises: what is no JSON is left out, and said."""
    text = readable(text)
    lines = lines_of(text)
    walk = Walk(text)
    spans, more = _read(walk.records(), chrome=classification.format == "chrome-trace" or '"traceEvents"' in text[:2000])
    trees = forest(spans)
    found = operations(trees.spans)
    notes = chain(
        errors.failing(found),
        errors.thrown(trees),
        latency.critical_paths(trees),
        latency.hot_spots(found),
        latency.slower(found),
        patterns.patterns(trees),
        waits.timeouts(trees),
        waits.unseen(trees),
        edges.dependencies(trees),
        edges.skews(trees),
    )
    facts, left_out = facts_of(notes, evidence_id=evidence_id, file=name, lines=lines, most=MOST_FACTS)
    times = [at for span in spans if (at := span.at)]
    services = {span.service for span in spans}
    return Insights(
        evidence_id=evidence_id,
        file=name,
        classification=classification,
        lines=len(lines),
        component=next(iter(services)) if len(services) == 1 and services != {_UNKNOWN} else None,
        start=min(times, default=None),
        end=max(times, default=None),
        facts=facts,
        passages=tuple(passages(trees, evidence_id=evidence_id, file=name, lines=lines)),
        truncated=tuple(_left_out(walk, trees, more, left_out)),
        zone="Z" if times else None,
    )


def _read(records: Iterable[Record], *, chrome: bool) -> tuple[list[Span], int]:
    """The spans, with their services, and how many were too many."""
    spans: list[Span] = []
    waiting: list[tuple[Span, Scope, dict[str, Any]]] = []
    if chrome:
        for more, span in enumerate(spans_of_events(record for record in records if "ph" in record.value), start=1 - MOST_SPANS):
            if more > 0:
                return spans, more
            spans.append(span)
        return spans, 0
    more = 0
    for record in records:
        for span in spans_of(record):
            if len(spans) >= MOST_SPANS:
                more += 1
                continue
            spans.append(span)
            if span.service == _UNKNOWN:
                waiting.append((span, record.scope, {"processID": record.value.get("processID")}))
    known: dict[tuple[int, str], str | None] = {}
    for span, scope, value in waiting:
        key = (id(scope), str(value["processID"]))
        if key not in known:
            known[key] = service_of(scope, value)
        span.service = known[key] or span.service
    return spans, more


def _left_out(walk: Walk, trees: Forest, more: int, facts: int) -> Iterator[str]:
    if not trees.traces:
        yield "No span was found that could be read: the file was not analysed"
    if walk.breaks:
        places = ", ".join(map(str, walk.breaks[:5]))
        yield f"No JSON in line {places}{' and others' if len(walk.breaks) > 5 else ''}: broken off or damaged there; the rest was read"
    if more:
        yield f"spans: the first {MOST_SPANS:,}, {more:,} more were not put into trees"
    if trees.doubled:
        yield f"{trees.doubled:,} spans stand in the file more than once and count once"
    if trees.circular:
        yield f"{trees.circular:,} spans call themselves through others; their trees were cut there"
    yield from beyond(MOST_FACTS, facts)
