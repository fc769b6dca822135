"""Records of changes: lines of deployment logs and of what servers and applications say of themselves, read as changes."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from faultmaven_events.consumers.reason.offline.answers import answers_of
from faultmaven_events.consumers.reason.offline.change import Change
from faultmaven_events.consumers.reason.offline.graph import Graph, stem
from faultmaven_events.consumers.reason.offline.page import Page
from faultmaven_events.consumers.reason.offline.ruleset import ChangeKind, words

_RECORD_LINES: Final = 400
TARGET: Final = re.compile(r"(?:changed: \[|(?:^|\s)(?:-l|--limit)[ =])(?P<host>[a-z][\w.-]*)", re.IGNORECASE)
"""The host that a playbook's line is about."""
_SERVERS_OWN: Final = re.compile(r"LOG:  (?:starting backup recovery|checkpoint|restartpoint|redo|consistent recovery|database system)")
"""What a database server says of its own work."""
STATE: Final = re.compile(r"\bis (?:UP|DOWN), reason:|has no server available|\bFIRING\b|\bRESOLVED\b")
"""What a load balancer or monitor found is a sign, not something that somebody did."""
_SERVER: Final = re.compile(r"^([a-z][a-z-]*\d{1,3})(?=[: ])")
_STAMP: Final = re.compile(
    r"^(?:\d{4}[-/]\d\d[-/]\d\d[T ][\d:.,]+(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?|[A-Z][a-z]{2} +\d{1,2} [\d:]{8}|\[[^\]]*\d\d:\d\d[^\]]*\])\s*"
)
_LEAD: Final = re.compile(r"^(?:\[[^\]]{0,60}\]\s*|(?:DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR)\b[ :]*)+")
_AUTHOR: Final = re.compile(
    r"^(?:\S*bot|ansible|vault|cron|scheduler|deployer|jenkins|ci|alertmanager|marketing|(?:net|sec|dev|data)?ops|dba|sre|infra"
    r"|platform|security|admin|announced|[a-z]+-team)[\w-]*: ?",
    re.IGNORECASE,
)
_FILE: Final = re.compile(r"[\w-]+\.(?:conf|cfg|ya?ml|env|ini|json|toml|properties|rules|zone|cnf|hcl|xml|sql|pem|crt)\b", re.IGNORECASE)


def is_record(page: Page) -> bool:
    """Whether a file is a record of what was done, by its name: a deployment log, a change log."""
    name = page.file.rsplit("/", 1)[-1]
    if page.insights.wrapped:  # named after a call, not after what it holds
        return False
    return bool(words("record").search(name)) and len(page.lines) <= _RECORD_LINES and not re.search(r"\.(?:csv|conf|cfg|ya?ml|env)$", name)


def plain(line: str) -> str:
    """The line without its time and author."""
    return _AUTHOR.sub("", _LEAD.sub("", _STAMP.sub("", line.strip()))).strip()


def kind_of(text: str, kinds: Sequence[ChangeKind]) -> tuple[ChangeKind, dict[str, str]] | None:
    """The first kind of change whose pattern a text fits, with what the pattern names; None when it tells of no change."""
    for kind in kinds:
        read = [{k.rstrip("0123456789"): v.strip() for k, v in m.groupdict().items() if v} for m in kind.pattern.finditer(text)]
        if read:
            return kind, max(read, key=len)
    return None


def weight_of(text: str, weight: float) -> float:
    """The weight of a change of a kind: less where it was only announced, changes nothing, or was over."""
    weight -= 1.5 if words("announced").search(text) else 0.0
    weight -= 1.0 if words("inert").search(text) else 0.0
    return weight - (0.3 if words("done").search(text) and not re.search(r"->|start", text) else 0.0)


