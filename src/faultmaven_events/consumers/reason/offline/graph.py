"""Who is who, and who talks to whom: components, their addresses and their dependencies, as far as the evidence shows them."""

import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from faultmaven_events.consumers.reason.offline.page import Page
from faultmaven_events.consumers.reason.offline.ruleset import Software
from faultmaven_events.schemas.insight import Insights

Address = tuple[str, str | None]
"""Host and port."""
HOST: Final = r"[A-Za-z0-9<][\w.<>-]*"
_SCHEMES: Final = {
    "postgres": "postgresql",
    "postgresql": "postgresql",
    "redis": "redis",
    "rediss": "redis",
    "amqp": "rabbitmq",
    "amqps": "rabbitmq",
    "mysql": "mysql",
    "mongodb": "mongodb",
    "mongodb+srv": "mongodb",
}
_URL: Final = re.compile(
    rf"(?:[\"']?(?<![\w.-])(?P<key>[A-Za-z][\w.-]{{0,80}})[\"']?\s{{0,4}}[:=]\s{{0,4}}[\"']?)?(?P<scheme>https?|postgres(?:ql)?|rediss?|amqps?|mysql|mongodb(?:\+srv)?)://(?:[^@/\s\"']*@)?(?P<host>{HOST})(?::(?P<port>\d+))?"
)
_UPSTREAM: Final = re.compile(rf"(?:upstream|backend)\s+(?P<name>[\w.-]+)\s*\{{[^}}]*?server\s+(?P<host>{HOST}?):(?P<port>\d+)", re.DOTALL)
_SERVER: Final = re.compile(rf"^\s*server\s+(?P<name>[\w.-]+)\s+(?P<host>{HOST}?):(?P<port>\d+)", re.MULTILINE)
_LISTEN: Final = re.compile(
    rf"\b(?:listening|serving|bound|listen|started|running)\b[^\n]{{0,40}}?(?:(?P<host>{HOST}?):)?(?P<port>\b[1-9]\d{{1,4}})\b",
    re.IGNORECASE,
)
_HOSTNAMED: Final = re.compile(rf'"(?P<name>[a-z][\w.-]*)" \((?P<host>{HOST})\), port (?P<port>\d+)')
_STEM: Final = re.compile(
    r"\.(?:log|txt|csv|json|conf|cfg|ya?ml|env|ini|diff|out|err|md|toml|gz|\d+)\b|[-_.](?:access|error|stat|info|listen|cert|metrics|queues)\b",
    re.IGNORECASE,
)
_FOREIGN: Final = re.compile(r"(?:[a-z][a-z0-9-]*\.){2,4}(?!internal|local|svc|lan|corp|intern|cluster)[a-z]{2,}")
"""Full names of hosts outside: their owners know them by these, not by the name of a setting."""
_NUMBERED: Final = re.compile(r"(?<![\w./@-])(?P<name>[a-z][a-z_-]{2,30}?)-?\d{1,2}(?![\w.-])")
_RUNS_ON: Final = re.compile(
    r"(?<![\w./-])(?P<name>[a-z][\w-]{2,30}) v?\d[\w.]{0,20}(?: (?:->|to) v?\d[\w.]{0,20})?"
    r"[^\n]{0,20}? on (?P<host>[a-z][a-z-]{1,20}\d{1,3})\b"
)
_GENERIC: Final = frozenset(
    [
        "at",
        "on",
        "to",
        "from",
        "via",
        "for",
        "location",
        "referer",
        "link",
        "path",
        "http",
        "https",
        "url",
        "host",
        "server",
        "upstream",
        "provider",
        "target",
        "database",
        "db",
        "cache",
        "broker",
        "endpoint",
        "api",
        "backend",
        "base",
        "default",
        "config",
        "conf",
        "deploy",
        "changes",
        "change",
        "cron",
        "hosts",
        "processes",
        "process",
        "storefront",
        "alerts",
        "alert",
        "syslog",
        "messages",
        "migrate",
        "ansible",
        "campaign",
        "checks",
        "date",
    ]
)


def stem(name: str) -> str:
    """Return what a file's name says of its writer: `orders-api.log` is `orders-api`."""
    return _STEM.sub("", name.rsplit("/", 1)[-1]).strip("-_. ") or name


