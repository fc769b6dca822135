"""Secrets and personal data in SQL: `INSERT INTO users (name, password) VALUES ('...', '...')`."""

import re
from collections.abc import Iterator
from typing import Final

from faultmaven_events.consumers.sanitize.finding import Finding
from faultmaven_events.consumers.sanitize.tables import holds, meaning

INSERT: Final = re.compile(
    r"\binsert\s{1,4}(?:ignore\s{1,4})?into\s{1,4}[^\s(]{1,200}\s{0,4}\((?P<columns>[^()]{1,4000})\)\s{0,4}values\s{0,4}", re.IGNORECASE
)
ROW: Final = re.compile(r"\s{0,4},?\s{0,4}\(")
FIELD: Final = re.compile(
    r"\s*(?:[NnEe]?'(?P<text>(?:[^'\\]|\\.|'')*)'|\"(?P<double>(?:[^\"\\]|\\.)*)\"|[^,()'\"]*(?:\([^()]*\))?)\s*(?P<end>[,)]|$)"
)


def inserts(line: str) -> Iterator[Finding]:
    """Find the values of sensitive columns."""
    for match in INSERT.finditer(line):
        types = [meaning(column.strip(' `"[]')) for column in match.group("columns").split(",")]
        if any(types):
            yield from _rows(line, match.end(), types)


def _rows(line: str, place: int, types: list[str | None]) -> Iterator[Finding]:
    while (row := ROW.match(line, place)) is not None:
        place = row.end()
        for type_ in types:
            field = FIELD.match(line, place)
            if field is None:
                return
            group = "text" if field.group("text") else "double"
            if type_ is not None and field.group(group) and holds(type_, field.group(group)):
                yield Finding(field.start(group), field.end(group), type_)
            place = field.end()
            if field.group("end") != ",":
                break
