r"""The scan: which rules look at which line, and what they find there.

RE2 (https://github.com/google/re2) runs all cheap patterns over a line at once, in time linear in its length; only the rules whose pattern
hit look closer. A line ends at "\n" and nowhere else; a "\r" before it belongs to the line.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Final, Literal, NamedTuple

import re2  # type: ignore[import-untyped]  # its authors ship no types

from faultmaven_events.consumers.sanitize import encoded, grids, hanging, manifests, pem, personal, prose
from faultmaven_events.consumers.sanitize.addresses import V4, dashed, ported
from faultmaven_events.consumers.sanitize.finding import Finding, merged
from faultmaven_events.consumers.sanitize.rules import PERSONAL, RULES, SECRET
from faultmaven_events.consumers.sanitize.strict import findings as described
from faultmaven_events.consumers.sanitize.tables import Table

FINDERS: Final = tuple(finder for _, finder in RULES)
NUMBERS: Final = frozenset(
    hit
    for hit, finder in enumerate(FINDERS)
    if finder in {personal.cards, personal.ibans, personal.social_security, personal.licenses, personal.phones, dashed, ported}
    or getattr(finder, "args", None) == (V4,)
)
"""Rules that find nothing where there is no digit."""
Match = Callable[[bytes], list[int]]
HANGS: Final = len(RULES)
"""The number of the pattern that is no rule: the next line may hold what this one announces."""
ENCODED: Final = HANGS + 1
"""The number of the pattern of base64."""


@cache
def _sets() -> tuple[tuple[Sequence[int], Match], ...]:
    """Return groups of patterns, each with the numbers of its rules: small automata are built quicker than their product."""
    patterns = [*(cheap for cheap, _ in RULES), hanging.CHEAP, encoded.CHEAP]
    secret, tokens = len(PERSONAL), len(PERSONAL) + len(SECRET)
    groups: tuple[Sequence[int], ...] = (
        range(9), range(9, secret), [*range(secret, secret + 4), HANGS], range(secret + 4, tokens), range(tokens, HANGS), [ENCODED],
    )  # fmt: skip
    return tuple((group, _compiled([patterns[number] for number in group])) for group in groups)


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


Doubt = Literal["", "numbers", "any"]


class Scanned(NamedTuple):
    """A line in which something was found: its index, the findings, and whether a rule looked and found nothing, or findings overlap.

    Such a rule may decide otherwise once what was found is replaced; one that looks for `numbers`, if there are others.
    """

    number: int
    findings: list[Finding]
    doubtful: Doubt


def scan(lines: list[str], table: Table | None = None, model: str = "", *, strict: bool = False) -> Iterator[Scanned]:
    """Yield the lines in which something was found, be it something that stays readable.

    Args:
        lines: Of one text.
        table: What its first line says about columns.
        model: A spaCy pipeline that looks for names as well; none when empty.
        strict: Whether hosts, internal addresses and what else describes the system are to be hidden too.
    """
    first, *others = _sets()
    spread = _spread(lines, model, strict=strict)
    expected: str | None = None
    for number, line in enumerate(lines):
        hits = _hits(line, first[1], others)
        if not hits and expected is None and table is None and not spread and not strict:
            continue
        found, doubt = _found(line, hits)
        if table is not None:
            found += table.findings(line)
        if expected is not None:
            value, expected = hanging.follow(line, expected)
            found += [value] if value else []
        if HANGS in hits:
            expected = hanging.announced(line) or expected
        if strict:
            found += described(line)
        found += spread.get(number, ())
        if found:
            yield Scanned(number, found, doubt)


def _hits(line: str, first: Match, others: Sequence[tuple[Sequence[int], Match]]) -> list[int]:
    text = line.encode()
    hits = first(text)
    for numbers, match in others:
        if more := match(text):
            hits += [numbers[hit] for hit in more]
    return hits


def _found(line: str, hits: Sequence[int]) -> tuple[list[Finding], Doubt]:
    """Return what the rules that were hit find in a line, and whether one of them found nothing."""
    found: list[Finding] = []
    doubt: Doubt = ""
    for hit in hits:
        if hit < HANGS:
            before = len(found)
            found += FINDERS[hit](line)
            if len(found) == before and doubt != "any":
                doubt = "numbers" if hit in NUMBERS else "any"
        elif hit == ENCODED:
            found += encoded.findings(line, _tells)
    return found, doubt


def _tells(text: str) -> bool:
    """Say whether something is to be hidden in a text."""
    return any(hidden(text.split("\n")))


def _spread(lines: list[str], model: str, *, strict: bool) -> dict[int, list[Finding]]:
    """Return what only several lines together tell, by the line's index: keys in PEM, Kubernetes Secrets, tables with a ruled header."""
    if len(lines) == 1 and not model and pem.MARK not in lines[0]:
        return {}
    found = pem.blocks(lines)
    for more in (manifests.blocks(lines), grids.blocks(lines), prose.people(lines, model, strict=strict) if model else {}):
        for number, findings in more.items():
            found.setdefault(number, []).extend(findings)
    return found


def hidden(lines: list[str], table: Table | None = None, model: str = "", *, strict: bool = False) -> Iterator[Scanned]:
    """Yield the lines in which something is to be hidden; the findings are in order and do not overlap."""
    for scanned in scan(lines, table, model, strict=strict):
        number, found, doubtful = scanned
        if len(found) == 1:
            if found[0].hidden:
                yield scanned
        elif spans := merged(found):
            overlap = len(spans) < sum(finding.hidden for finding in found)
            yield Scanned(number, spans, "any" if overlap else doubtful)