def same(one: str, other: str) -> bool:
    """Whether two names differ in case, dashes and underscores only."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return re.sub(r"[\s_.-]+", "-", name.lower())


@dataclass
class Graph:
    """Components by name; `aliases` lead from hosts and addresses to them; `uses` lead from a client to what it calls."""

    components: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    uses: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    hosts: dict[str, str] = field(default_factory=dict)
    tiers: dict[str, str] = field(default_factory=dict)
    tools: dict[str, str] = field(default_factory=dict)
    """Commands and other names that give a known server away: `rabbitmqctl` is RabbitMQ's."""

    def add(self, name: str) -> str:
        """Register a component and return the name under which it is known."""
        return self.components.setdefault(_plain(name), name)

    def find(self, name: str | None) -> str | None:
        """Return the component that a name, host or address belongs to."""
        if not name:
            return None
        return self.components.get(_plain(name)) or self.aliases.get(name) or self.aliases.get(name.rsplit(":", 1)[0])

    def behind(self, address: str | None) -> str | None:
        """Return the component behind an address without a name: the only one that is called on this port."""
        port = (address or "").rpartition(":")[2]
        named = {
            name for place, name in self.aliases.items() if port.isdigit() and place.endswith(f":{port}") and not place.startswith(":")
        }
        return named.pop() if len(named) == 1 else None

    def mentioned(self, text: str) -> list[str]:
        """Return the components whose names stand in a text as whole words, in order of appearance."""
        plain = f"-{_plain(text)}-"
        plain = re.sub(r"[^a-z0-9-]+", "-", plain)
        hits = [(plain.find(f"-{key}-"), name) for key, name in self.components.items() if f"-{key}-" in plain]
        return [name for _, name in sorted(hits)]

    def link(self, client: str | None, server: str | None) -> None:
        """Note that one component calls another."""
        if client and server and client != server:
            self.uses[client].add(server)

    def path(self, start: str, goal: str) -> tuple[str, ...]:
        """Return the shortest chain of calls from one component to another, or nothing."""
        queue: deque[tuple[str, ...]] = deque([(start,)])
        seen = {start}
        while queue:
            way = queue.popleft()
            if way[-1] == goal:
                return way
            for nxt in sorted(self.uses.get(way[-1], ())):
                if nxt not in seen:
                    seen.add(nxt)
                    queue.append((*way, nxt))
        return ()

    def downstream(self, name: str) -> set[str]:
        """Return everything that a component calls, directly or not."""
        found: set[str] = set()
        todo = [name]
        while todo:
            for nxt in self.uses.get(todo.pop(), ()):
                if nxt not in found:
                    found.add(nxt)
                    todo.append(nxt)
        return found

    def label(self, name: str) -> str:
        """Return the name with the host under which the evidence knows it, for known servers: `postgresql (db01)`."""
        host = self.hosts.get(name)
        return f"{name} ({host})" if host and not same(host, name) and "(" not in name else name


def build(files: Sequence[Insights], pages: Mapping[str, Page], software: Sequence[Software]) -> tuple[Graph, dict[str, str]]:
    """Return the graph, and for each file the component that wrote it."""
    graph = Graph()
    writers = {f.file: _writer(f, software) for f in files}
    for name, writer in writers.items():
        if writer:
            writers[name] = graph.add(writer)
    graph.tiers = {s.name: s.tier for s in software}
    graph.tools = {name: s.name for s in software if s.tier != "infrastructure" for name in s.names}
    ports = {port: s.name for s in software for port in s.ports}
    for file in files:
        page = pages.get(file.file)
        if page is not None:
            _read(graph, page, writers[file.file], ports)
        if file.classification.type in {"trace", "capture"}:
            _seen(graph, file)
    _hosts(graph, pages, software)
    return graph, {name: writer for name, writer in writers.items() if writer}