def component_of(text: str, graph: Graph, kind: str) -> str | None:
    """What a change touches: the component that its text names, else its target, tool, address or file."""
    named = graph.mentioned(text)
    target = TARGET.search(text)
    if kind == "clock" and target:
        return graph.find(target["host"]) or target["host"]
    if kind in {"migration", "ddl"} and "postgresql" in graph.components.values() and "postgresql" not in named:
        return "postgresql"
    lead = re.match(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)+(?=[: ])", text)
    if lead and named and graph.find(lead[0]) is None and lead[0].startswith(f"{named[0].lower()}-"):
        return lead[0]
    if kind == "dns" and "dnsmasq" in graph.components and not (named and text.lower().startswith(named[0].lower())):
        return _resolver(graph, target["host"] if target else next(iter(_SERVER.findall(text)), None))
    if named:
        return named[0]
    if target:
        return graph.find(target["host"]) or target["host"]
    tool = next((graph.tools[word] for word in re.findall(r"[a-z][a-z-]+", text.lower()) if word in graph.tools), None)
    if tool:
        return graph.find(tool) or graph.add(tool)
    url = re.search(r"https?://([\w.<>-]+(?::\d+)?)", text)
    called = graph.find(url[1]) if url else None
    files = _FILE.findall(text)
    by_file = next((graph.find(stem(f)) for f in files if graph.find(stem(f))), None)
    lead = re.match(r"([a-z][\w.]*(?:-[\w.]+)+|[a-z]\w+)[: ]", text)
    host = re.search(r"\b[a-z][a-z-]*\d{1,3}\b", text)
    return (
        called
        or by_file
        or (lead[1] if lead and (kind in {"release", "config", "flag", "restart"} or lead[1] == (host and host[0])) else None)
        or (host[0] if host else None)
    )


def _resolver(graph: Graph, host: str | None) -> str:
    if host:
        graph.hosts.setdefault("dnsmasq", host)
        graph.aliases.setdefault(host, "dnsmasq")
    return "dnsmasq"


def recorded(page: Page, graph: Graph, kinds: Sequence[ChangeKind]) -> list[Change]:
    """The changes that a record lists, line by line."""
    found = []
    for number, line in enumerate(page.lines, 1):
        text = plain(line)
        read = kind_of(text, kinds) if len(text) > 5 else None
        if read is None:
            continue
        found.append(_change(page, number, text, read, component_of(f"{text} {line}", graph, read[0].name)))
    return found


def _change(page: Page, number: int, text: str, read: tuple[ChangeKind, dict[str, str]], component: str | None) -> Change:
    kind, values = read
    at = page.at(number)
    return Change(
        id=f"{page.file}:{number}",
        kind=kind.name,
        text=text[:300],
        file=page.file,
        citation=page.cite(number),
        at=at.timestamp() if at else None,
        component=component,
        values=values,
        weight=weight_of(text, kind.weight),
        files=tuple(_FILE.findall(text)),
    )


def logged(page: Page, writer: str | None, kinds: Sequence[ChangeKind]) -> list[Change]:
    """Changes that servers and applications log themselves: administrative statements, jobs, flushes, a new version of their own."""
    by_name = {k.name: k for k in kinds}
    found: list[Change] = []
    for name, pattern in (("ddl", "statement"), ("config", "parameter"), ("job", "job"), ("flush", "flush")):
        for count, (number, match) in enumerate(page.search(words(pattern))):
            if count >= 40:
                break
            if STATE.search(page.lines[number - 1]) or _SERVERS_OWN.search(page.lines[number - 1]):
                continue
            text = match["sql"] if name == "ddl" else plain(page.lines[number - 1])
            values = {"what": text[:200]} if name == "ddl" else {k: v for k, v in match.groupdict().items() if v and name == "config"}
            found.append(_change(page, number, text, (by_name[name], values), writer))
    return [*found, *_versions(page, writer, by_name["release"])]


def answered(page: Page, graph: Graph) -> list[Change]:
    """Names that the resolver's log shows with another address than before."""
    found = []
    for told in answers_of(page):
        text = f"DNS name {told.name} resolved to {told.old}, since then to {told.new}"
        text += f", which is the address of {told.owner}" if told.owner else ""
        values = {"path": told.name, "old": told.old, "new": told.new, "host": told.name}
        name = graph.find("dnsmasq") or graph.add("dnsmasq")
        made = _change(page, told.line, text, (ChangeKind("dns", 0.9, _STAMP), values), name)
        found.append(replace(made, aspects=frozenset({"address"}), extra=(page.cite(told.before),), edit=True))
    return found


def _is_config(page: Page) -> bool:
    return page.insights.classification.type in {"config", "metrics", "command_output"}


def _versions(page: Page, writer: str | None, kind: ChangeKind) -> list[Change]:
    found: list[Change] = []
    last: str | None = None
    if _is_config(page):
        return found
    for number, match in page.search(words("version")):
        version = match["version"] or match["version2"]
        if last is not None and version != last and not any(c.values.get("version") == version for c in found):
            text = f"{writer or page.file} {last} -> {version}"
            values = {"what": writer or "", "previous": last, "version": version}
            found.append(_change(page, number, text, (kind, values), writer))
        last = version
    return found[:5]
