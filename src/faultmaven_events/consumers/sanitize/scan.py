r"""The scan: which rules look at which line, and what they find there.

RE2 (https://github.com/google/re2) runs all cheap patterns over a line at once, in time linear in its length; only the rules whose pattern
hit look closer. A line ends at "\n" and nowhere else; a "\r" before it belongs to the line.
"""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import re2  # type: ignore[import-untyped]  # its authors ship no types

from faultmaven_events.consumers.sanitize import hanging, pem
from faultmaven_events.consumers.sanitize.finding import Finding, merged
from faultmaven_events.consumers.sanitize.rules import RULES
from faultmaven_events.consumers.sanitize.tables import Table


@cache
def _scanner() -> "re2.Set":
    options = re2.Options()
    options.case_sensitive = False
    options.max_mem = 256 << 20
    options.log_errors = False
    scanner = re2.Set.SearchSet(options)
    for cheap in (*(cheap for cheap, _ in RULES), hanging.CHEAP):
        scanner.Add(cheap)
    scanner.Compile()
    return scanner


class Scanned(NamedTuple):
    """A line in which something was found: its index, the findings, and whether a rule looked and found nothing, or findings overlap.

    Such a rule may decide otherwise once what was found is replaced.
    """

    number: int
    findings: list[Finding]
    doubtful: bool


def scan(lines: list[str], table: Table | None = None) -> Iterator[Scanned]:
    """Yield the lines in which something was found, be it something that stays readable."""
    match, hangs = _scanner().Match, len(RULES)
    keys = pem.blocks(lines)
    expected: str | None = None
    for number, line in enumerate(lines):
        hits = match(line) or ()
        by_rule = [list(RULES[hit][1](line)) for hit in hits if hit != hangs]
        found = [finding for findings in by_rule for finding in findings]
        if table is not None:
            found += table.findings(line)
        if expected is not None:
            value, expected = hanging.follow(line, expected)
            found += [value] if value else []
        if hangs in hits:
            expected = hanging.announced(line) or expected
        found += keys.get(number, ())
        if found:
            yield Scanned(number, found, not all(by_rule))


def hidden(lines: list[str], table: Table | None = None) -> Iterator[Scanned]:
    """Yield the lines in which something is to be hidden; the findings are in order and do not overlap."""
    for number, found, doubtful in scan(lines, table):
        if spans := merged(found):
            yield Scanned(number, spans, doubtful or len(spans) < sum(finding.hidden for finding in found))
