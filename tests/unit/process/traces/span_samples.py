"""The same call in every tracing format, and a builder of OTLP documents."""

import json
from typing import Any

T0 = 1_767_261_600
"""2026-01-01T10:00:00Z."""


def otlp_span(trace: str, id: str, parent: str, name: str, start: float, seconds: float, **more: Any) -> dict[str, Any]:
    begin = int((T0 + start) * 1e9)
    attributes = [{"key": key, "value": {"stringValue": str(value)}} for key, value in more.get("attributes", {}).items()]
    return {
        "traceId": trace,
        "spanId": id,
        "parentSpanId": parent,
        "name": name,
        "kind": more.get("kind", 2),
        "startTimeUnixNano": str(begin),
        "endTimeUnixNano": str(begin + int(seconds * 1e9)),
        "attributes": attributes,
        "events": more.get("events", []),
        "status": {"code": 2, "message": more.get("message", "")} if more.get("failed") else {},
    }


def otlp(services: dict[str, list[dict[str, Any]]], indent: int | None = None) -> str:
    resources = [
        {
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]},
            "scopeSpans": [{"scope": {"name": "lib"}, "spans": spans}],
        }
        for service, spans in services.items()
    ]
    return json.dumps({"resourceSpans": resources}, indent=indent)


_OTLP = {"front": [otlp_span("0af7", "b7ad", "", "GET /", 0, 1, failed=True, message="boom")]}
_ZIPKIN = {
    "traceId": "0af7",
    "id": "b7ad",
    "name": "GET /",
    "kind": "SERVER",
    "timestamp": T0 * 10**6,
    "duration": 10**6,
    "localEndpoint": {"serviceName": "front"},
    "tags": {"error": "boom"},
}
_ZIPKIN_1 = {
    "traceId": "0af7",
    "id": "b7ad",
    "name": "GET /",
    "timestamp": T0 * 10**6,
    "duration": 10**6,
    "annotations": [{"value": "sr", "timestamp": T0 * 10**6, "endpoint": {"serviceName": "front"}}],
    "binaryAnnotations": [{"key": "error", "value": "boom"}],
}
_JAEGER = {
    "traceID": "0af7",
    "spans": [
        {
            "traceID": "0af7",
            "spanID": "b7ad",
            "operationName": "GET /",
            "references": [],
            "startTime": T0 * 10**6,
            "duration": 10**6,
            "tags": [{"key": "error", "type": "bool", "value": True}, {"key": "error.message", "value": "boom"}],
            "logs": [],
            "processID": "p1",
        }
    ],
    "processes": {"p1": {"serviceName": "front", "tags": []}},
}
_XRAY = {"trace_id": "0af7", "id": "b7ad", "name": "front", "start_time": float(T0), "end_time": T0 + 1.0, "fault": True}
_CONSOLE = {
    "name": "GET /",
    "context": {"trace_id": "0af7", "span_id": "b7ad"},
    "kind": "SpanKind.SERVER",
    "parent_id": None,
    "start_time": "2026-01-01T10:00:00.000000Z",
    "end_time": "2026-01-01T10:00:01.000000Z",
    "status": {"status_code": "ERROR", "description": "boom"},
    "attributes": {},
    "resource": {"attributes": {"service.name": "front"}},
}
_DATADOG = {"trace_id": "0af7", "span_id": "b7ad", "service": "front", "name": "GET /", "start": T0 * 10**9, "duration": 10**9, "error": 1}
_ELASTIC = {
    "@timestamp": "2026-01-01T10:00:00.000Z",
    "trace": {"id": "0af7"},
    "transaction": {"id": "b7ad", "name": "GET /", "duration": {"us": 10**6}},
    "service": {"name": "front"},
    "event": {"outcome": "failure"},
}
FORMATS = {
    "OTLP in one line": otlp(_OTLP),
    "OTLP over many lines": otlp(_OTLP, indent=2),
    "OTLP out of Tempo": json.dumps({"trace": json.loads(otlp(_OTLP))}),
    "Zipkin 2": json.dumps([_ZIPKIN]),
    "Zipkin 2, a list of traces": json.dumps([[_ZIPKIN]]),
    "Zipkin 1": json.dumps([_ZIPKIN_1]),
    "Jaeger's API": json.dumps({"data": [_JAEGER]}, indent=1),
    "Jaeger's spans before its processes": json.dumps(_JAEGER),
    "Jaeger in Elasticsearch": json.dumps({"hits": {"hits": [{"_source": {**_JAEGER["spans"][0], "process": {"serviceName": "front"}}}]}}),  # type: ignore[index]  # a literal of mixed values
    "X-Ray": json.dumps(_XRAY),
    "X-Ray's BatchGetTraces": json.dumps({"Traces": [{"Id": "0af7", "Segments": [{"Id": "b7ad", "Document": json.dumps(_XRAY)}]}]}),
    "an SDK's console": json.dumps(_CONSOLE, indent=4),
    "Datadog": json.dumps([[_DATADOG]]),
    "Elastic APM": json.dumps(_ELASTIC) + "\n",
}
