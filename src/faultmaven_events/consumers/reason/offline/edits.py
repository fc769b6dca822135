"""Edits: what a diff says was changed, with the record that tells when and whose file it is."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from faultmaven_events.consumers.reason.offline.aspect import aspects, narrowed
from faultmaven_events.consumers.reason.offline.change import Change
from faultmaven_events.consumers.reason.offline.graph import Graph, stem
from faultmaven_events.consumers.reason.offline.page import Page
from faultmaven_events.consumers.reason.offline.records import (
    TARGET,
)
from faultmaven_events.schemas.insight import Fact

_SAME: Final = 3
"""Least length of a value that tells a renamed key: `1` or `on` stands beside many keys."""
_NAMES: Final = re.compile(r"(?:^|[./-])(?:hosts|zone)\b|dnsmasq|\.zone\b|^db\.[a-z]", re.IGNORECASE)
"""Files that say which name leads to which address."""


def is_diff(page: Page) -> bool:
    """Whether a file is a unified diff."""
    return bool(re.search(r"^--- .*\n\+\+\+ .*\n@@ -\d", page.text[:20_000], re.MULTILINE))


def edits(page: Page, facts: Sequence[Fact], records: Sequence[Change], graph: Graph) -> list[Change]:
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
        host = TARGET.search(record.text) if record else None
        return (graph.find(host["host"]) or host["host"]) if host else graph.add("dnsmasq")
    if record and record.component:
        return record.component
    return next(iter(graph.mentioned(page.text)), None)
