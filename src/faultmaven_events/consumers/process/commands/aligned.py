"""Tables under a header in capitals, as kubectl, docker, helm and ps print them: cells stand below the words of the header."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

Lines = Sequence[tuple[int, str]]
_HEADER: Final = re.compile(
    r"^[\s\"]{0,4}(?=[^a-z]{2})[A-Z%#][A-Z0-9%()/#._-]*(?: [A-Z0-9%()/#._-]+)*(?:(?: {2,}|\t+ *)[A-Z%#][A-Za-z0-9%()/#:._ -]*){1,}\s*$"
)
_WORDS: Final = re.compile(r"\S+(?: \S+)*")
_TREE: Final = dict.fromkeys(map(ord, "├│└─"), " ")
"""Branches that `kubectl lineage` and `ps f` draw."""
MOST_ROWS: Final = 20_000
WIDEST: Final = 2000


@dataclass(frozen=True, slots=True)
class Record:
    """One row: cells by the name of their column."""

    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(frozen=True, slots=True)
class Aligned:
    """One table; `namespace` and the like are columns as any other."""

    columns: tuple[str, ...]
    rows: tuple[Record, ...]
    line: int
    command: str | None = None


def aligned_tables(output: Lines, command: str | None = None) -> Iterator[Aligned]:
    """Yield every table whose header is written in capitals; a blank line or another header ends it."""
    header: tuple[int, str] | None = None
    rows: list[tuple[int, str]] = []
    for number, line in output:
        if is_header(line):
            if header is not None:
                yield _table(header, rows, command)
            header, rows = (number, line), []
        elif header is not None:
            if not line.strip():
                yield _table(header, rows, command)
                header = None
            elif len(rows) < MOST_ROWS:
                rows.append((number, line[:WIDEST]))
    if header is not None:
        yield _table(header, rows, command)


def is_header(line: str) -> bool:
    """Whether a line is the header of such a table."""
    return len(line) < 500 and _HEADER.match(line) is not None and ("  " in line.strip() or "\t" in line.strip())


def _table(header: tuple[int, str], rows: list[tuple[int, str]], command: str | None) -> Aligned:
    text = header[1].expandtabs()
    names = [(found.start(), found[0].strip(' "')) for found in _WORDS.finditer(text)]
    columns = tuple(name for _, name in names)
    starts = [start for start, _ in names]
    built = [Record(number, dict(zip(columns, _cells(line.expandtabs(), starts), strict=False))) for number, line in rows]
    return Aligned(columns, tuple(built), header[0], command)


def _cells(line: str, starts: list[int]) -> list[str]:
    """By gaps of two blanks where that gives a cell for each column (pseudonyms may be longer than what they replace), else by place."""
    line = line.translate(_TREE)
    split = re.split(r" {2,}", line.strip())
    if len(split) == len(starts):
        return split
    bounds = [*starts[1:], None]
    fits = all(start == 0 or len(line) <= start or line[start - 1] == " " for start in starts[1:])
    return [line[start:end].strip() for start, end in zip(starts, bounds, strict=True)] if fits else split
