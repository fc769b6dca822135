"""Which calls fail, since when, and where the errors begin."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from faultmaven_events.consumers.process.note import Note, shortened
from faultmaven_events.consumers.process.traces.onset import step_of_rate
from faultmaven_events.consumers.process.traces.operation import Operation, commonest, origins, peer
from faultmaven_events.consumers.process.traces.span import Span, Thrown
from faultmaven_events.consumers.process.traces.tree import Forest
from faultmaven_events.schemas.insight import Scalar

MOST = 25


def failing(found: Sequence[Operation]) -> Iterator[Note]:
    """One `span_errors` per operation that fails, those in which errors begin first; and `http_errors` for what users called."""
    ranked = sorted((one for one in found if one.failed), key=lambda one: -len(one.failed))[:MOST]
    for operation in ranked:
        failed = operation.failed
        begun, passed = origins(failed)
        yield _hot_spot(operation, failed, begun, passed)
        if any(span.up is None for span in failed):
            yield _felt(operation)


def _hot_spot(operation: Operation, failed: list[Span], begun: list[Span], passed: dict[tuple[str, str], int]) -> Note:
    share = len(failed) / len(operation.spans)
    is_origin = len(begun) * 2 >= len(failed)
    example = begun[0] if is_origin else failed[0]
    statuses = commonest(span.status for span in failed)
    messages = commonest(span.message for span in (begun if is_origin else failed))
    target = peer(example) if is_origin and example.kind in {"client", "producer"} and not example.children else None
    text = f"{operation.title} fails in {len(failed):,} of {len(operation.spans):,} calls ({100 * share:.0f} %)"
    if is_origin:
        text += f": the errors begin here, in the call to {target}, of which there is no span" if target else ": the errors begin here"
        text += f" ({len(begun):,} of {len(failed):,})" if len(begun) < len(failed) else ""
    else:
        (service, name), count = max(passed.items(), key=lambda item: (item[1], item[0]))
        text += f"; in {count:,} of them the error comes from {service} `{name}`"
    text += f". Status {', '.join(f'{status} ({count:,})' for status, count in statuses)}" if statuses else ""
    text += f". It says: {shortened(messages[0][0], 200)}" if messages else ""
    deepest = max(passed.items(), key=lambda item: (item[1], item[0]))[0] if passed and not is_origin else None
    attributes: dict[str, Scalar] = {
        "service": operation.service,
        "operation": operation.name,
        "errors": len(failed),
        "spans": len(operation.spans),
        "share": round(share, 4),
        "origin": is_origin,
        "from_service": deepest[0] if deepest else None,
        "from_operation": deepest[1] if deepest else None,
        "target": target,
        "status": statuses[0][0] if statuses else None,
        "message": messages[0][0] if messages else None,
        "trace": example.trace,
    }
    weight = (6.0 if is_origin else 4.0) + min(1.0, len(failed) / 100) + share
    return Note(
        "span_errors",
        text + ".",
        example.line,
        example.end_line,
        weight=weight,
        component=operation.service,
        at=failed[0].at,
        until=failed[-1].at,
        count=len(failed),
        level="error",
        attributes=attributes,
    )


def _felt(operation: Operation) -> Note:
    """What whoever called from outside got."""
    entry = [span for span in operation.spans if span.up is None]
    failed = [span for span in entry if span.failed]
    step = step_of_rate([span.failed for span in entry])
    since = entry[step.index] if step else failed[0]
    after = [span for span in entry if span.start >= since.start]
    before = step.before if step else 0.0
    during = sum(span.failed for span in after) / len(after)
    status = next((span.status for span in failed if span.status), None) or "500"
    jump = f"; from {100 * before:.1f} % to {100 * during:.0f} % at {since.at:%H:%M:%S} UTC" if step and since.at else ""
    attributes: dict[str, Scalar] = {
        "route": operation.name,
        "upstream": operation.service,
        "status": status,
        "rate_before": round(before, 4),
        "rate_during": round(during, 4),
        "errors": len(failed),
        "requests": len(entry),
        "jump": step is not None or len(failed) == len(entry),
        "trace": failed[0].trace,
    }
    return Note(
        "http_errors",
        f"{len(failed):,} of {len(entry):,} requests to {operation.title} fail{jump}.",
        failed[0].line,
        failed[0].end_line,
        weight=5.0,
        component=operation.service,
        at=since.at,
        until=failed[-1].at,
        count=len(failed),
        level="error",
        attributes=attributes,
    )


def thrown(forest: Forest) -> Iterator[Note]:
    """The exceptions that spans recorded, by service and type; those of failed calls weigh more."""
    found: dict[tuple[str, str], list[tuple[Span, Thrown]]] = defaultdict(list)
    for span in forest.spans:
        for one in span.thrown:
            found[span.service, one.type].append((span, one))
    for (service, type_), seen in sorted(found.items(), key=lambda item: -len(item[1]))[:MOST]:
        span, first = seen[0]
        failed = sum(one.failed for one, _ in seen)
        messages = commonest(one.message for _, one in seen)
        said = messages[0][0] if messages else ""
        attributes: dict[str, Scalar] = {
            "type": type_,
            "message": said or None,
            "frames": first.frame,
            "operation": span.name,
            "trace": span.trace,
        }
        handled = "" if failed == len(seen) else f"; {len(seen) - failed:,} times in calls that did not fail"
        yield Note(
            "exception",
            f"{service} recorded {type_}{': ' + shortened(said, 200) if said else ''} ({len(seen):,} times{handled}).",
            span.line,
            span.end_line,
            weight=(5.0 if failed else 1.5) + min(1.0, len(seen) / 100),
            component=service,
            at=span.at,
            until=seen[-1][0].at,
            count=len(seen),
            level="error" if failed else "warning",
            attributes=attributes,
        )
