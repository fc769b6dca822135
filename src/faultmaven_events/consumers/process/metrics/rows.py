"""The rows of a table in a text, split one at a time whenever they are gone through: a table is never held as cells."""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from faultmaven_events.consumers.process.metrics.amount import amount, with_point

MOST_ROWS = 1_000_000
MOST_PREAMBLE = 40
MOST_CELLS = 100_000
"""Cells that are held at a time."""
LONGEST = 100_000
_COMMA = re.compile(r"[-+]?\d{1,3}(?:\.\d{3})*,\d+|[-+]?\d+,\d+")

Row = tuple[int, list[str]]
"""A line's number and its cells."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows on the lines from place `start` to `stop`; `delimiter` None is blank space, `comma` reads `12,5` as `12.5`."""

    lines: Sequence[str]
    start: int
    stop: int
    delimiter: str | None
    quoted: bool = False
    comma: bool = False

    def __iter__(self) -> Iterator[Row]:
        for number in range(self.start + 1, self.stop + 1):
            line = self.lines[number - 1].rstrip("\r")
            if not line.strip() or (line.startswith("#") and not _header_like(self.lines, number)):
                continue
            yield number, self._cells(line.lstrip("# ") if line.startswith("#") else line)

    def _cells(self, line: str) -> list[str]:
        if self.delimiter is None:
            return line.split()
        cells = next(csv.reader([line[:LONGEST]], delimiter=self.delimiter), []) if self.quoted else line.split(self.delimiter)
        return [with_point(cell) if _COMMA.fullmatch(cell.strip()) else cell for cell in cells] if self.comma else cells

    def head(self, most: int) -> list[Row]:
        """The first rows; fewer of very wide ones, but fifty at least."""
        kept: list[Row] = []
        cells = 0
        for row in islice(self, most):
            kept.append(row)
            cells += len(row[1])
            if cells > MOST_CELLS and len(kept) >= 50:
                break
        return kept

    def since(self, number: int) -> "Rows":
        """The rows from a line on."""
        return replace(self, start=number - 1)

    def below(self, number: int) -> "Rows":
        """The rows after a line."""
        return replace(self, start=number)


def tables_in(lines: Sequence[str]) -> list[Rows]:
    """Return the tables in a text: one, or several where a header of other columns begins, as `sadf -d` prints one after the other.

    The delimiter is what the first lines agree on. A comment with as many cells as the row below it is a header (`sadf -d`, gnuplot).
    """
    marked = next((line.strip()[4:] for line in lines[:1] if line.lower().startswith("sep=")), None)
    start, stop = 1 if marked else 0, min(len(lines), MOST_ROWS)
    sample = ["".join(cells) for _, cells in Rows(lines, start, stop, "\0").head(1000)]
    delimiter = marked or next((mark for mark in ("\t", ";", ",", "|") if sample and _common(sample[:MOST_PREAMBLE], mark)), None)
    rows = Rows(lines, start, stop, delimiter, quoted=delimiter is not None and any('"' in line for line in sample))
    return _sections(rows if delimiter is None else _without_preamble(rows))


def number_in(cell: str) -> float | None:
    """The number in a cell, without its unit; None where it is none."""
    try:
        return float(cell)
    except ValueError:
        pass
    found = amount(cell.replace(",", ""))
    return found[0] if found else None


def _header_like(lines: Sequence[str], line: int) -> bool:
    """Whether the comment on a line is followed by a row of as many cells, which it can name."""
    comment, below = lines[line - 1].lstrip("# "), lines[line] if line < len(lines) else ""
    mark = next((mark for mark in (";", ",", "\t") if mark in comment), None)
    words = comment.split(mark)
    return len(words) > 1 and len(words) == len(below.split(mark)) and not any(number_in(word) is not None for word in words)


def _common(sample: Sequence[str], mark: str) -> bool:
    """Whether most lines have a delimiter, and as often as most others."""
    counts = Counter(line.count(mark) for line in sample)
    most, times = max(counts.items(), key=lambda pair: (pair[1], pair[0]))
    return most >= 1 and times >= 0.5 * len(sample)


def _without_preamble(rows: Rows) -> Rows:
    """Leave out what stands above a table (dstat says who wrote it): rows before the header that are not as wide as the numbers below."""
    head = rows.head(MOST_PREAMBLE)
    wide = Counter(len(cells) for _, cells in head).most_common(1)
    first = next((place for place, (_, cells) in enumerate(head) if len(cells) == wide[0][0]), 0) if wide else 0
    body = next((place for place in range(first, len(head)) if _numeric(head[place][1])), 0)
    begin = max(first, body - 1) if body > 0 else first
    return rows.since(head[begin][0]) if head else rows


def _numeric(cells: Sequence[str]) -> bool:
    told = [cell for cell in cells if cell.strip()]
    return sum(number_in(cell) is not None for cell in told) > 0.3 * len(told) if told else False


def _sections(rows: Rows) -> list[Rows]:
    if not any(map(_is_head, rows.head(MOST_PREAMBLE))):
        return [rows]
    heads = [row[0] for row in rows if _is_head(row)]
    return [replace(rows, start=start - 1, stop=stop - 1) for start, stop in zip(heads, [*heads[1:], rows.stop + 1], strict=True)]


def _is_head(row: Row) -> bool:
    return len(row[1]) > 3 and row[1][:3] == ["hostname", "interval", "timestamp"]
