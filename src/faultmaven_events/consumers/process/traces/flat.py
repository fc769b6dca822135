"""Records of exporters and stores that tell a span in their own words: OTel SDKs on the console, Datadog, Elastic."""

from datetime import UTC, datetime
from typing import Any

from faultmaven_events.consumers.process.traces.attributes import every, flat
from faultmaven_events.consumers.process.traces.fields import kind_of, span_of, text_of
from faultmaven_events.consumers.process.traces.span import Span
from faultmaven_events.consumers.process.walk import Record


def flat_span(record: Record) -> Span | None:
    """A span out of keys spelled in any case; None when ids or a time are missing."""
    seen = _lowered(record.value)
    id = (
        seen.get("spanid")
        or seen.get("span.id")
        or seen.get("context.spanid")
        or seen.get("spancontext.spanid")
        or seen.get("transaction.id")
    )
    trace = seen.get("traceid") or seen.get("trace.id") or seen.get("context.traceid") or seen.get("spancontext.traceid")
    start = next(
        (seen[key] for key in ("starttime", "starttimeunixnano", "start", "timestamp.us", "timestamp", "@timestamp") if key in seen), None
    )
    if not id or not trace or start is None:
        return None
    began = _seconds(start)
    ended = next((seen[key] for key in ("endtime", "endtimeunixnano", "end") if key in seen), None)
    duration = _seconds(ended) - began if ended is not None else _duration(seen)
    attributes = flat(
        record.value.get("attributes") or record.value.get("Attributes") or record.value.get("meta") or record.value.get("tags")
    )
    resource = record.value.get("resource") or record.value.get("Resource")
    named = every(resource.get("attributes") if isinstance(resource, dict) and "attributes" in resource else resource)
    service = named.get("service.name") or seen.get("service.name") or seen.get("service") or seen.get("servicename")
    code = str(seen.get("status.statuscode") or seen.get("status.code") or seen.get("status") or seen.get("event.outcome") or "").upper()
    return span_of(
        record,
        trace=trace,
        id=id,
        parent=seen.get("parentid") or seen.get("parentspanid") or seen.get("parent.id") or seen.get("parent.spanid"),
        service=text_of(service) or None,
        name=seen.get("name") or seen.get("spanname") or seen.get("operation") or seen.get("span.name") or seen.get("transaction.name"),
        kind=kind_of(seen.get("kind") or seen.get("spankind") or attributes.get("span.kind")),
        start=began,
        duration=duration,
        attributes=attributes,
        failed=code in {"ERROR", "STATUS_CODE_ERROR", "STATUSCODE.ERROR", "FAILURE"}
        or str(seen.get("error", "0")).lower() in {"1", "true"},
        message=text_of(seen.get("status.description") or seen.get("status.message") or seen.get("error.message")) or None,
    )


def _lowered(value: dict[str, Any]) -> dict[str, Any]:
    """Keys of two levels, lower case without underscores, joined by a dot."""
    found: dict[str, Any] = {}
    for key, inner in value.items():
        name = str(key).lower().replace("_", "")
        if isinstance(inner, dict):
            for below, deep in list(inner.items())[:100]:
                plain = f"{name}.{str(below).lower().replace('_', '')}"
                found[plain] = deep
                if isinstance(deep, dict) and "us" in deep:
                    found[f"{plain}.us"] = deep["us"]
        else:
            found[name] = inner
    return found


def iso(text: str) -> float:
    """Seconds since 1970 of an ISO time; digits beyond microseconds are cut."""
    head, dot, rest = text.strip().replace("Z", "+00:00").partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    at = datetime.fromisoformat(head + (f".{digits[:6].ljust(6, '0')}" if dot else "") + rest[len(digits) :])
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _seconds(value: Any) -> float:
    """Seconds since 1970 of an ISO time or a number of seconds, milli-, micro- or nanoseconds."""
    if isinstance(value, str) and not value.replace(".", "", 1).isdigit():
        return iso(value)
    number = float(value)
    for limit, scale in ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3)):
        if number >= limit:
            return number / scale
    return number


def _duration(seen: dict[str, Any]) -> float:
    """Seconds; the key may name its unit, else a bare `duration` is nanoseconds (Datadog) or a text such as `12ms`."""
    for key, scale in (
        ("span.duration.us", 1e6),
        ("transaction.duration.us", 1e6),
        ("duration.us", 1e6),
        ("durationnano", 1e9),
        ("durationns", 1e9),
    ):
        if key in seen:
            return float(seen[key]) / scale
    for key, scale in (("durationms", 1e3), ("durationus", 1e6), ("durations", 1.0)):
        if key in seen:
            return float(seen[key]) / scale
    value = seen.get("duration", 0)
    if isinstance(value, str):
        for unit, scale in (("ns", 1e9), ("us", 1e6), ("µs", 1e6), ("ms", 1e3), ("s", 1.0)):
            if value.endswith(unit):
                return float(value.removesuffix(unit)) / scale
    return float(value or 0) / 1e9
