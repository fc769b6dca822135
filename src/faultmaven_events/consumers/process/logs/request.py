"""Requests and other timed work, as access logs, proxies and applications write them."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

from faultmaven_events.consumers.process.logs.event import Event
from faultmaven_events.consumers.process.logs.fields import Fields, pairs_of
from faultmaven_events.consumers.process.logs.levels import RANK
from faultmaven_events.consumers.process.logs.names import known
from faultmaven_events.schemas.insight import Level

_METHODS = "GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|CONNECT|TRACE|PROPFIND|PRI"
_LINE = re.compile(
    rf'"(?P<method>{_METHODS}|-)? ?(?P<path>[^"\s]{{0,4000}})(?: HTTP/[\d.]{{1,4}})?" (?P<status>[1-5]\d\d)\b(?P<tail>.{{0,4000}})'
)
_PROXY = re.compile(
    r"(?P<client>[\w.:<>*-]{1,80}):\d{1,5} \[[^\]]{1,60}\] \S{1,80} (?P<upstream>[^\s/]{1,80}/[^\s/]{1,80}) "
    r"(?:-?\d{1,9}/){3,4}\+?(?P<ms>\d{1,9}) (?P<status>-1|\d{3}) \+?\d+ "
    r'.{0,400}?"(?P<method>[A-Z]{1,10}|<BADREQ>)(?: (?P<path>[^"\s]{0,4000}))?'
)
_PLAIN = re.compile(
    rf"(?:(?P<method>{_METHODS}) (?P<path>/[^\s\"',;]{{0,400}})(?: HTTP/[\d.]{{1,4}})?[\"']?(?: ?(?:->|=>|→|:|-))?|"
    r"(?P<bare>/[^\s\"',;]{0,400})[\"']? ?(?:->|=>|→|returned|responded|answered))"
    r" ?(?:with )?(?:status|code|HTTP)?[ =:]?\(?(?P<status>[1-5]\d\d)\b(?![\w.:/-])"
)
_TOOK = re.compile(r"(?:^|[\s=:(,\[])(?P<n>\d{1,9}(?:\.\d{1,9})?) ?(?P<u>ms|msec|milliseconds|s|sec|secs|seconds|us|µs)(?![\w/])")
_NUMBER = re.compile(r"\s*(-?\d{1,12}(?:\.\d{1,12})?)\s*(ms|s|us|µs|ns|m)?\s*(?:$|,)")
_UNITS: Final = {
    **dict.fromkeys(("s", "sec", "secs", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "milliseconds"), 1e-3),
    "us": 1e-6,
    "µs": 1e-6,
    "ns": 1e-9,
    "m": 60.0,
}

_METHOD: Final = known("request", "method")
_PATH: Final = known("request", "path")
_STATUS: Final = known("request", "status")
_SECONDS: Final = known("request", "seconds")
_MILLIS: Final = known("request", "millis")
_EITHER: Final = known("request", "either")
_CLIENT: Final = known("request", "client")
_UPSTREAM: Final = known("request", "upstream")
_ADDRESS = re.compile(r"[\w.<>-]{1,120}:\d{1,5}\Z")
_IN_PATH = re.compile(rf"({_METHODS}) (\S+)")
_ID = re.compile(r"\d|[@%<*]|.{25,}|\A[a-f-]{8,}\Z")
_VERSION = re.compile(r"v\d{1,2}(?:\.\d)?\Z")


@dataclass(slots=True)
class Request:
    """One request or piece of work. `route` is the path without query, its variable segments as `*`."""

    method: str | None
    route: str | None
    status: int | None
    seconds: float | None
    client: str | None
    upstream: str | None


def read(event: Event) -> Request | None:
    """Return the request that an event logs, None when it logs none."""
    return _of_fields(event.fields) if event.fields is not None else of_text(event.text, event)


def of_text(text: str, event: Event) -> Request | None:
    """Return the request that a message logs, None when it logs none.

    A message that logs one still does with every digit as 1, which stands for all digits of a status: one that is None so is None
    with any digits.
    """
    if '" ' in text and (match := _LINE.search(text[:6_000])):
        return _of_line(match, event)
    if "/" in text[:600]:
        if "] " in text and '"' in text and (match := _PROXY.match(text)):
            status, method = int(match["status"]), match["method"] if match["method"].isalpha() else None
            route, code = route_of(match["path"] or "/"), status if status > 0 else None
            return Request(method, route, code, int(match["ms"]) / 1e3, match["client"], match["upstream"])
        if match := _PLAIN.search(text[:600]):
            took, who = _TOOK.search(text[:600]), text[: match.start()].strip()
            seconds = float(took["n"]) * _UNITS[took["u"]] if took else None
            return Request(
                match["method"],
                route_of(match["path"] or match["bare"]),
                int(match["status"]),
                seconds,
                who if who and " " not in who else None,
                None,
            )
    if ("s" in text) and (took := _TOOK.search(text[:300])):
        return Request(None, None, None, float(took["n"]) * _UNITS[took["u"]], None, None)
    return None


def _client(raw: str) -> str | None:
    """Return the client of a line in the common log format; a virtual host may stand before it."""
    words = raw[:400].split(None, 3)
    return (words[1] if len(words) > 3 and words[1] != "-" and words[2] == "-" else words[0]) if words else None


def _of_line(match: re.Match[str], event: Event) -> Request:
    tail, raw = match["tail"], event.lines[0]
    client = _client(raw) if raw[:1] not in "[{<" and not match.start() else None
    pairs = pairs_of(tail) if "=" in tail else {}
    plan = _plan(tuple(pairs))
    seconds = next((found for key, unit in plan.durations if (found := _seconds(pairs[key], unit)) is not None), None)
    if seconds is None and (last := re.search(r" (\d{1,6}\.\d{3})(?: \S{1,40})?\s*\Z", tail)):
        seconds = float(last[1])
    return Request(match["method"], route_of(match["path"]), int(match["status"]), seconds, client, _upstream(pairs, plan.upstream))


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which of a line's keys may play which part, best first; durations with the factor that makes them seconds (0: see `_seconds`)."""

    status: tuple[str, ...]
    path: tuple[str, ...]
    method: tuple[str, ...]
    client: tuple[str, ...]
    upstream: tuple[str, ...]
    durations: tuple[tuple[str, float], ...]


