"""AWS X-Ray: segment documents, on their own or as text inside the answer of BatchGetTraces."""

import json
from collections.abc import Iterator
from typing import Any, Final

from faultmaven_events.consumers.process.traces.attributes import simple
from faultmaven_events.consumers.process.traces.fields import span_of, text_of
from faultmaven_events.consumers.process.traces.span import Span, Thrown
from faultmaven_events.consumers.process.walk import Record

_DEEPEST: Final = 40


def segments(record: Record) -> Iterator[Span]:
    """Yield a segment and what lies in it."""
    segment = record.value
    if isinstance(segment.get("Document"), str):
        segment = json.loads(segment["Document"])
    trace = segment.get("trace_id") or record.scope.find("Id")
    service = text_of(segment.get("name"))
    todo: list[tuple[dict[str, Any], Any, int]] = [(segment, segment.get("parent_id"), 0)]
    while todo:
        one, parent, depth = todo.pop()
        yield _segment(record, one, trace, parent, service)
        below = one.get("subsegments") or []
        todo += [(each, one.get("id"), depth + 1) for each in below if isinstance(each, dict) and depth < _DEEPEST]


def _segment(record: Record, one: dict[str, Any], trace: Any, parent: Any, service: str) -> Span:
    start = float(one["start_time"])
    http = one.get("http") or {}
    request, response = http.get("request") or {}, http.get("response") or {}
    cause = one.get("cause") if isinstance(one.get("cause"), dict) else {}
    raised = [each for each in (cause or {}).get("exceptions") or [] if isinstance(each, dict)]
    sql = one.get("sql") or {}
    given = {
        "http.status_code": response.get("status"),
        "http.url": request.get("url"),
        "http.method": request.get("method"),
        "db.statement": sql.get("sanitized_query"),
        "db.system": sql.get("database_type"),
        "peer.service": one.get("name") if one.get("namespace") in {"aws", "remote"} else None,
    }
    return span_of(
        record,
        trace=trace,
        id=one.get("id"),
        parent=parent,
        service=service,
        name=one.get("name"),
        kind="client" if one.get("namespace") in {"aws", "remote"} else "server" if "trace_id" in one else "internal",
        start=start,
        duration=float(one.get("end_time", start)) - start,
        attributes={key: scalar for key, value in given.items() if (scalar := simple(value)) is not None},
        failed=any(one.get(flag) is True for flag in ("fault", "error", "throttle")),
        message="throttled" if one.get("throttle") is True and not raised else None,
        thrown=tuple(Thrown(text_of(each.get("type") or "error"), text_of(each.get("message"))) for each in raised[:5]),
    )
