"""A table's body in columns of numbers, read block by block in one pass: eight bytes a cell, whatever its text was."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from faultmaven_events.consumers.process.metrics.amount import amount, in_one_unit
from faultmaven_events.consumers.process.metrics.rows import MOST_CELLS, Row
from faultmaven_events.consumers.process.metrics.sample import Floats, Ints
from faultmaven_events.consumers.process.metrics.stamp import Parse

NOTHING: Final = frozenset({"", "-", "nan", "null", "none", "n/a", "na", "inf", "-inf", "+inf"})
_NEVER: Final = frozenset({"nan", "inf", "-inf", "+inf"})
_BLOCK: Final = 4096
MOST_WORDS: Final = 200_000
"""Different words of a column that are told apart."""
Codes = NDArray[np.int32]


@dataclass(slots=True)
class Wordy:
    """A column of words: the number of each row's word in `words`."""

    codes: "array[int]" = field(default_factory=lambda: array("i"))
    words: list[str] = field(default_factory=list)
    known: dict[str, int] = field(default_factory=dict)

    def add(self, cells: Iterable[str]) -> None:
        """Take in the cells of a block."""
        for cell in cells:
            word = cell.strip()
            code = self.known.get(word)
            if code is None:
                code = len(self.words) if len(self.words) < MOST_WORDS else MOST_WORDS - 1
                if code == len(self.words):
                    self.words.append(word)
                    self.known[word] = code
            self.codes.append(code)


@dataclass(slots=True)
class Numeric:
    """A column of numbers, NaN where there is none; `units` are those of the places at which one is written."""

    values: "array[float]" = field(default_factory=lambda: array("d"))
    units: dict[int, str] = field(default_factory=dict)

    def add(self, cells: Sequence[str]) -> set[int]:
        """Take in the cells of a block; the places of those that say NaN or infinity."""
        first = len(self.values)
        try:
            self.values.extend(map(float, cells))
        except ValueError:
            del self.values[first:]
            return self._add_each(cells, first)
        added = np.frombuffer(self.values, dtype=np.float64)[first:]
        return set((np.flatnonzero(~np.isfinite(added)) + first).tolist())

    def _add_each(self, cells: Sequence[str], first: int) -> set[int]:
        never = set()
        for place, cell in enumerate(cells, first):
            word = cell.strip().lower()
            if word in _NEVER:
                never.add(place)
            if word in NOTHING:
                self.values.append(np.nan)
                continue
            try:
                self.values.append(float(cell))
            except ValueError:
                read = amount(cell.strip().replace(",", ""))
                self.values.append(read[0] if read else np.nan)
                if read:
                    self.units[place] = read[1]
        return never

    def at(self, places: Ints | slice) -> Floats:
        """The numbers at some places, in the unit that most of them have."""
        values = np.frombuffer(self.values, dtype=np.float64)[places]
        if not self.units:
            return values
        values = values.copy()
        chosen = np.arange(len(self.values))[places]
        told = [(here, self.units[place]) for here, place in enumerate(chosen.tolist()) if place in self.units]
        for (here, _), value in zip(told, in_one_unit([(float(values[here]), unit) for here, unit in told]), strict=True):
            values[here] = value
        return values


@dataclass(slots=True)
class Body:
    """The rows of a table: seconds (the places where there is no time) and lines, its columns, and what was odd."""

    numeric: dict[int, Numeric]
    wordy: dict[int, Wordy]
    stamps: "array[float]" = field(default_factory=lambda: array("d"))
    numbers: "array[int]" = field(default_factory=lambda: array("q"))
    odd: list[int] = field(default_factory=list)
    """Lines of rows with another number of cells."""
    unread: list[int] = field(default_factory=list)
    """Lines of rows whose time cannot be read."""
    never: set[int] = field(default_factory=set)
    """Places of rows with NaN or infinity."""

    @property
    def seconds(self) -> Floats:
        """Of each row."""
        return np.frombuffer(self.stamps, dtype=np.float64) if self.stamps else np.zeros(0)

    @property
    def lines(self) -> Ints:
        """Of each row."""
        return np.frombuffer(self.numbers, dtype=np.int64) if self.numbers else np.zeros(0, dtype=np.int64)


def gathered(  # noqa: PLR0917 # what is known of a table
    rows: Iterable[Row], width: int, clock: int | None, parse: Parse | None, numeric: Sequence[int], wordy: Sequence[int]
) -> Body:
    """Go through the rows once; without a clock the places of the rows stand for their times."""
    body = Body({number: Numeric() for number in numeric}, {number: Wordy() for number in wordy})
    for block in _blocks(rows, width):
        good = [row for row in block if len(row[1]) == width]
        body.odd += [line for line, cells in block if len(cells) != width]
        if clock is None or parse is None:
            body.stamps.extend(range(len(body.stamps), len(body.stamps) + len(good)))
        else:
            good = _stamped(body, good, clock, parse)
        body.numbers.extend(line for line, _ in good)
        for number, column in body.numeric.items():
            body.never |= column.add([cells[number] for _, cells in good])
        for number, words in body.wordy.items():
            words.add(cells[number] for _, cells in good)
    return body


def _stamped(body: Body, rows: list[Row], clock: int, parse: Parse) -> list[Row]:
    """The rows whose time can be read; their times go into the body. Rows of one time follow each other often."""
    good: list[Row] = []
    last, at = "", 0.0
    for row in rows:
        cell = row[1][clock]
        if cell != last or not good:
            try:
                last, at = cell, parse(cell.strip())
            except (ValueError, OverflowError):
                body.unread.append(row[0])
                last = ""
                continue
        body.stamps.append(at)
        good.append(row)
    return good


def _blocks(rows: Iterable[Row], width: int) -> Iterator[list[Row]]:
    source, most = iter(rows), max(1, min(_BLOCK, MOST_CELLS // width))
    while block := list(islice(source, most)):
        yield block
