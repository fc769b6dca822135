"""All changes that the evidence shows, from records, diffs and the facts of process, in order of time."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from faultmaven_events.consumers.reason.offline.aspect import aspects
from faultmaven_events.consumers.reason.offline.change import Change
from faultmaven_events.consumers.reason.offline.edits import edits, is_diff
from faultmaven_events.consumers.reason.offline.graph import Graph
from faultmaven_events.consumers.reason.offline.page import Page
from faultmaven_events.consumers.reason.offline.records import (
    STATE,
    answered,
    component_of,
    is_record,
    kind_of,
    logged,
    recorded,
    weight_of,
)
from faultmaven_events.consumers.reason.offline.ruleset import ChangeKind
from faultmaven_events.schemas.insight import Fact

_BOOT_S: Final = 2.0
"""Seconds after a file's first line within which what a server logs belongs to its start."""


def collect(
    pages: Mapping[str, Page], facts: Mapping[str, Sequence[Fact]], writers: Mapping[str, str], graph: Graph, kinds: Sequence[ChangeKind]
) -> list[Change]:
    """Return every change that the evidence shows, in order of time; those without a time last."""
    found: list[Change] = []
    for page in pages.values():
        if is_diff(page):
            continue
        found += answered(page, graph)
        found += recorded(page, graph, kinds) if is_record(page) else logged(page, writers.get(page.file), kinds)
    for page in pages.values():
        if is_diff(page):
            found += edits(page, facts.get(page.file, ()), found, graph)
    found += _told(facts, found, graph, kinds, pages)
    return sorted(found, key=lambda c: (c.at is None, c.at or 0.0, c.id))


def _told(
    facts: Mapping[str, Sequence[Fact]], known: Sequence[Change], graph: Graph, kinds: Sequence[ChangeKind], pages: Mapping[str, Page]
) -> list[Change]:
    """Changes that process found and this module did not."""
    cited = {(c.file, line) for c in known for line in range(c.citation.line_start, c.citation.line_end + 1)}
    diffs = {name for name, page in pages.items() if is_diff(page)}
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
            if STATE.search(fact.text) or file in diffs or (boot and page is not None and not is_record(page)):
                continue
            found.append(_from_fact(file, fact, graph, kinds))
    return found


def _from_fact(file: str, fact: Fact, graph: Graph, kinds: Sequence[ChangeKind]) -> Change:
    values = {k: str(v) for k, v in fact.attributes.items() if v is not None}
    read = kind_of(f"{values.get('what', '')} {fact.text}", kinds)
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
        component=graph.find(fact.component) or fact.component or component_of(fact.text, graph, kind),
        values=values,
        aspects=aspects(path, old, new) if fact.kind == "config_change" else frozenset(),
        weight=weight_of(fact.text, weight) - (0.0 if fact.kind == "config_change" or "version" in values else 0.5),
        edit=fact.kind == "config_change",
    )
