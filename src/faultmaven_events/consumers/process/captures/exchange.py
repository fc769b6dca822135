"""One request of a HAR file and its answer. Format: HTTP Archive 1.2, with the fields that browsers add (`_error`, `_priority`)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from faultmaven_events.consumers.process.traces.attributes import shape
from faultmaven_events.consumers.process.walk import Record

PHASES: Final = ("blocked", "dns", "connect", "ssl", "send", "wait", "receive")
_HOST: Final = re.compile(r"^[\w.<>\[\]:*-]{1,255}$")


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request. Times in seconds, sizes in bytes; `status` 0 is no answer, None where none was recorded; `phases` are measured ones."""

    line: int
    end_line: int
    at: datetime | None
    method: str
    scheme: str
    host: str
    path: str
    status: int | None
    seconds: float
    size: int
    phases: Mapping[str, float] = field(default_factory=dict)
    error: str | None = None
    redirect: str | None = None
    request: Mapping[str, str] = field(default_factory=dict)
    answer: Mapping[str, str] = field(default_factory=dict)
    page: str | None = None

    @property
    def route(self) -> str:
        """The path with ids masked, without its query."""
        return shape(self.path)

    @property
    def title(self) -> str:
        """How a sentence names it."""
        return f"{self.method} {self.host}{self.route}"


def exchanges(records: Iterator[Record]) -> Iterator[Exchange]:
    """Yield the entries that can be read; others are passed over."""
    for record in records:
        value = record.value
        if isinstance(value.get("request"), dict):
            try:
                yield _exchange(record, value)
            except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
                continue


def _exchange(record: Record, value: dict[str, Any]) -> Exchange:
    request, answer = value["request"], value.get("response") or {}
    if not isinstance(request["url"], str):
        raise TypeError("no URL")
    url = urlsplit(request["url"][:4000])
    timings = value.get("timings") or {}
    content = answer.get("content") or {}
    sizes = [
        size for size in (answer.get("_transferSize"), answer.get("bodySize"), content.get("size")) if isinstance(size, int) and size >= 0
    ]
    error = value.get("_error") or answer.get("_error") or value.get("_errorText")
    wanted = ("origin", "host", "referer")
    told = ("access-control-allow-origin", "location", "retry-after", "server", "x-cache", "content-type")
    return Exchange(
        line=record.line,
        end_line=record.end,
        at=_time(value.get("startedDateTime")),
        method=str(request.get("method", "?"))[:20].upper(),
        scheme=url.scheme.lower(),
        host=url.netloc.rpartition("@")[2] if _HOST.match(url.netloc.rpartition("@")[2]) else "(unknown host)",
        path=url.path or "/",
        status=int(answer.get("status") or 0) if "response" in value or error else None,
        seconds=max(0.0, float(value.get("time") or 0)) / 1000,
        size=max(sizes, default=0),
        phases={name: timings[name] / 1000 for name in PHASES if isinstance(timings.get(name), int | float) and timings[name] >= 0},
        error=str(error)[:200] if error else None,
        redirect=str(answer.get("redirectURL") or "")[:2000] or None,
        request=_headers(request, wanted),
        answer=_headers(answer, told),
        page=str(value.get("pageref"))[:200] if value.get("pageref") else None,
    )


def _headers(side: dict[str, Any], wanted: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for one in (side.get("headers") or [])[:200]:
        if isinstance(one, dict) and (name := str(one.get("name", "")).lower()) in wanted:
            found[name] = str(one.get("value", ""))[:500]
    return found


def _time(text: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    try:
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        return None
