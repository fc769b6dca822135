"""Tables with a ruled header, as Markdown, psql and mysql draw them: the key of a value stands at the top of its column."""

import re
from collections.abc import Iterator
from typing import Final

from faultmaven_events.consumers.sanitize.finding import Finding
from faultmaven_events.consumers.sanitize.tables import holds, meaning

RULE: Final = re.compile(r"\s*[|+:]?\s*:?-{2,}:?\s*(?:[|+]\s*:?-+:?\s*)*[|+]?\s*")
LONGEST: Final = 10_000
"""Characters of a rule at most."""


def blocks(lines: list[str]) -> dict[int, list[Finding]]:
    """Return the values of sensitive columns, by the line's index."""
    found: dict[int, list[Finding]] = {}
    number = 1
    while number < len(lines):
        columns = _columns(lines[number - 1], lines[number])
        number += 1
        if any(columns):
            while number < len(lines) and "|" in lines[number]:
                if row := _row(lines[number], columns):
                    found[number] = row
                number += 1
    return found


def _columns(head: str, rule: str) -> list[str | None]:
    """Return what each column holds, when two lines are a table's head."""
    if "--" not in rule or "|" not in head or len(rule) > LONGEST or not RULE.fullmatch(rule):
        return []
    return [meaning(head[start:end]) for start, end in _cells(head)]


def _row(line: str, columns: list[str | None]) -> list[Finding]:
    cells = list(_cells(line))
    if len(cells) != len(columns):
        return []
    pairs = zip(cells, columns, strict=True)
    return [Finding(start, end, type_) for (start, end), type_ in pairs if type_ and holds(type_, line[start:end])]


def _cells(line: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each cell without the blanks around it; borders at both ends are no cells."""
    bare = line.strip()
    place = line.index(bare) + bare.startswith("|")
    last = line.index(bare) + len(bare) - bare.endswith("|")
    for cell in line[place:last].split("|"):
        text = cell.strip(" \t`")
        start = place + (cell.index(text) if text else 0)
        yield start, start + len(text)
        place += len(cell) + 1
