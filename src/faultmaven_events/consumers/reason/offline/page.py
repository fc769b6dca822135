"""A sanitized text as numbered lines, to be searched, dated and quoted."""

import bisect
import hashlib
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final
from uuid import UUID

from faultmaven_events.consumers.reason.offline.ruleset import stems
from faultmaven_events.consumers.reason.offline.stamp import stamp
from faultmaven_events.schemas.insight import Citation, Insights

QUOTE: Final = 600
"""Characters of a quote, as `Citation.quote` allows."""
_DIGITS: Final = str.maketrans("123456789", "000000000")
_TOKEN: Final = re.compile(r"\b[A-Z_]+_[0-9a-f]{6,}(?:_[0-9a-f]+)?\b|<[A-Z_]+_[0-9a-z]+>|[0-9a-fA-F]{8,}")
_LARGE: Final = 1_500_000
"""Characters from which on lines without any telling word are passed over."""
_ALIKE: Final = 20
"""Shapes that are told apart among lines of a large file with the same stems."""
_LONGEST: Final = 4000
_HEAD: Final = 2000
_TAIL: Final = 1000
"""Characters of a line that are read at most, and of its two ends when it has more."""
_LISTS: Final = frozenset({"kubectl", "tool"})
"""Formats of command output in which a time tells of one resource only, and not of the lines below it."""
_AROUND: Final = timedelta(days=1)
_BACK: Final = 60
"""Lines to look back for the time of a line that has none (stack traces, query plans)."""


def _shapes(text: str) -> str:
    """The text with digits, hashes and pseudonyms made equal; its lines stay where they are."""
    return _TOKEN.sub("#", text).translate(_DIGITS)


def _bounded(text: str) -> str:
    """Very long lines without their middle: patterns need time with the square of a line."""
    lines = text.split("\n")
    if all(len(line) <= _LONGEST for line in lines):
        return text
    return "\n".join(line if len(line) <= _LONGEST else f"{line[:_HEAD]} ... {line[-_TAIL:]}" for line in lines)


def _bare(text: str, wrapped: int) -> str:
    """The text with the lines of a tool's call in front of it made empty, so that nobody reads the wrapping as evidence."""
    return "\n" * wrapped + text.split("\n", wrapped)[-1] if wrapped else text


def touched(pattern: re.Pattern[str], text: str) -> set[int]:
    """Indexes of the lines in which a match of the pattern lies or begins."""
    hits: set[int] = set()
    cursor = line = 0
    for match in pattern.finditer(text):
        line += text.count("\n", cursor, match.start())
        cursor = match.start()
        hits.update(range(line, line + text.count("\n", match.start(), match.end()) + 1))
    return hits


