"""Who calls whom, as the spans show it; and clocks that differ."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

from faultmaven_events.consumers.process.note import Note
from faultmaven_events.consumers.process.traces.attributes import PEER, PORT, SYSTEM, first
from faultmaven_events.consumers.process.traces.operation import lasting, percentile
from faultmaven_events.consumers.process.traces.span import Span
from faultmaven_events.consumers.process.traces.tree import Forest
from faultmaven_events.schemas.insight import Scalar

MOST = 40
_SKEW_S = 0.1


@dataclass(slots=True)
class Edge:
    """All calls from one service to another."""

    durations: list[float] = field(default_factory=list)
    failed: int = 0
    example: Span | None = None
    address: str | None = None
    port: int | None = None

    def add(self, span: Span, *, failed: bool) -> None:
        """Count one call; the first failed one is its example."""
        self.durations.append(span.duration)
        if self.example is None or (failed and not self.failed):
            self.example = span
        self.failed += failed
        self.address = self.address or first(span.attributes, PEER[1:])
        port = first(span.attributes, PORT)
        if self.port is None and port and port.isascii() and port.isdigit() and int(port) < 65536:
            self.port = int(port)


def dependencies(forest: Forest) -> Iterator[Note]:
    """One `dependency` per pair of services; stores and queues that leave no spans are named by the attributes of the call."""
    edges: dict[tuple[str, str], Edge] = defaultdict(Edge)
    for span in forest.spans:
        if span.up is not None and span.up.service != span.service:
            edges[span.up.service, span.service].add(span.up if span.up.kind == "client" else span, failed=span.failed or span.up.failed)
        elif not span.children and span.kind in {"client", "producer"} and (target := _unseen(span)):
            edges[span.service, target].add(span, failed=span.failed)
    for (source, target), edge in sorted(edges.items(), key=lambda item: (-item[1].failed, -len(item[1].durations)))[:MOST]:
        if edge.example is None:
            continue
        calls = len(edge.durations)
        p95 = percentile(edge.durations, 0.95)
        attributes: dict[str, Scalar] = {
            "source": source,
            "target": target,
            "address": edge.address or target,
            "port": edge.port,
            "calls": calls,
            "errors": edge.failed,
            "p95": round(p95, 6),
        }
        failed = f", {edge.failed:,} failed" if edge.failed else ""
        yield Note(
            "dependency",
            f"{source} calls {target} ({calls:,} calls{failed}, p95 {lasting(p95)}).",
            edge.example.line,
            edge.example.end_line,
            weight=2.0 + (0.6 if edge.failed else 0.0),
            component=target,
            count=calls,
            attributes=attributes,
        )


def _unseen(span: Span) -> str | None:
    named = first(span.attributes, PEER[:1]) or first(span.attributes, SYSTEM[:3]) or first(span.attributes, PEER)
    return named if named and named != span.service else None


def skews(forest: Forest) -> Iterator[Note]:
    """Services whose clocks differ from their callers' by a tenth of a second and more."""
    found: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for span in forest.spans:
        if span.up is not None and abs(span.shift - span.up.shift) >= _SKEW_S and span.up.service != span.service:
            found[span.up.service, span.service].append(span)
    for (caller, service), spans in sorted(found.items(), key=lambda item: -len(item[1]))[:5]:
        off = -median(span.shift - (span.up.shift if span.up else 0.0) for span in spans)
        if len(spans) < 2:
            continue
        yield Note(
            "clock_skew",
            f"The clock of {service} is {lasting(abs(off))} {'ahead of' if off > 0 else 'behind'} that of {caller} "
            f"({len(spans):,} calls); spans were moved by that.",
            spans[0].line,
            spans[0].end_line,
            weight=2.6 if abs(off) >= 1 else 1.2,
            component=service,
            count=len(spans),
            attributes={"seconds": round(off, 3), "service": service, "beside": caller},
        )
