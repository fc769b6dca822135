"""Changes: what somebody or something did before, with the time, the component and the exact edit."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from faultmaven_events.consumers.reason.offline.answers import answers_of
from faultmaven_events.consumers.reason.offline.aspect import aspects, narrowed
from faultmaven_events.consumers.reason.offline.graph import Graph, stem
from faultmaven_events.consumers.reason.offline.page import Page
from faultmaven_events.consumers.reason.offline.ruleset import ChangeKind, words
from faultmaven_events.schemas.insight import Citation, Fact

_RECORD_LINES: Final = 400
_SAME: Final = 3
"""Least length of a value that tells a renamed key: `1` or `on` stands beside many keys."""
_TARGET: Final = re.compile(r"(?:changed: \[|(?:^|\s)(?:-l|--limit)[ =])(?P<host>[a-z][\w.-]*)", re.IGNORECASE)
"""The host that a playbook's line is about."""
_SERVERS_OWN: Final = re.compile(r"LOG:  (?:starting backup recovery|checkpoint|restartpoint|redo|consistent recovery|database system)")
"""What a database server says of its own work."""
_STATE: Final = re.compile(r"\bis (?:UP|DOWN), reason:|has no server available|\bFIRING\b|\bRESOLVED\b")
"""What a load balancer or monitor found is a sign, not something that somebody did."""
_SERVER: Final = re.compile(r"^([a-z][a-z-]*\d{1,3})(?=[: ])")
_STAMP: Final = re.compile(
    r"^(?:\d{4}[-/]\d\d[-/]\d\d[T ][\d:.,]+(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?|[A-Z][a-z]{2} +\d{1,2} [\d:]{8}|\[[^\]]*\d\d:\d\d[^\]]*\])\s*"
)
_LEAD: Final = re.compile(r"^(?:\[[^\]]{0,60}\]\s*|(?:DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR)\b[ :]*)+")
_BOOT_S: Final = 2.0
"""Seconds after a file's first line within which what a server logs belongs to its start."""
_AUTHOR: Final = re.compile(
    r"^(?:\S*bot|ansible|vault|cron|scheduler|deployer|jenkins|ci|alertmanager|marketing|(?:net|sec|dev|data)?ops|dba|sre|infra"
    r"|platform|security|admin|announced|[a-z]+-team)[\w-]*: ?",
    re.IGNORECASE,
)
_NAMES: Final = re.compile(r"(?:^|[./-])(?:hosts|zone)\b|dnsmasq|\.zone\b|^db\.[a-z]", re.IGNORECASE)
"""Files that say which name leads to which address."""
_FILE: Final = re.compile(r"[\w-]+\.(?:conf|cfg|ya?ml|env|ini|json|toml|properties|rules|zone|cnf|hcl|xml|sql|pem|crt)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `at` is seconds since 1970; `edit` holds path, old and new when a value changed."""

    id: str
    kind: str
    text: str
    file: str
    citation: Citation
    at: float | None = None
    component: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    aspects: frozenset[str] = frozenset()
    weight: float = 0.0
    files: tuple[str, ...] = ()
    extra: tuple[Citation, ...] = ()
    edit: bool = False


def collect(
    pages: Mapping[str, Page], facts: Mapping[str, Sequence[Fact]], writers: Mapping[str, str], graph: Graph, kinds: Sequence[ChangeKind]
) -> list[Change]:
    """Return every change that the evidence shows, in order of time; those without a time last."""
    found: list[Change] = []
    for page in pages.values():
        if _is_diff(page):
            continue
        found += _answered(page, graph)
        found += _records(page, graph, kinds) if _is_record(page) else _logged(page, writers.get(page.file), kinds)
    for page in pages.values():
        if _is_diff(page):
            found += _edits(page, facts.get(page.file, ()), found, graph)
    found += _told(facts, found, graph, kinds, pages)
    return sorted(found, key=lambda c: (c.at is None, c.at or 0.0, c.id))


def _is_record(page: Page) -> bool:
    name = page.file.rsplit("/", 1)[-1]
    if page.insights.wrapped:  # named after a call, not after what it holds
        return False
    return bool(words("record").search(name)) and len(page.lines) <= _RECORD_LINES and not re.search(r"\.(?:csv|conf|cfg|ya?ml|env)$", name)


def plain(line: str) -> str:
    """The line without its time and author."""
    return _AUTHOR.sub("", _LEAD.sub("", _STAMP.sub("", line.strip()))).strip()


def _kind(text: str, kinds: Sequence[ChangeKind]) -> tuple[ChangeKind, dict[str, str]] | None:
    for kind in kinds:
        read = [{k.rstrip("0123456789"): v.strip() for k, v in m.groupdict().items() if v} for m in kind.pattern.finditer(text)]
        if read:
            return kind, max(read, key=len)
    return None


def _weight(text: str, weight: float) -> float:
    weight -= 1.5 if words("announced").search(text) else 0.0
    weight -= 1.0 if words("inert").search(text) else 0.0
    return weight - (0.3 if words("done").search(text) and not re.search(r"->|start", text) else 0.0)


def _component(text: str, graph: Graph, kind: str) -> str | None:
    named = graph.mentioned(text)
    target = _TARGET.search(text)
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


def _records(page: Page, graph: Graph, kinds: Sequence[ChangeKind]) -> list[Change]:
    found = []
    for number, line in enumerate(page.lines, 1):
        text = plain(line)
        read = _kind(text, kinds) if len(text) > 5 else None
        if read is None:
            continue
        found.append(_change(page, number, text, read, _component(f"{text} {line}", graph, read[0].name)))
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
        weight=_weight(text, kind.weight),
        files=tuple(_FILE.findall(text)),
    )


