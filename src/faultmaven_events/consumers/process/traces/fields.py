"""What the readers of all formats share: ids, kinds, and a span out of the fields in which the formats meet."""

import base64
import binascii
from typing import Any, Final

from faultmaven_events.consumers.process.traces.attributes import MESSAGE, first, is_failure, status_of
from faultmaven_events.consumers.process.traces.span import Kind, Span, Thrown
from faultmaven_events.consumers.process.walk import Record
from faultmaven_events.schemas.insight import Scalar

_KINDS: Final[dict[str, Kind]] = {
    "1": "internal",
    "2": "server",
    "3": "client",
    "4": "producer",
    "5": "consumer",
    "internal": "internal",
    "server": "server",
    "client": "client",
    "producer": "producer",
    "consumer": "consumer",
}
"""OTLP's numbers, and the words that all formats share."""
_LONGEST: Final = 500


def hexadecimal(id: Any) -> str:
    """An id in hex, as people search for it; OTLP's JSON mapping may carry it in base64."""
    text = str(id or "").strip()
    if (len(text) == 24 and text.endswith("==")) or (len(text) == 12 and text.endswith("=")):
        try:
            return base64.b64decode(text, validate=True).hex()
        except (binascii.Error, ValueError):
            return text
    return text.lower()[:64]


def parent_id(id: Any) -> str | None:
    """The id of a caller; None for the zeros that stand for none."""
    text = hexadecimal(id)
    return text if text.strip("0") else None


def kind_of(given: Any) -> Kind:
    """Which side of a call a span is, of `2`, `SERVER`, `SPAN_KIND_SERVER`, `SpanKind.SERVER`."""
    return _KINDS.get(str(given or "").lower().removeprefix("span_kind_").removeprefix("spankind.").strip(), "")


def text_of(value: Any) -> str:
    """A value as text, cut."""
    return value[:_LONGEST] if isinstance(value, str) else "" if value is None else str(value)[:_LONGEST]


def span_of(
    record: Record,
    *,
    trace: Any,
    id: Any,
    parent: Any,
    service: str | None,
    name: Any,
    kind: Kind,
    start: float,
    duration: float,
    attributes: dict[str, Scalar],
    failed: bool = False,
    message: str | None = None,
    thrown: tuple[Thrown, ...] = (),
) -> Span:
    """A span; whether it failed is taken from `failed` and from its attributes.

    Raises:
        ValueError: its times are none.
    """
    if not (0 <= start < 1e11 and duration < 1e9):
        raise ValueError("no time")
    status = status_of(attributes)
    failed = failed or is_failure(attributes, status, client=kind == "client")
    if message is None and failed:
        message = thrown[0].message or thrown[0].type if thrown else first(attributes, MESSAGE)
    return Span(
        trace=hexadecimal(trace),
        id=hexadecimal(id),
        parent=parent_id(parent),
        service=service or "(unknown service)",
        name=text_of(name),
        kind=kind,
        start=start,
        duration=max(0.0, duration),
        failed=failed,
        line=record.line,
        end_line=record.end,
        status=status,
        message=message or None,
        attributes=attributes,
        thrown=thrown,
    )


def thrown_of(fields: dict[str, Scalar]) -> Thrown | None:
    """The exception that the fields of an event tell of."""
    type_ = fields.get("exception.type") or fields.get("error.kind") or fields.get("error.type")
    message = fields.get("exception.message") or fields.get("error.message") or (fields.get("message") if type_ else None)
    stack = text_of(fields.get("exception.stacktrace") or fields.get("stack"))
    frame = next((line.strip() for line in stack.split("\n")[1:6] if line.strip()), None)
    return Thrown(text_of(type_ or "error"), text_of(message), frame) if type_ or message else None