class Page:
    """One file. Line numbers are 1-based, as in citations."""

    def __init__(self, insights: Insights, text: str, shift: timedelta = timedelta()) -> None:
        self.insights = insights
        self._whole = text
        self.text = _bounded(_bare(text, insights.wrapped))
        self._aligned = shift
        self.step: tuple[int, timedelta] | None = None
        """From which line on the writer's clock was off, and by how much it is put back."""

    @property
    def file(self) -> str:
        """The file's name as it was handed in."""
        return self.insights.file

    @property
    def evidence_id(self) -> UUID:
        """The evidence job that the text belongs to."""
        return self.insights.evidence_id

    @cached_property
    def lines(self) -> list[str]:
        """The text's lines without their ends, as they are read: of a very long one its two ends."""
        return self.text.split("\n")

    @cached_property
    def _written(self) -> list[str]:
        return self.lines if self._whole is self.text else self._whole.split("\n")

    @cached_property
    def shapes(self) -> dict[str, list[int]]:
        """Line numbers by shape: lines that differ in digits, hashes and pseudonyms only are of one.

        Of a large file only lines with a telling stem count, and of those with the same stems the shapes after the first few are one.
        """
        if len(self.text) <= _LARGE:
            return self._alike
        found: dict[str, list[int]] = {}
        for group, numbers in sorted(self._noteworthy().items()):
            mine: dict[str, list[int]] = {}
            for number in numbers:
                shape = _shapes(self.lines[number - 1]) if len(mine) < _ALIKE else ""
                key = shape if shape in mine or len(mine) < _ALIKE else next(reversed(mine))
                mine.setdefault(key, []).append(number)
            for shape, several in mine.items():
                found[f"{group}{shape}"] = several
        return found

    @cached_property
    def _alike(self) -> dict[str, list[int]]:
        """Line numbers by shape, of every line that is not empty."""
        found: dict[str, list[int]] = {}
        for number, shape in enumerate(_shapes(self.text).split("\n"), 1):
            if shape:
                found.setdefault(shape, []).append(number)
        return found

    def _noteworthy(self) -> dict[tuple[int, ...], list[int]]:
        """Line numbers by the telling stems that stand in them."""
        low = self.text.lower()
        shown: dict[int, list[int]] = {}
        for index, stem in enumerate(stems()):
            at = low.find(stem)
            while at >= 0:
                number = self.number(at)
                shown.setdefault(number, []).append(index)
                at = low.find(stem, self._starts[number]) if number < len(self._starts) else -1
        found: dict[tuple[int, ...], list[int]] = {}
        for number in sorted(shown):
            found.setdefault(tuple(shown[number]), []).append(number)
        return found

    @cached_property
    def _starts(self) -> list[int]:
        starts, at = [0], self.text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = self.text.find("\n", at + 1)
        return starts

    @cached_property
    def _shift(self) -> timedelta:
        """What process knows of the zone and this module does not: the difference of the first time, in quarters of an hour."""
        start = self.insights.start
        first = next((found for line in self.lines[:50] if (found := stamp(line, year=self._year))), None)
        if start is None or first is None:
            return timedelta()
        quarters = round((start - first).total_seconds() / 900)
        return timedelta(seconds=900 * quarters) if abs(quarters) <= 56 else timedelta()

    @cached_property
    def _year(self) -> int:
        return self.insights.start.year if self.insights.start else 1970

    def number(self, offset: int) -> int:
        """Return the line that the character at `offset` is in."""
        return bisect.bisect_right(self._starts, offset)

    def at(self, number: int) -> datetime | None:
        """Return when a line was written, or when the last line above it that has a time was; rows of a list have times of their own."""
        back = 1 if self.insights.classification.format in _LISTS else _BACK
        for line in range(number, max(0, number - back), -1):
            found = stamp(self.lines[line - 1], year=self._year)
            if found is not None and self._own(found + self._shift):
                stepped = self.step[1] if self.step and line >= self.step[0] else timedelta()
                return found + self._shift + self._aligned + stepped
        return None

    def _own(self, at: datetime) -> bool:
        """Whether a time may be that of a line of this file; a message may hold one of its own, such as when a certificate expired."""
        start, end = self.insights.start, self.insights.end
        return start is None or end is None or start - _AROUND <= at <= end + _AROUND

    def search(self, pattern: re.Pattern[str]) -> Iterator[tuple[int, re.Match[str]]]:
        """Yield the first match in each line, with the line's number. Where the first line of a shape does not match, none of it does."""
        alike = list(self._alike.values())
        firsts = "\n".join(self.lines[numbers[0] - 1] for numbers in alike)
        hits = (alike[index] for index in touched(pattern, firsts) if index < len(alike))
        for number in sorted(number for numbers in hits for number in numbers):
            found = pattern.search(self.lines[number - 1])
            if found:
                yield number, found

    def cite(self, first: int, last: int | None = None) -> Citation:
        """Quote lines `first` to `last`."""
        last = min(last or first, len(self.lines))
        whole = "\n".join(self._written[first - 1 : last])
        return Citation(
            evidence_id=self.evidence_id,
            file=self.file,
            line_start=first,
            line_end=last,
            quote=self._written[first - 1][:QUOTE],
            quote_sha256=hashlib.sha256(whole.encode()).hexdigest(),
        )