def _hosts(graph: Graph, pages: Mapping[str, Page], software: Sequence[Software]) -> None:
    """Hosts named after the one component that runs there (`auth01`, `db01`), or told beside it (`catalog 6.1.0 on cat02`)."""
    found: dict[str, set[str]] = defaultdict(set)
    roles: dict[str, set[str]] = defaultdict(set)
    for known in software:
        for role in known.hosts if _plain(known.name) in graph.components else ():
            roles[role].add(known.name)
    for page in pages.values():
        text = page.text[:20_000]
        for match in _NUMBERED.finditer(text):
            name = graph.components.get(_plain(match["name"]))
            found[match[0]] |= {name} if name else roles.get(match["name"], set())
        for match in _RUNS_ON.finditer(text):
            name = graph.components.get(_plain(match["name"]))
            if name:
                found[match["host"]].add(name)
    several = Counter(name for names in found.values() for name in names)
    for host, names in sorted(found.items()):
        name = min(names, default="")
        if len(names) == 1 and several[name] == 1 and _plain(host) not in graph.components and host not in graph.aliases:
            graph.aliases.setdefault(host, name)
            graph.hosts.setdefault(name, host)


def _seen(graph: Graph, file: Insights) -> None:
    """Who was seen calling whom: spans and captures say it, where configurations only promise it."""
    for fact in file.facts:
        if fact.kind == "dependency" and fact.attributes.get("source") and fact.attributes.get("target"):
            client, server = str(fact.attributes["source"]), str(fact.attributes["target"])
            graph.link(graph.find(client) or graph.add(client), graph.find(server) or graph.add(server))


def _writer(file: Insights, software: Sequence[Software]) -> str | None:
    base = file.file.rsplit("/", 1)[-1]
    known = next((s.name for s in software if any(p.search(base) for p in s.files)), None)
    if known:
        return known
    name = file.component or (stem(base) if file.classification.type == "log" else None)
    known = next((s.name for s in software if name and _plain(name) in map(_plain, s.names)), None)
    return known or (name if name and _plain(name) not in _GENERIC else None)


def _head(page: Page) -> str:
    """Start-up lines and small files say where things are; the middle of a long log repeats itself."""
    return page.text if len(page.text) < 200_000 else page.text[:60_000] + page.text[-30_000:]


def _read(graph: Graph, page: Page, writer: str | None, ports: Mapping[int, str]) -> None:
    text = _head(page)
    for found in _UPSTREAM.finditer(text):
        _alias(graph, found["name"], (found["host"], found["port"]), ports, writer)
    for found in _SERVER.finditer(text):
        _alias(graph, found["name"], (found["host"], found["port"]), ports, writer)
    for found in _URL.finditer(text):
        known = _SCHEMES.get(found["scheme"])
        name = known or (found["key"] if found["key"] and _plain(found["key"]) not in _GENERIC else None)
        _alias(graph, name, (found["host"], found["port"]), ports, writer)
    for found in _HOSTNAMED.finditer(text):
        _alias(graph, ports.get(int(found["port"])), (found["name"], found["port"]), ports, writer)
        _alias(graph, ports.get(int(found["port"])), (found["host"], found["port"]), ports, writer)
    if writer and graph.tiers.get(writer) is None:
        for found in _first(_LISTEN.finditer(text), 3):
            graph.aliases.setdefault(f":{found['port']}", writer)


def _first(found: Iterable[re.Match[str]], n: int) -> list[re.Match[str]]:
    return [m for m, _ in zip(found, range(n), strict=False)]


def _alias(graph: Graph, name: str | None, place: Address, ports: Mapping[int, str], client: str | None) -> None:
    host, port = place
    server = graph.find(f"{host}:{port}") if port else graph.find(host)
    if server is None and port:
        known = ports.get(int(port))
        server = graph.add(known) if known else graph.aliases.get(f":{port}")
    if server is None and name:
        server = graph.find(name) or _like(graph, name, host)
    if server is None and not re.fullmatch(r"[\d.]+|<.*>|IP_\w+|localhost", host):
        server = graph.add(host)
    if server is None:
        return
    if port:
        graph.aliases.setdefault(f"{host}:{port}", server)
    if graph.tiers.get(server) and not re.fullmatch(r"[\d.]+|<.*>|IP_\w+|localhost", host):
        graph.aliases.setdefault(host, server)
        graph.hosts.setdefault(server, host)
    graph.link(client, server)


def _like(graph: Graph, name: str, host: str) -> str:
    """Return the only component whose name begins with this one (`search` for `search-api`), or register it, a foreign host as such."""
    close = [c for key, c in graph.components.items() if key.startswith(f"{_plain(name)}-")]
    return close[0] if len(close) == 1 else graph.add(host if _FOREIGN.fullmatch(host) else name)
