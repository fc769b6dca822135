"""Who asks: tenant, user, correlation and trace, as headers say."""

import re
from dataclasses import dataclass
from random import getrandbits
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from uuid_utils.compat import uuid7

from faultmaven_events.producers.http.problems import Problem

TENANT: Final = "x-tenant-id"
USER: Final = "x-user-id"
CORRELATION: Final = "x-correlation-id"
_TOKEN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}")
"""schemas.model.Token, without the cost of a validator on every request."""
_TRACEPARENT: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `traceparent` is what came in, or the start of a new trace (https://www.w3.org/TR/trace-context/)."""

    tenant: str
    user: str
    correlation_id: str
    traceparent: str


def caller(request: HTTPConnection) -> Caller:
    """Return who asks.

    Raises:
        Problem: malformed-header, also when a header comes twice.
    """
    headers = request.headers
    return Caller(
        tenant=_token(headers, TENANT) or "default",
        user=_token(headers, USER) or "anonymous",
        correlation_id=_token(headers, CORRELATION) or request.scope["correlation_id"],
        traceparent=trace(headers.get("traceparent")),
    )


def correlation(values: list[bytes]) -> str:
    """Return the correlation id that came in, or a new one when there is none that can be used."""
    sent = values[0].decode("latin-1") if len(values) == 1 else ""
    return sent if _TOKEN.fullmatch(sent) else uuid7().hex


def trace(sent: str | None) -> str:
    """Return the trace to go on with: the sender's, or a new one that nobody has sampled yet."""
    return sent if sent and _TRACEPARENT.fullmatch(sent) else f"00-{getrandbits(128) or 1:032x}-{getrandbits(64) or 1:016x}-00"


def _token(headers: Headers, name: str) -> str | None:
    values = headers.getlist(name)
    if not values:
        return None
    if len(values) > 1 or not _TOKEN.fullmatch(values[0]):
        raise Problem(
            "malformed-header",
            f"{name.title()} is one identifier: a letter or digit, then at most 127 of those and ._:@-",
        )
    return values[0]
