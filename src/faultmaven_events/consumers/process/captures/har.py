"""What a browser's recording says: requests that fail or get no answer, what is slow in which phase, loops, what browsers refuse."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from faultmaven_events.consumers.process.captures.exchange import PHASES, Exchange
from faultmaven_events.consumers.process.note import Note, figure
from faultmaven_events.consumers.process.traces.operation import lasting, percentile
from faultmaven_events.schemas.insight import Scalar

SLOW_S: Final = 1.0
LARGE: Final = 5_000_000
"""Bytes from which on an answer is told of."""
MOST: Final = 15
_BLAME: Final = {
    "blocked": "waiting for a free connection in the browser",
    "dns": "looking up the name",
    "connect": "connecting",
    "ssl": "the TLS handshake",
    "send": "sending the request",
    "wait": "waiting for the server",
    "receive": "receiving the answer",
}


def notes(found: Sequence[Exchange]) -> Iterator[Note]:
    """Everything that a recording tells."""
    yield from failures(found)
    yield from refusals(found)
    yield from slow(found)
    yield from loops(found)
    yield from large(found)
    yield from hosts(found)


def failures(found: Sequence[Exchange]) -> Iterator[Note]:
    """Failing requests by host, route and status; status 0 is a request that got no answer."""
    asked = Counter((one.method, one.host, one.route) for one in found)
    failed: dict[tuple[str, str, str, int, str], list[Exchange]] = defaultdict(list)
    for one in found:
        if one.status is not None and (one.status >= 400 or one.status == 0):
            failed[one.method, one.host, one.route, one.status, one.error or ""].append(one)
    first = min((one.at for several in failed.values() for one in several if one.at), default=None)
    for (method, host, route, status, error), several in sorted(failed.items(), key=lambda item: (-len(item[1]), item[1][0].line))[:MOST]:
        of, one = asked[method, host, route], several[0]
        slowest = max(each.seconds for each in several)
        how = f"get no answer ({error or 'aborted, blocked or timed out'})" if status == 0 else f"fail with {status}"
        text = f"{len(several)} of {of} requests {method} {host}{route} {how}, after {lasting(slowest)} at the longest"
        text += "; the first failure of the recording" if one.at is not None and one.at == first else ""
        attributes: dict[str, Scalar] = {
            "route": route,
            "upstream": host,
            "status": str(status),
            "rate_before": 0.0,
            "rate_during": round(len(several) / of, 4),
            "errors": len(several),
            "requests": of,
            "error": error or None,
        }
        server = status >= 500 or status == 0
        yield Note(
            "http_errors",
            text + ".",
            one.line,
            one.end_line,
            weight=(5.0 if server else 3.6) + min(1.0, len(several) / 50),
            component=host,
            at=one.at,
            until=several[-1].at,
            count=len(several),
            level="error" if server else "warning",
            attributes=attributes,
        )


def refusals(found: Sequence[Exchange]) -> Iterator[Note]:
    """What the browser itself refuses: answers that another origin may not read, and insecure content on a secure page."""
    for one in found:
        origin = one.request.get("origin", "")
        if origin.startswith("http") and origin.rpartition("//")[2] != one.host and one.method == "OPTIONS":
            allowed = one.answer.get("access-control-allow-origin")
            if one.status and (one.status >= 400 or not allowed):
                text = f"The preflight {one.title} from {origin} is not allowed (status {one.status}, allowed origin {allowed or 'none'})"
                yield _finding(one, "cors", text + ": the browser will not send the request.", weight=4.6)
        elif (
            origin.startswith("http")
            and origin.rpartition("//")[2] != one.host
            and one.status
            and "access-control-allow-origin" not in one.answer
        ):
            text = f"{one.title} answers {origin} without Access-Control-Allow-Origin: the page may not read the answer."
            yield _finding(one, "cors", text, weight=3.2)
        if one.scheme == "http" and (origin.startswith("https:") or one.request.get("referer", "").startswith("https:")):
            yield _finding(
                one, "mixed-content", f"{one.title} is asked for without TLS from a page with TLS: browsers block that.", weight=3.0
            )


def _finding(one: Exchange, rule: str, text: str, *, weight: float) -> Note:
    attributes: dict[str, Scalar] = {"rule": rule, "route": one.route, "upstream": one.host, "status": str(one.status or "")}
    return Note(
        "web_finding", text, one.line, one.end_line, weight=weight, component=one.host, at=one.at, level="warning", attributes=attributes
    )


def slow(found: Sequence[Exchange]) -> Iterator[Note]:
    """The slowest routes with the phase that takes most of their time."""
    routes: dict[tuple[str, str, str], list[Exchange]] = defaultdict(list)
    for one in found:
        routes[one.method, one.host, one.route].append(one)
    ranked = sorted(routes.items(), key=lambda item: -max(one.seconds for one in item[1]))
    for (method, host, route), several in ranked[:8]:
        worst = max(several, key=lambda one: one.seconds)
        if worst.seconds < SLOW_S:
            return
        phases = sorted(worst.phases.items(), key=lambda item: -item[1])
        leading = phases[0][0] if phases and phases[0][1] > 0 else None
        parts = ", ".join(f"{name} {lasting(seconds)}" for name, seconds in phases[:4] if seconds >= 0.001)
        text = f"{method} {host}{route} takes up to {lasting(worst.seconds)} ({len(several)} requests, status {worst.status}"
        text += f"; {parts}), most of it {_BLAME[leading]}." if leading else ")."
        attributes: dict[str, Scalar] = {
            "route": route,
            "upstream": host,
            "requests": len(several),
            "seconds": round(worst.seconds, 4),
            "median": round(percentile([one.seconds for one in several], 0.5), 4),
            "phase": leading,
            **{name: round(worst.phases[name], 4) for name in PHASES if name in worst.phases},
        }
        weight = 3.0 + min(1.5, worst.seconds / 20)
        yield Note(
            "slow_request",
            text,
            worst.line,
            worst.end_line,
            weight=weight,
            component=host,
            at=worst.at,
            count=len(several),
            attributes=attributes,
        )


def loops(found: Sequence[Exchange]) -> Iterator[Note]:
    """Redirects that lead back to where they came from."""
    told: set[str] = set()
    chain: list[Exchange] = []
    for one in found:
        if one.status is None or not 300 <= one.status < 400:
            chain = []
            continue
        chain.append(one)
        visits = Counter(f"{each.scheme}://{each.host}{each.path}" for each in chain)
        place = f"{one.scheme}://{one.host}{one.path}"
        if visits[place] >= 3 and place not in told:
            told.add(place)
            text = f"{one.host}{one.route} is redirected in a circle ({len(chain)} redirects in a row, {visits[place]} times through here)."
            yield _finding(one, "redirect-loop", text, weight=4.8)


def large(found: Sequence[Exchange]) -> Iterator[Note]:
    """The largest answers."""
    for one in sorted(found, key=lambda each: -each.size)[:3]:
        if one.size >= LARGE:
            yield _finding(one, "large", f"The answer of {one.title} has {figure(one.size)} bytes.", weight=2.0)


def hosts(found: Sequence[Exchange]) -> Iterator[Note]:
    """Whom the page calls, with how many requests fail there."""
    by_host: dict[str, list[Exchange]] = defaultdict(list)
    for one in found:
        by_host[one.host].append(one)
    for host, several in sorted(by_host.items(), key=lambda item: -len(item[1]))[:MOST]:
        failed = sum(one.status == 0 or (one.status or 0) >= 500 for one in several)
        name, _, port = host.rpartition(":")
        known = port.isdecimal() and name
        attributes: dict[str, Scalar] = {
            "source": "browser",
            "target": name if known else host,
            "address": name if known else host,
            "port": int(port) if known and len(port) <= 5 else None,
            "calls": len(several),
            "errors": failed,
        }
        text = f"The browser calls {host} ({len(several)} requests, {failed} failed)."
        yield Note("dependency", text, several[0].line, weight=1.6, component=host, count=len(several), attributes=attributes)
