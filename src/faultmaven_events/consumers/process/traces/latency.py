"""Where time goes: operations by their own time, what slow answers waited for, and what became slower."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from faultmaven_events.consumers.process.note import Note
from faultmaven_events.consumers.process.traces.attributes import shape
from faultmaven_events.consumers.process.traces.onset import step_of_time
from faultmaven_events.consumers.process.traces.operation import Operation, lasting, percentile
from faultmaven_events.consumers.process.traces.path import shares
from faultmaven_events.consumers.process.traces.span import Span
from faultmaven_events.consumers.process.traces.tree import Forest, Trace
from faultmaven_events.schemas.insight import Scalar

MOST_SLOW = 10
MOST_ENTRIES = 8
MOST_TRACES = 200
"""Traces of one kind whose paths are walked."""


def hot_spots(found: Sequence[Operation]) -> Iterator[Note]:
    """The operations that hold most time themselves, with the percentiles of their durations."""
    total = sum(one.own for one in found)
    for operation in sorted(found, key=lambda one: -one.own)[:MOST_SLOW]:
        share = operation.own / total if total > 0 else 0.0
        if share < 0.02:
            return
        durations = [span.duration for span in operation.spans]
        p50, p95, p99 = (percentile(durations, one) for one in (0.5, 0.95, 0.99))
        worst = max(operation.spans, key=lambda span: span.duration)
        attributes: dict[str, Scalar] = {
            "service": operation.service,
            "operation": operation.name,
            "spans": len(durations),
            "self_s": round(operation.own, 6),
            "share": round(share, 4),
            "p50": round(p50, 6),
            "p95": round(p95, 6),
            "p99": round(p99, 6),
            "maximum": round(worst.duration, 6),
            "trace": worst.trace,
        }
        text = (
            f"{operation.title} holds {100 * share:.0f} % of all time spent ({lasting(operation.own)} in {len(durations):,} calls; "
            f"median {lasting(p50)}, p95 {lasting(p95)}, p99 {lasting(p99)}, longest {lasting(worst.duration)})."
        )
        yield Note(
            "slow_spans",
            text,
            worst.line,
            worst.end_line,
            weight=2.0 + 2.0 * share,
            component=operation.service,
            at=worst.at,
            count=len(durations),
            attributes=attributes,
        )


def slower(found: Sequence[Operation]) -> Iterator[Note]:
    """Operations whose calls became slow at some time: those that users call, and those that hold most time."""
    candidates = sorted(found, key=lambda one: -one.own)[:30]
    for operation in candidates:
        step = step_of_time([span.duration for span in operation.spans])
        if step is None:
            continue
        since = operation.spans[step.index]
        attributes: dict[str, Scalar] = {
            "route": operation.name,
            "upstream": operation.service,
            "p95_before": round(step.before, 6),
            "p95_during": round(step.after, 6),
            "trace": since.trace,
        }
        when = f" from {since.at:%H:%M:%S} UTC on" if since.at else ""
        yield Note(
            "latency",
            f"{operation.title} became slower{when}: p95 {lasting(step.before)} before, {lasting(step.after)} after.",
            since.line,
            since.end_line,
            weight=4.5,
            component=operation.service,
            at=since.at,
            until=operation.spans[-1].at,
            count=len(operation.spans) - step.index,
            attributes=attributes,
        )


def critical_paths(forest: Forest) -> Iterator[Note]:
    """What slow and failed answers waited for, per entry; where nothing is slow or failed, what all of them waited for."""
    by_entry: dict[tuple[str, str], list[Trace]] = defaultdict(list)
    for trace in forest.traces:
        by_entry[trace.root.service, shape(trace.root.name)].append(trace)
    ranked = sorted(by_entry.items(), key=lambda item: -sum(trace.root.duration for trace in item[1]))[:MOST_ENTRIES]
    for (service, name), traces in ranked:
        failed = [trace for trace in traces if trace.failed]
        usual = percentile([trace.root.duration for trace in traces], 0.5)
        slow = [trace for trace in traces if trace.root.duration >= max(2 * usual, 0.05)]
        for kind, chosen in (("slow", slow), ("failed", failed)) if slow or failed else (("", traces),):
            if chosen:
                others = [trace.root for trace in traces if trace not in slow and not trace.failed] if kind else []
                yield from _waited(f"{service} `{name}`", kind, [trace.root for trace in chosen], len(traces), others)


def _waited(entry: str, kind: str, roots: list[Span], total: int, others: list[Span]) -> Iterator[Note]:
    chosen = sorted(roots, key=lambda one: -one.duration)[:MOST_TRACES]
    seconds, longest = shares(chosen)
    usual, _ = shares(others[:MOST_TRACES])
    spent = sum(seconds.values()) or 1e-9
    compared = min(len(others), MOST_TRACES)
    extra = {place: value / len(chosen) - (usual[place] / compared if compared else 0.0) for place, value in seconds.items()}
    leading = sorted(seconds, key=lambda place: (-extra[place] if kind == "slow" else -seconds[place], place))[:4]
    if not leading or spent <= 1e-9:
        return
    (service, name), span = leading[0], longest[leading[0]]
    middle = percentile([one.duration for one in roots], 0.5)
    who = f"The {len(roots):,} {kind + ' ' if kind else ''}of {total:,} calls of {entry} (median {lasting(middle)}"
    who += f", the others {lasting(percentile([one.duration for one in others], 0.5))})" if others else ")"
    parts = ", ".join(
        f"{100 * seconds[place] / spent:.0f} % in {place[0]} `{place[1]}`"
        for place in leading
        if place == leading[0] or seconds[place] >= 0.01 * spent
    )
    attributes: dict[str, Scalar] = {
        "entry": entry,
        "of": kind or "all",
        "traces": len(roots),
        "service": service,
        "operation": name,
        "share": round(seconds[leading[0]] / spent, 4),
        "seconds": round(seconds[leading[0]] / len(chosen), 6),
        "seconds_others": round(usual[leading[0]] / compared, 6) if compared else None,
        "trace": span.trace,
    }
    yield Note(
        "critical_path",
        f"{who} waited: {parts}.",
        span.line,
        span.end_line,
        weight=5.5 if kind == "slow" else 4.8 if kind else 3.0,
        component=service,
        at=min((one for one in chosen), key=lambda one: one.start).at,
        count=len(roots),
        attributes=attributes,
    )