def _logged(page: Page, writer: str | None, kinds: Sequence[ChangeKind]) -> list[Change]:
    """Changes that servers and applications log themselves: administrative statements, jobs, flushes, a new version of their own."""
    by_name = {k.name: k for k in kinds}
    found: list[Change] = []
    for name, pattern in (("ddl", "statement"), ("config", "parameter"), ("job", "job"), ("flush", "flush")):
        for count, (number, match) in enumerate(page.search(words(pattern))):
            if count >= 40:
                break
            if _STATE.search(page.lines[number - 1]) or _SERVERS_OWN.search(page.lines[number - 1]):
                continue
            text = match["sql"] if name == "ddl" else plain(page.lines[number - 1])
            values = {"what": text[:200]} if name == "ddl" else {k: v for k, v in match.groupdict().items() if v and name == "config"}
            found.append(_change(page, number, text, (by_name[name], values), writer))
    return [*found, *_versions(page, writer, by_name["release"])]


def _answered(page: Page, graph: Graph) -> list[Change]:
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


def _is_diff(page: Page) -> bool:
    return bool(re.search(r"^--- .*\n\+\+\+ .*\n@@ -\d", page.text[:20_000], re.MULTILINE))


def _edits(page: Page, facts: Sequence[Fact], records: Sequence[Change], graph: Graph) -> list[Change]:
    """Edits of a diff; time and component come from the record that names the same file."""
    told = [f for f in facts if f.kind == "config_change" and f.citations]
    return _renamed([_edit(page, fact, records, graph) for fact in told])


def _renamed(edits: Sequence[Change]) -> list[Change]:
    """A key that went while another came with the same value: one edit, a key renamed."""
    came = {(c.values["config_file"], c.values["new"]): c for c in edits if "old" not in c.values and len(c.values.get("new", "")) >= _SAME}
    found = []
    for edit in edits:
        other = came.get((edit.values["config_file"], edit.values.get("old", ""))) if "new" not in edit.values else None
        if other is None:
            found.append(edit)
            continue
        path, to = edit.values.get("path", ""), other.values.get("path", "")
        told = _said(edit.values["config_file"], path, edit.values.get("old"), None, to)
        values = {**edit.values, "renamed_to": to}
        found.append(
            replace(edit, text=told[:300], values=values, aspects=edit.aspects | {"key_renamed"}, extra=(*edit.extra, other.citation))
        )
    return found


def _edit(page: Page, fact: Fact, records: Sequence[Change], graph: Graph) -> Change:
    values = {k: str(v) for k, v in fact.attributes.items() if v is not None}
    base = re.sub(r"\.(?:orig|bak|new|old|diff|patch)$", "", (values.get("file") or page.file).split()[0].rsplit("/", 1)[-1])
    record, component = _origin(base, page, records, graph)
    path, old, new = narrowed(values.get("path", ""), values.get("old"), values.get("new"))
    values = {**{k: v for k, v in values.items() if k not in {"old", "new"}}, "path": path}
    values |= {k: v for k, v in (("old", old), ("new", new)) if v is not None}
    kinds = aspects(path, old, new) | ({"key_renamed"} if "renamed_to" in values else frozenset())
    at = record.at if record else fact.at.timestamp() if fact.at else None
    return Change(
        id=f"{page.file}#{fact.id}",
        kind="dns" if _NAMES.search(base) else "config",
        text=_said(base, path, old, new, values.get("renamed_to"))[:300],
        file=page.file,
        citation=fact.citations[0],
        at=at,
        component=component,
        values={**values, "config_file": base, "record": record.text if record else ""},
        aspects=kinds,
        weight=0.7,
        files=(base,),
        extra=(record.citation,) if record else (),
        edit=True,
    )


def _said(base: str, path: str, old: str | None, new: str | None, renamed: str | None) -> str:
    if renamed:
        return f"{base} renamed the key {path} to {renamed.rpartition('.')[2]}"
    if old is None:
        return f"{base} added {path} = {new}"
    return f"{base} removed {path} (was {old})" if new is None else f"{base} changed {path} from {old} to {new}"


