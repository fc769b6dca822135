"""What the attributes of a span mean: OpenTelemetry's semantic conventions, old and new, and the tags of Jaeger, Zipkin and X-Ray."""

import re
from collections.abc import Mapping
from typing import Any, Final

from faultmaven_events.schemas.insight import Scalar

HTTP_STATUS: Final = ("http.response.status_code", "http.status_code", "http.status", "response.status_code")
GRPC_STATUS: Final = ("rpc.grpc.status_code", "grpc.status_code", "rpc.response.status_code", "grpc.code")
PEER: Final = (
    "peer.service",
    "server.address",
    "net.peer.name",
    "upstream.name",
    "db.instance.name",
    "peer.hostname",
    "out.host",
    "net.peer.ip",
)
PORT: Final = ("server.port", "net.peer.port", "peer.port")
SYSTEM: Final = ("db.system.name", "db.system", "messaging.system", "rpc.system", "db.type")
STATEMENT: Final = ("db.query.text", "db.statement", "sql.query", "db.query.summary")
ROUTE: Final = ("http.route", "url.path", "http.target", "http.url", "url.full", "messaging.destination.name", "messaging.destination")
MESSAGE: Final = (
    "otel.status_description",
    "error.message",
    "error.msg",
    "exception.message",
    "message",
    "error.type",
    "grpc.error_message",
)
KEPT: Final = frozenset(
    [
        *(*HTTP_STATUS, *GRPC_STATUS, *PEER, *PORT, *SYSTEM, *STATEMENT, *ROUTE, *MESSAGE, "error", "span.kind", "otel.status_code"),
        *("exception.type", "db.name", "db.namespace", "http.request.method", "http.method", "k8s.pod.name", "host.name"),
        *("service.version", "http.request.resend_count", "messaging.operation", "db.response.status_code"),
    ]
)
"""Keys that are kept of a span; the rest is dropped while reading."""
_GRPC: Final = (
    *("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED"),
    *("RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"),
    "UNAUTHENTICATED",
)
"""Names by number, from the gRPC documentation of status codes."""
_SERVER_FAULTS: Final = frozenset(
    {"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "RESOURCE_EXHAUSTED"}
)
_VALUES: Final = (
    "stringValue",
    "intValue",
    "boolValue",
    "doubleValue",
    "string_value",
    "int_value",
    "bool_value",
    "double_value",
    "value",
    "Value",
)
_VARIABLE: Final = re.compile(
    r"\b(?:[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,64}|\d{2,})\b|(?<=/)\d+(?=/|$)|\b[A-Z_]+_[0-9a-f]{6,}(?:_[0-9a-f]+)?\b"
)
LONGEST: Final = 300


def flat(given: Any) -> dict[str, Scalar]:
    """The kept attributes of a span: from a mapping, from `[{key, value}]` of Jaeger, or from OTLP's typed values."""
    found: dict[str, Scalar] = {}
    if isinstance(given, dict):
        pairs = [(str(key), value) for key, value in given.items()]
    elif isinstance(given, list):
        pairs = [
            (str(one.get("key", one.get("Key", ""))), one.get("value", one.get("Value"))) for one in given[:500] if isinstance(one, dict)
        ]
    else:
        return found
    for key, value in pairs:
        plain = key if key in KEPT else key.replace("@", ".")
        if plain in KEPT and (scalar := simple(value)) is not None:
            found[plain] = scalar
    return found


def simple(value: Any) -> Scalar:
    """A value without OTLP's wrapping; None for lists and objects."""
    if isinstance(value, dict):
        value = next((value[name] for name in _VALUES if name in value), None)
        if isinstance(value, dict):
            return None
    if isinstance(value, str):
        return value[:LONGEST]
    return value if isinstance(value, int | float | bool) else None


def every(given: Any) -> dict[str, Scalar]:
    """All simple attributes, for resources and events, which are few."""
    if isinstance(given, dict):
        return {str(key): scalar for key, value in list(given.items())[:200] if (scalar := simple(value)) is not None}
    pairs = [one for one in given[:200] if isinstance(one, dict)] if isinstance(given, list) else []
    named = ((str(one.get("key", one.get("Key", ""))), simple(one.get("value", one.get("Value")))) for one in pairs)
    return {key: value for key, value in named if value is not None}


def first(attributes: Mapping[str, Scalar], keys: tuple[str, ...]) -> str | None:
    """The first of several keys that has a value, as text."""
    return next((str(attributes[key]) for key in keys if attributes.get(key) not in {None, ""}), None)


def status_of(attributes: Mapping[str, Scalar]) -> str | None:
    """The status of a call as its protocol names it: `503`, `UNAVAILABLE`."""
    if (http := first(attributes, HTTP_STATUS)) and http != "0":
        return http
    grpc = first(attributes, GRPC_STATUS)
    if grpc and grpc.isascii() and grpc.isdigit():
        return _GRPC[int(grpc)] if len(grpc) <= 2 and int(grpc) < len(_GRPC) else grpc
    return grpc.upper() if grpc else None


def is_failure(attributes: Mapping[str, Scalar], status: str | None, *, client: bool) -> bool:
    """Whether attributes tell of an error: an error tag, HTTP from 500 (400 for who called), a gRPC status that is the server's fault."""
    error = attributes.get("error")
    if error is True or (isinstance(error, str) and error.lower() not in {"", "false", "0", "no", "none"}):
        return True
    if str(attributes.get("otel.status_code", "")).upper() == "ERROR":
        return True
    if status and status.isascii() and status.isdigit():
        return len(status) == 3 and int(status) >= (400 if client else 500)
    return status in _SERVER_FAULTS or (client and status not in {None, "OK"} and status in _GRPC)


def shape(name: str) -> str:
    """An operation's name with ids and numbers masked, so that calls of one kind count as one."""
    return _VARIABLE.sub("{id}", " ".join(name[:LONGEST].split()))[:160] or "(unnamed)"
