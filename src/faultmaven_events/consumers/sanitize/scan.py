r"""The scan: which rules look at which line, and what they find there.

RE2 (https://github.com/google/re2) runs all cheap patterns over a line at once, in time linear in its length; only the rules whose pattern
hit look closer. A line ends at "\n" and nowhere else; a "\r" before it belongs to the line.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Final, NamedTuple

import re2  # type: ignore[import-untyped]  # its authors ship no types

from faultmaven_events.consumers.sanitize import encoded, grids, hanging, manifests, pem, prose
from faultmaven_events.consumers.sanitize.finding import Finding, merged
from faultmaven_events.consumers.sanitize.rules import PERSONAL, RULES, SECRET, TOKENS
from faultmaven_events.consumers.sanitize.tables import Table

FINDERS: Final = tuple(finder for _, finder in RULES)
Match = Callable[[bytes], list[int]]
HANGS: Final = len(RULES)
"""The number of the pattern that is no rule: the next line may hold what this one announces."""
ENCODED: Final = HANGS + 1
"""The number of the pattern of base64."""


@cache
def _sets() -> tuple[tuple[int, Match], ...]:
    """Return groups of patterns, each with the number of its first rule: small automata are built quicker than their product."""
    sizes = (0, len(PERSONAL), len(PERSONAL) + len(SECRET), ENCODED)
    groups = (PERSONAL, SECRET, (*TOKENS, (hanging.CHEAP, None)), ((encoded.CHEAP, None),))
    return tuple((first, _compiled([cheap for cheap, _ in group])) for first, group in zip(sizes, groups, strict=True))


def _compiled(patterns: Sequence[str]) -> Match:
    options = re2.Options()
    options.case_sensitive = False
    options.max_mem = 128 << 20
    options.log_errors = False
    compiled = re2.Set.SearchSet(options)
    for pattern in patterns:
        compiled.Add(pattern)
    compiled.Compile()
    match: Match = compiled._set.Match  # noqa: SLF001 # the wrapper around it costs as much as the search
    return match


class Scanned(NamedTuple):
    """A line in which something was found: its index, the findings, and whether a rule looked and found nothing, or findings overlap.

    Such a rule may decide otherwise once what was found is replaced.
    """

    number: int
    findings: list[Finding]
    doubtful: bool


def scan(lines: list[str], table: Table | None = None, model: str = "") -> Iterator[Scanned]:
    """Yield the lines in which something was found, be it something that stays readable.

    Args:
        lines: Of one text.
        table: What its first line says about columns.
        model: A spaCy pipeline that looks for names as well; none when empty.
    """
    (_, personal), *others = _sets()
    spread = _spread(lines, model)
    expected: str | None = None
    for number, line in enumerate(lines):
        text = line.encode()
        hits = personal(text)
        for first, match in others:
            if more := match(text):
                hits += [first + hit for hit in more]
        if not hits and expected is None and table is None and not spread:
            continue
        by_rule = [list(FINDERS[hit](line)) for hit in hits if hit < HANGS]
        found = [finding for findings in by_rule for finding in findings]
        if table is not None:
            found += table.findings(line)
        if expected is not None:
            value, expected = hanging.follow(line, expected)
            found += [value] if value else []
        if ENCODED in hits:
            found += encoded.findings(line, _tells)
        if HANGS in hits:
            expected = hanging.announced(line) or expected
        found += spread.get(number, ())
        if found:
            yield Scanned(number, found, not all(by_rule))


def _tells(text: str) -> bool:
    """Say whether something is to be hidden in a text."""
    return any(hidden(text.split("\n")))


def _spread(lines: list[str], model: str) -> dict[int, list[Finding]]:
    """Return what only several lines together tell, by the line's index: keys in PEM, Kubernetes Secrets, tables with a ruled header."""
    found = pem.blocks(lines)
    for more in (manifests.blocks(lines), grids.blocks(lines), prose.people(lines, model) if model else {}):
        for number, findings in more.items():
            found.setdefault(number, []).extend(findings)
    return found


def hidden(lines: list[str], table: Table | None = None, model: str = "") -> Iterator[Scanned]:
    """Yield the lines in which something is to be hidden; the findings are in order and do not overlap."""
    for number, found, doubtful in scan(lines, table, model):
        if spans := merged(found):
            yield Scanned(number, spans, doubtful or len(spans) < sum(finding.hidden for finding in found))
