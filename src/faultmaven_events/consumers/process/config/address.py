"""Addresses in configuration values: where something listens, and whom it calls."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from faultmaven_events.consumers.process.config.entry import Entry
from faultmaven_events.consumers.process.note import Note
from faultmaven_events.schemas.insight import Scalar

_HOST = r"(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9*_](?:[A-Za-z0-9._*-]*[A-Za-z0-9*])?)"
_URL = re.compile(rf"\b(?P<scheme>[a-z][a-z0-9+.-]{{1,20}})://(?:[^\s/@]*@)?(?P<host>{_HOST})(?::(?P<port>\d{{1,5}}))?", re.IGNORECASE)
_PAIR = re.compile(rf"(?<![\w./:@-])(?P<host>{_HOST}):(?P<port>\d{{2,5}})(?![\w.:-])")
_PORT = re.compile(r"^\d{1,5}$")
_LISTENS = re.compile(
    r"^(listen|bind|listen[-_]?address(es)?|listeners?(\.\w+)*|bind[-_]?(address|addr|ip)|expose|containerport|published|http[-_]?addr(ess)?|advertise\S*)$",
    re.IGNORECASE,
)
_PORT_KEY = re.compile(r"^(port|listen[-_]port|http[-_]port|server[-_]port)$", re.IGNORECASE)
_BIND_KEY = re.compile(r"^(bind|listen_addresses|bind[-_]address|host|address)$", re.IGNORECASE)
_OWNER = re.compile(
    r"^program:([^.]+)|^services\.([^.\[]+)|\bcontainers\[([^\]]+)\]|^(?:Deployment|StatefulSet|DaemonSet|Service|Job|CronJob)/([^.]+)|\bserver\[([^\]]+)\]"
)
_DEFAULT_PORTS = {
    "http": 80,
    "https": 443,
    "amqp": 5672,
    "amqps": 5671,
    "postgres": 5432,
    "postgresql": 5432,
    "redis": 6379,
    "rediss": 6379,
    "mongodb": 27017,
    "mysql": 3306,
    "ldap": 389,
}
MOST = 40
_PUBLISHED = re.compile(r"(?:^|\.)(?:ports|expose)\[")
"""Lists of ports that a container opens: `5432:5432` in them is no address that it calls."""


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port as a configuration names them."""

    host: str
    port: int | None

    def __str__(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"


def addresses(value: str) -> Iterator[Address]:
    """Every URL and every host with a port in a value."""
    rest = value
    for match in _URL.finditer(value[:2000]):
        rest = rest.replace(match[0], " ")
        port = int(match["port"]) if match["port"] else _DEFAULT_PORTS.get(match["scheme"].lower())
        if "$" not in match["host"]:
            yield Address(match["host"], port)
    for match in _PAIR.finditer(rest[:2000]):
        if 0 < int(match["port"]) < 65536 and not re.fullmatch(r"\d{1,2}", match["host"]):  # 12:30 is a time
            yield Address(match["host"], int(match["port"]))


def listening(entries: Sequence[Entry], product: str | None) -> Iterator[Note]:
    """Where the configured thing listens."""
    for entry in entries:
        if _listens(entry):
            for address in _listen_addresses(entry.value):
                yield _listening(entry, address, product)
    yield from _bound_ports(entries, product)


def _listens(entry: Entry) -> bool:
    segments = entry.path.lower().split(".")
    return bool(_LISTENS.match(entry.key)) or any(segment.startswith("listeners") for segment in segments)


def _listen_addresses(value: str) -> Iterator[Address]:
    found = list(addresses(value))
    yield from found
    first = value.split(maxsplit=1)[0].rstrip(";") if value.split() else ""
    if not found and (port := first.rpartition(":")[2].removesuffix("/tcp")) and _PORT.match(port) and int(port) < 65536:
        yield Address("*", int(port))


def _bound_ports(entries: Sequence[Entry], product: str | None) -> Iterator[Note]:
    """A `port` key beside a `bind` key of the same section."""
    hosts = {entry.path.rpartition(".")[0]: entry for entry in entries if _BIND_KEY.match(entry.key) and ":" not in entry.value}
    for entry in entries:
        if _PORT_KEY.match(entry.key) and _PORT.match(entry.value) and 0 < int(entry.value) < 65536:
            host = hosts.get(entry.path.rpartition(".")[0])
            if host is not None or product is not None:
                yield _listening(entry, Address(host.value if host else "*", int(entry.value)), product)


def _listening(entry: Entry, address: Address, product: str | None) -> Note:
    who = owner_of(entry) or product
    attributes: dict[str, Scalar] = {"address": address.host, "port": address.port, "process": who, "path": entry.path}
    return Note(
        "listening",
        f"{who or entry.path} is configured to listen on {address}.",
        entry.line,
        weight=2.0,
        component=who,
        attributes=attributes,
    )


def dependencies(entries: Sequence[Entry], product: str | None) -> Iterator[Note]:
    """Whom the configured thing calls: upstreams, backends, URLs and hosts with ports."""
    seen: set[tuple[str, str]] = set()
    groups = {target for entry in entries if (target := target_of(entry))}
    for entry in entries:
        if _listens(entry) or _PUBLISHED.search(entry.path):
            continue
        for address in addresses(entry.value):
            if address.host in groups:  # `proxy_pass http://name` of an upstream: its servers are told of where they are named
                continue
            target = target_of(entry) or address.host
            if (target, str(address)) not in seen and len(seen) < MOST:
                seen.add((target, str(address)))
                yield _dependency(entry, address, target, product)


def _dependency(entry: Entry, address: Address, target: str, product: str | None) -> Note:
    source = owner_of(entry) or product
    text = f"{source or 'The configured component'} calls {target} at {address} ({entry.path})."
    attributes: dict[str, Scalar] = {"source": source, "target": target, "address": address.host, "port": address.port, "path": entry.path}
    return Note("dependency", text, entry.line, weight=2.2, component=target, attributes=attributes)


def owner_of(entry: Entry) -> str | None:
    """The name of the program, service or container whose section holds the value."""
    match = _OWNER.search(entry.path)
    return next((name for name in match.groups() if name), None) if match else None


def target_of(entry: Entry) -> str | None:
    """The name that a configuration gives to what it calls: an upstream, a backend's server, a program."""
    for segment in reversed(entry.path.split(".")):
        words = segment.split()
        if len(words) == 2 and words[0] in {"upstream", "backend", "server", "cluster"}:
            return words[1]
    return None
