"""Addresses that configurations call, against those on which something listens."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from faultmaven_events.consumers.process.across.cited import contradiction
from faultmaven_events.schemas.insight import Fact, Insights

LEAST_SOCKETS: Final = 2
"""Sockets that a listing must hold to count as the whole of a host."""
_WILD: Final = frozenset({"*", "0.0.0.0", "::", "[::]", ""})  # noqa: S104 - compared with, not bound to
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})
_REFUSED: Final = re.compile(r"refused|no route|unreachable|failed to connect|could not connect|cannot connect", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"(?<![\w.])(?P<host>[A-Za-z0-9<][\w.<>-]{2,80}):(?P<port>\d{2,5})(?!\d)")


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls which address, and the fact that says so."""

    file: Insights
    fact: Fact
    host: str
    port: int


def nobody_listens(files: Sequence[Insights]) -> Iterator[Fact]:
    """Configured calls to a host whose complete list of sockets (ss, netstat) has no such port."""
    published = [one for file in files for one in _sockets(file) if one[2].attributes.get("container")]
    for listing in files:
        sockets = _sockets(listing)
        whole = [one for one in sockets if not one[2].attributes.get("container")]  # `docker ps` shows the ports of containers only
        if len(whole) < LEAST_SOCKETS or any("facts" in one for one in listing.truncated):
            continue
        for call in _calls(files):
            if not _same_host(call, sockets, files):
                continue
            here = [
                fact
                for host, port, fact in (*sockets, *published)
                if port == call.port and (host in _WILD or host == call.host or call.host in _LOOPBACK)
            ]
            if not here:
                yield from _unheard(call, listing, sockets)


def _same_host(call: Call, sockets: Sequence[tuple[str, int, Fact]], files: Sequence[Insights]) -> bool:
    """The host is one of the listing's own addresses; or the caller's own host, whose port the listing shows."""
    if call.host in {host for host, _, _ in sockets if host not in _WILD | _LOOPBACK}:
        return True
    owns = {int(str(fact.attributes["port"])) for fact in call.file.facts if fact.kind == "listening" and fact.attributes.get("port")}
    listings = sum(1 for one in files if len(_sockets(one)) >= LEAST_SOCKETS)
    return call.host in _LOOPBACK and listings == 1 and bool(owns & {port for _, port, _ in sockets})


def _unheard(call: Call, listing: Insights, sockets: Sequence[tuple[str, int, Fact]]) -> Iterator[Fact]:
    near = min(sockets, key=lambda one: (one[0] != call.host, not alike(one[1], call.port), abs(one[1] - call.port)))
    who = str(call.fact.attributes.get("source") or call.file.component or call.file.file)
    text = (
        f"{who} calls {call.host}:{call.port} ({call.file.file}, line {call.fact.citations[0].line_start}), "
        "but nobody listens on this port there; "
        f"the nearest is {near[2].attributes.get('process') or 'a process'} on {near[0]}:{near[1]} ({listing.file})."
    )
    attributes = {
        "path": call.fact.attributes.get("path"),
        "value": f"{call.host}:{call.port}",
        "other": f"{near[0]}:{near[1]}",
        "other_file": listing.file,
    }
    cited = (call.fact.citations[0], near[2].citations[0])
    yield from contradiction("port without listener", text, cited, component=call.fact.component, attributes=attributes)


def _sockets(file: Insights) -> list[tuple[str, int, Fact]]:
    """What a command showed as listening; configurations say what should listen."""
    return _listening(file) if file.classification.type == "command_output" else []


def _listening(file: Insights) -> list[tuple[str, int, Fact]]:
    facts = [fact for fact in file.facts if fact.kind == "listening" and fact.citations and isinstance(fact.attributes.get("port"), int)]
    return [(str(fact.attributes.get("address") or "*"), int(str(fact.attributes["port"])), fact) for fact in facts]


def _calls(files: Sequence[Insights]) -> Iterator[Call]:
    for file in files:
        for fact in file.facts:
            port = fact.attributes.get("port")
            if file.classification.type == "config" and fact.kind == "dependency" and fact.citations and isinstance(port, int):
                yield Call(file, fact, str(fact.attributes.get("address") or ""), port)


def mistyped_ports(files: Sequence[Insights]) -> Iterator[Fact]:
    """Calls, configured or refused as a log says, to a port that is nearly the one on which the host's own configuration listens."""
    servers: dict[str, list[tuple[int, Fact, Insights]]] = {}
    for file in files:
        for host, port, fact in _listening(file):
            if host not in _WILD | _LOOPBACK:
                servers.setdefault(host, []).append((port, fact, file))
    told: set[tuple[str, int]] = set()
    for call in (*_calls(files), *_refusals(files)):
        known = servers.get(call.host, [])
        if not known or any(port == call.port for port, _, _ in known) or (call.host, call.port) in told:
            continue
        twins = [one for one in known if alike(one[0], call.port) and one[2] is not call.file]
        if len(twins) != 1 or any(file.classification.type == "command_output" for _, _, file in known):
            continue  # with a listing of sockets, nobody_listens has told it
        told.add((call.host, call.port))
        port, fact, file = twins[0]
        who = file.component or "the server"
        text = f"{call.file.file} speaks of {call.host}:{call.port}, while {file.file} makes {who} listen on port {port} there."
        attributes = {"path": fact.attributes.get("path"), "value": port, "other": call.port, "other_file": call.file.file}
        yield from contradiction(
            "other port", text, (call.fact.citations[0], fact.citations[0]), component=file.component, attributes=attributes
        )


def _refusals(files: Sequence[Insights]) -> Iterator[Call]:
    for file in files:
        for fact in file.facts:
            if file.classification.type != "config" and fact.kind in {"error", "exception", "warning", "first_seen"} and fact.citations:
                said = fact.citations[0].quote
                if _REFUSED.search(said):
                    for match in _ADDRESS.finditer(said):
                        yield Call(file, fact, match["host"], int(match["port"]))


def alike(port: int, other: int) -> bool:
    """Whether one port may be the other mistyped: one digit differs, is missing or too many, or two are swapped."""
    left, right = str(port), str(other)
    if port == other or min(len(left), len(right)) < 3:
        return False
    if len(left) == len(right):
        places = [place for place, (a, b) in enumerate(zip(left, right, strict=True)) if a != b]
        swapped = len(places) == 2 and left[places[0]] == right[places[1]] and left[places[1]] == right[places[0]]
        return len(places) == 1 or (swapped and places[1] - places[0] == 1)
    longer, shorter = (left, right) if len(left) > len(right) else (right, left)
    return len(longer) - len(shorter) == 1 and any(longer[:i] + longer[i + 1 :] == shorter for i in range(len(longer)))