def _origin(base: str, page: Page, records: Sequence[Change], graph: Graph) -> tuple[Change | None, str | None]:
    """The record that tells when a file was changed, and whose file it is."""
    record = next((r for r in records if any(f.lower() == base.lower() for f in r.files)), None)
    if record is None and len(stem(base)) > 2:
        record = next((r for r in records if r.kind in {"config", "release", "flag"} and stem(base).lower() in r.text.lower()), None)
    component = _owner(base, record, page, graph)
    if record is None:
        record = _alike(base, page, records)
    if record is None and component:
        record = next((r for r in records if r.component == component and r.kind in {"config", "release", "restart", "flag", "dns"}), None)
    return record, component


def _alike(base: str, page: Page, records: Sequence[Change]) -> Change | None:
    """The record that shares most distinctive words (a serial, a revision, a domain) with the diff."""
    touched = "\n".join(line for line in page.lines if line[:1] in "+-")
    mine = {t.strip(".-:") for t in re.findall(r"[\w.-]{5,}", f"{base}\n{touched}") if re.search(r"\d{4,}|\w\.\w|[a-z]_[a-z]", t)}
    mine |= {base.removesuffix(f".{part}") for part in ("hosts", "zone", "conf", "cfg") if base.endswith(f".{part}")}
    scored = [(sum(1 for t in mine if t in r.text), r) for r in records if r.kind not in {"alert", "traffic"} and r.at is not None]
    best = max(scored, key=lambda pair: pair[0], default=None)
    return best[1] if best and best[0] else None


def _owner(base: str, record: Change | None, page: Page, graph: Graph) -> str | None:
    known = graph.find(stem(base))
    if record and record.component and graph.tiers.get(record.component) == "edge":  # `nginx shop.conf` is no file of the shop
        return record.component
    if known and not _NAMES.search(base):
        return known
    software = "dnsmasq" if _NAMES.search(base) else {"pg_hba": "postgresql"}.get(stem(base))
    if software:
        return graph.add(software)
    if stem(base) == "resolv":
        host = _TARGET.search(record.text) if record else None
        return (graph.find(host["host"]) or host["host"]) if host else graph.add("dnsmasq")
    if record and record.component:
        return record.component
    return next(iter(graph.mentioned(page.text)), None)


def _told(
    facts: Mapping[str, Sequence[Fact]], known: Sequence[Change], graph: Graph, kinds: Sequence[ChangeKind], pages: Mapping[str, Page]
) -> list[Change]:
    """Changes that process found and this module did not."""
    cited = {(c.file, line) for c in known for line in range(c.citation.line_start, c.citation.line_end + 1)}
    diffs = {name for name, page in pages.items() if _is_diff(page)}
    found = []
    for file, told in facts.items():
        for fact in told:
            if (
                fact.kind not in {"change", "config_change"}
                or not fact.citations
                or (fact.citations[0].file, fact.citations[0].line_start) in cited
            ):
                continue
            page = pages.get(file)
            boot = (
                page is not None
                and page.insights.start is not None
                and fact.at is not None
                and (fact.at - page.insights.start).total_seconds() <= _BOOT_S
            )
            if _STATE.search(fact.text) or file in diffs or (boot and page is not None and not _is_record(page)):
                continue
            found.append(_from_fact(file, fact, graph, kinds))
    return found


def _from_fact(file: str, fact: Fact, graph: Graph, kinds: Sequence[ChangeKind]) -> Change:
    values = {k: str(v) for k, v in fact.attributes.items() if v is not None}
    read = _kind(f"{values.get('what', '')} {fact.text}", kinds)
    kind = "config" if fact.kind == "config_change" else read[0].name if read else "config"
    weight = read[0].weight if read else 0.5
    path, old, new = values.get("path", ""), values.get("old"), values.get("new")
    return Change(
        id=f"{file}#{fact.id}",
        kind=kind,
        text=re.sub(r"^Change: | at \d{4}-\d\d-\d\d [\d:]+Z$", "", fact.text)[:300],
        file=file,
        citation=fact.citations[0],
        at=fact.at.timestamp() if fact.at else None,
        component=graph.find(fact.component) or fact.component or _component(fact.text, graph, kind),
        values=values,
        aspects=aspects(path, old, new) if fact.kind == "config_change" else frozenset(),
        weight=_weight(fact.text, weight) - (0.0 if fact.kind == "config_change" or "version" in values else 0.5),
        edit=fact.kind == "config_change",
    )


def before(change: Change, moment: float | None, slack: float) -> bool:
    """Whether a change can have caused what began at `moment`."""
    return change.at is None or moment is None or change.at <= moment + slack


def with_component(change: Change, component: str) -> Change:
    """The same change, attributed."""
    return replace(change, component=component)
