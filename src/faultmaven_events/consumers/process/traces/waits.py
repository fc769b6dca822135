"""Calls that were given up, and calls of which one side is missing."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from faultmaven_events.consumers.process.note import Note
from faultmaven_events.consumers.process.traces.attributes import SYSTEM, first, shape
from faultmaven_events.consumers.process.traces.operation import lasting, peer, percentile
from faultmaven_events.consumers.process.traces.span import Span
from faultmaven_events.consumers.process.traces.tree import Forest

_MOST = 8
_ROUND: Final = (0.1, 0.2, 0.25, 0.5, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 25, 30, 40, 45, 50, 60, 90, 100, 120, 180, 240, 300, 600, 900)
_TIMED_OUT: Final = re.compile(
    r"time[d -]{0,2}out|deadline|canceling statement|context canceled|ETIMEDOUT|DEADLINE_EXCEEDED", re.IGNORECASE
)


def timeouts(forest: Forest) -> Iterator[Note]:
    """Calls that were given up: they end in failure right after a round number of seconds, say so, or end before the one they called."""
    found: dict[tuple[str, str, float], list[Span]] = defaultdict(list)
    for span in forest.spans:
        if not span.failed or any(child.failed and child.duration >= 0.9 * span.duration for child in span.children):
            continue
        limit = next((one for one in _ROUND if one <= span.duration <= one * 1.03 + 0.02), None)
        says = _TIMED_OUT.search(f"{span.message or ''} {span.status or ''}") or any(
            _TIMED_OUT.search(f"{one.type} {one.message}") for one in span.thrown
        )
        if says or (limit is not None and limit >= 1 and span.kind in {"client", "producer", ""}):
            found[span.service, shape(span.name), limit if limit is not None else 0.0].append(span)
    for (service, name, limit), spans in sorted(found.items(), key=lambda item: -len(item[1]))[:_MOST]:
        told = sum(_TIMED_OUT.search(span.message or "") is not None for span in spans)
        if len(spans) < 2 and not told:
            continue
        example = spans[0]
        going_on = sum(any(child.end > span.end + 0.001 for child in span.children) for span in spans)
        given_up = f" after {lasting(limit)}" if limit else f" after {lasting(percentile([span.duration for span in spans], 0.5))}"
        target = peer(example) or next((child.service for child in example.children if child.service != service), None)
        text = f"{service} `{name}` gave up{given_up} in {len(spans):,} calls" + (f" to {target}" if target else "")
        text += f": timed out, says the span ({told:,} times)" if told else ": a time-out, to judge by its length"
        text += f"; {going_on:,} times what it called went on afterwards" if going_on else ""
        yield Note(
            "limit",
            text + ".",
            example.line,
            example.end_line,
            weight=4.6,
            component=service,
            at=example.at,
            until=spans[-1].at,
            count=len(spans),
            level="error",
            attributes={
                "what": "timeout",
                "limit": limit or None,
                "value": name,
                "target": target,
                "service": service,
                "trace": example.trace,
            },
        )


def unseen(forest: Forest) -> Iterator[Note]:
    """Calls of which the other side left no span, where it left one in other calls; and spans whose caller is missing."""
    answered: dict[tuple[str, str], list[Span]] = defaultdict(list)
    silent: dict[tuple[str, str], list[Span]] = defaultdict(list)
    orphans = [span for trace in forest.traces for span in trace.roots if span.parent]
    for span in forest.spans:
        if span.kind == "client" and not first(span.attributes, SYSTEM[:2]):
            (answered if span.children else silent)[span.service, shape(span.name)].append(span)
    for place, spans in sorted(silent.items(), key=lambda item: -len(item[1]))[:_MOST]:
        if len(answered[place]) < len(spans):
            continue
        failed = sum(span.failed for span in spans)
        of = len(spans) + len(answered[place])
        text = f"{len(spans):,} of {of:,} calls of {place[0]} `{place[1]}` have no span of the other side ({failed:,} of them failed)"
        yield Note(
            "call_pattern",
            text + ": they did not arrive, or their spans were dropped.",
            spans[0].line,
            spans[0].end_line,
            weight=3.4 if failed else 1.8,
            component=place[0],
            at=spans[0].at,
            count=len(spans),
            attributes={"pattern": "unanswered", "service": place[0], "operation": place[1], "times": len(spans), "failed": failed},
        )
    if orphans:
        services = ", ".join(sorted({span.service for span in orphans})[:5])
        yield Note(
            "call_pattern",
            f"{len(orphans):,} spans ({services}) name a caller that is not in the file: not traced, sampled out, or not exported.",
            orphans[0].line,
            orphans[0].end_line,
            weight=1.4,
            component=orphans[0].service,
            count=len(orphans),
            attributes={"pattern": "missing_caller", "service": orphans[0].service, "times": len(orphans)},
        )
