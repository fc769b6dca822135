"""Two halves of the evidence, split by file, so that a file which lies is in one of them only."""

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from faultmaven_events.consumers.reason.llm.docket import Docket
from faultmaven_events.consumers.reason.llm.grounds import phrases

_RUN: Final = 5
"""Words in a row that two files share when the same sentence got into both."""


def halves(docket: Docket) -> tuple[frozenset[str], frozenset[str]] | None:
    """Return the ids of two halves of about the same size, or None where there is only one source.

    Files in which the same sentence stands count as one: who writes a header that two services log must not speak twice.
    """
    groups = _sources(docket)
    if len(groups) < 2:
        return None
    one: set[str] = set()
    two: set[str] = set()
    for ids in sorted(groups, key=lambda g: (-len(g), sorted(g))):
        (one if len(one) <= len(two) else two).update(ids)
    return frozenset(one), frozenset(two)


def _sources(docket: Docket) -> list[set[str]]:
    """The ids of the exhibits by file, files with a sentence in common together."""
    owner: dict[str, str] = {}

    def root(file: str) -> str:
        while owner[file] != file:
            file = owner[file]
        return file

    said: dict[tuple[str, ...], str] = {}
    for exhibit in docket.exhibits.values():
        file = str(exhibit.evidence.citation.evidence_id)
        owner.setdefault(file, file)
        for phrase in _prose(exhibit.evidence.citation.quote):
            owner[root(said.setdefault(phrase, file))] = root(file)
    groups: Mapping[str, set[str]] = defaultdict(set)
    for name, exhibit in docket.exhibits.items():
        groups[root(str(exhibit.evidence.citation.evidence_id))].add(name)
    return list(groups.values())


def _prose(text: str) -> set[tuple[str, ...]]:
    """The runs of words without digits of a text."""
    return {run for part in re.split(r"[^\w\s'-]|\d+", text) for run in phrases(part, _RUN)}