@lru_cache(maxsize=2_000)
def _plan(keys: tuple[str, ...]) -> _Plan:
    names = {key.lower(): key for key in keys}

    def present(wanted: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(names[key] for key in wanted if key in names)

    durations = (
        *((key, 1.0) for key in present(_SECONDS)),
        *((key, 1e-3) for key in present(_MILLIS)),
        *((key, 0.0) for key in present(_EITHER)),
    )
    return _Plan(present(_STATUS), present(_PATH), present(_METHOD), present(_CLIENT), present(_UPSTREAM), durations)


def _of_fields(fields: Fields) -> Request | None:
    plan = _plan(tuple(fields))
    if not (plan.path or plan.method or plan.durations):
        return None
    status = next((code for key in plan.status if (code := _status(fields[key])) is not None), None)
    path = next((value for key in plan.path if isinstance(value := fields[key], str) and "/" in value), None)
    seconds = next((took for key, unit in plan.durations if (took := _seconds(fields[key], unit)) is not None), None)
    method = next((value for key in plan.method if isinstance(value := fields[key], str) and value.isupper()), None)
    if path is None and method is None:
        return Request(None, None, None, seconds, None, _upstream(fields, plan.upstream)) if seconds is not None else None
    if path is not None and (found := _IN_PATH.match(path)):
        method, path = found[1], found[2]
    client = next((str(value) for key in plan.client if (value := fields[key])), None)
    return Request(method, route_of(path) if path else None, status, seconds, client, _upstream(fields, plan.upstream))


def _status(value: Any) -> int | None:
    if isinstance(value, str) and len(value) == 3 and value.isdigit():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 599 else None


def _seconds(value: Any, unit: float) -> float | None:
    """Return a duration; `unit` 0 stands for seconds where a fraction is given, else milliseconds."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) * (unit or (1.0 if isinstance(value, float) else 1e-3)) if 0 <= value < 1e10 else None
    if isinstance(value, str) and (match := _NUMBER.match(value)) and float(match[1]) >= 0:
        return float(match[1]) * (_UNITS[match[2]] if match[2] else unit or (1.0 if "." in match[1] else 1e-3))
    return None


def _upstream(fields: Fields, keys: tuple[str, ...]) -> str | None:
    for key in keys:
        value = fields[key]
        if isinstance(value, str) and (last := value.split(",")[-1].strip()) and _ADDRESS.match(last):
            return last
    return None


def route_of(path: str) -> str:
    """Return a path without query and with its variable segments as `*`."""
    path = path.partition("?")[0].partition("#")[0]
    if "://" in path:
        path = "/" + path.split("://", 1)[1].partition("/")[2]
    return _route(path[:400])


@lru_cache(maxsize=4_000)
def _route(path: str) -> str:
    parts = ["*" if _ID.search(part) and not _VERSION.match(part) else part for part in path.split("/")[:9]]
    return "/".join(parts) or "/"


class Wording(NamedTuple):
    """What is counted for an event: the text of its template, its level, and whether it only logs a request."""

    text: str
    level: Level | None
    access: bool


def wording(event: Event, request: Request | None) -> Wording:
    """Return the event's own message, but for a logged request its method, route and status; a server error is an error."""
    text, level = event.text, event.level
    if request is None or request.status is None:
        return Wording(text, level, access=False)
    access = RANK[level] < RANK["warning"]
    label = " ".join(str(part) for part in (request.method, request.route, request.status) if part is not None)
    if event.fields is None:
        text = label if request.method else f"{text[:100].partition('/')[0]}{label}"
    elif not text or "=" in text.partition(" ")[0] or len(text) >= 200 or request.status < 400:
        text = label
    else:
        text = f"{text} status={request.status}"
    if level is None or (access and request.status >= 500):
        level = "error" if request.status >= 500 else "info"
    return Wording(text, level, access)
