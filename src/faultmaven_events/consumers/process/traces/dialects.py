"""Records of the tracing formats as spans: OTLP, Jaeger, Zipkin 1 and 2.

After their own documentation: trace.proto of opentelemetry-proto in its JSON mapping, Jaeger's JSON of the UI and of Elasticsearch,
Zipkin's api/v2.
"""

from collections.abc import Iterator
from typing import Any

from faultmaven_events.consumers.process.traces.attributes import every, flat
from faultmaven_events.consumers.process.traces.fields import kind_of, span_of, text_of, thrown_of
from faultmaven_events.consumers.process.traces.flat import flat_span, iso
from faultmaven_events.consumers.process.traces.span import Span
from faultmaven_events.consumers.process.traces.xray import segments
from faultmaven_events.consumers.process.walk import Record, Scope


def spans_of(record: Record) -> Iterator[Span]:
    """Yield the spans of one record (an X-Ray segment holds several); nothing when it is none. Never raises."""
    value = record.value
    try:
        if "spanID" in value or ("traceID" in value and "operationName" in value):
            yield _jaeger(record)
        elif "startTimeUnixNano" in value or "start_time_unix_nano" in value:
            yield _otlp(record)
        elif "Document" in value or ("trace_id" in value and isinstance(value.get("start_time"), int | float) and "id" in value):
            yield from segments(record)
        elif "traceId" in value and "id" in value and "spanId" not in value:
            yield _zipkin(record)
        elif span := flat_span(record):
            yield span
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, IndexError):
        return


def _otlp(record: Record) -> Span:
    value = record.value
    start = int(value.get("startTimeUnixNano", value.get("start_time_unix_nano", 0))) / 1e9
    end = int(value.get("endTimeUnixNano", value.get("end_time_unix_nano", 0)) or 0) / 1e9
    status = value.get("status") or {}
    events = [event for event in (value.get("events") or [])[:50] if isinstance(event, dict) and event.get("name") == "exception"]
    thrown = tuple(found for event in events if (found := thrown_of(every(event.get("attributes")))))
    return span_of(
        record,
        trace=value.get("traceId", value.get("trace_id")),
        id=value.get("spanId", value.get("span_id")),
        parent=value.get("parentSpanId", value.get("parent_span_id")),
        service=None,
        name=value.get("name"),
        kind=kind_of(value.get("kind")),
        start=start,
        duration=end - start,
        attributes=flat(value.get("attributes")),
        failed=str(status.get("code", "")).upper() in {"2", "STATUS_CODE_ERROR", "ERROR"},
        message=text_of(status.get("message")) or None,
        thrown=thrown,
    )


def _jaeger(record: Record) -> Span:
    value = record.value
    tags = value.get("tags") or value.get("tag")
    attributes = flat(tags)
    process = value.get("process") or {}
    references = [one for one in value.get("references") or [] if isinstance(one, dict)]
    parents = [one for one in references if str(one.get("refType", "")).upper() == "CHILD_OF"] or references
    logs = [every(log.get("fields")) for log in (value.get("logs") or [])[:50] if isinstance(log, dict)]
    thrown = tuple(
        found for log in logs if (found := thrown_of({**log, "exception.type": log.get("exception.type") or log.get("error.kind")}))
    )
    started = value["startTime"]
    return span_of(
        record,
        trace=value.get("traceID"),
        id=value.get("spanID"),
        parent=parents[0].get("spanID") if parents else value.get("parentSpanID"),
        service=process.get("serviceName") if isinstance(process, dict) else None,
        name=value.get("operationName"),
        kind=kind_of(attributes.get("span.kind")),
        start=iso(started) if isinstance(started, str) and not started.isdigit() else int(started) / 1e6,
        duration=int(value.get("duration") or 0) / 1e6,
        attributes=attributes,
        thrown=thrown,
    )


def _zipkin(record: Record) -> Span:
    value = record.value
    tags = value.get("tags")
    annotations = [one for one in value.get("annotations") or [] if isinstance(one, dict)]
    attributes = flat(tags if isinstance(tags, dict) else value.get("binaryAnnotations"))
    marks = {str(one.get("value")): one for one in annotations}
    kind = kind_of(value.get("kind")) or ("server" if "sr" in marks else "client" if "cs" in marks else "")
    edge = marks.get("sr") or marks.get("cs") or (annotations[0] if annotations else {})
    endpoint = value.get("localEndpoint") or edge.get("endpoint") or {}
    remote = value.get("remoteEndpoint") or {}
    if remote.get("serviceName"):
        attributes.setdefault("peer.service", text_of(remote["serviceName"]))
    start = int(value.get("timestamp") or edge.get("timestamp") or 0) / 1e6
    return span_of(
        record,
        trace=value.get("traceId"),
        id=value.get("id"),
        parent=value.get("parentId"),
        service=text_of(endpoint.get("serviceName")) or None,
        name=value.get("name"),
        kind=kind,
        start=start,
        duration=int(value.get("duration") or 0) / 1e6,
        attributes=attributes,
    )


def service_of(record_scope: Scope, value: dict[str, Any]) -> str | None:
    """The service that stands beside a list of spans: OTLP's resource, Jaeger's table of processes. Ask when the document was read."""
    processes = record_scope.find("processes")
    if isinstance(processes, dict) and isinstance(one := processes.get(value.get("processID")), dict):
        return text_of(one.get("serviceName")) or None
    resource = record_scope.find("resource")
    attributes = every(resource.get("attributes")) if isinstance(resource, dict) else {}
    name = attributes.get("service.name") or attributes.get("k8s.deployment.name") or attributes.get("k8s.pod.name")
    return text_of(name) or None
