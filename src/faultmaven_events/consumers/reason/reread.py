"""Sanitized texts read again: whether cited lines are what they are said to be, and whether figures, times and quotes stand in them."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final, Literal
from uuid import UUID

from faultmaven_events.consumers.reason.offline.stamp import stamp
from faultmaven_events.schemas.insight import Citation

Standing = Literal["verified", "forged", "unread"]
"""`unread`: the text is not at hand, so nobody can say."""
Lines = Mapping[UUID, Sequence[str]]

_NUMBER: Final = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*")
_DIGITS: Final = re.compile(r"\d+(?:[.,]\d+)*")
_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_TIME: Final = re.compile(r"(?<!\d)\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d)\b)?")
_QUOTE: Final = re.compile(r"\"([^\"\n]{8,300})\"|(?<![\w'])'([^'\n]{8,300})'(?![\w'])|`([^`\n]{8,300})`")
_SOFT: Final = 3
"""Integers below it need no proof ('one', 'two hosts')."""
_READ: Final = 400_000
"""Characters of one citation that are read at most."""
_STAMPED: Final = 400
"""Lines of one citation whose times are read at most."""
_QUARTER: Final = 900.0
_ZONES: Final = 56
"""Quarters of an hour by which clocks of two zones may differ."""
_NEAR: Final = 1.5
"""Seconds by which a time may be rounded."""


@dataclass(slots=True)
class Reader:
    """Reads lines again. A text is split into lines when it is first cited."""

    texts: Mapping[UUID, str]
    _split: dict[UUID, list[str]] = field(default_factory=dict)

    def lines(self, evidence_id: UUID) -> Sequence[str] | None:
        """Return the lines of a piece of evidence; None where it is not at hand."""
        text = self.texts.get(evidence_id)
        if text is None:
            return None
        if evidence_id not in self._split:
            self._split[evidence_id] = text.split("\n")
        return self._split[evidence_id]

    def standing(self, citation: Citation) -> Standing:
        """Compare a citation with its text."""
        page = self.lines(citation.evidence_id)
        if page is None:
            return "unread"
        return "verified" if genuine(citation, {citation.evidence_id: page}) else "forged"

    def ground(self, citations: Iterable[Citation]) -> "Ground":
        """Return what genuine citations say."""
        found: list[str] = []
        for citation in citations:
            page = self.lines(citation.evidence_id) or ()
            found.append("\n".join(page[citation.line_start - 1 : citation.line_end])[:_READ])
        return Ground(tuple(found))


def genuine(citation: Citation, lines: Lines) -> bool:
    """Whether the cited lines exist, hash to what is claimed and begin with the quote."""
    page = lines.get(citation.evidence_id)
    if page is None or citation.line_end < citation.line_start or citation.line_end > len(page):
        return False
    cited = page[citation.line_start - 1 : citation.line_end]
    digest = hashlib.sha256("\n".join(cited).encode()).hexdigest()
    return digest == citation.quote_sha256 and cited[0].startswith(citation.quote)


@dataclass(frozen=True)
class Ground:
    """Cited text, and the figures and times that stand in it."""

    texts: tuple[str, ...]
    figures: frozenset[str] = frozenset()
    """Figures, times and phrases that need no line: computed from many."""

    @cached_property
    def _numbers(self) -> frozenset[str]:
        return frozenset(plain(n) for text in self.texts for n in _DIGITS.findall(_THOUSANDS.sub("", text))) | self.figures

    @cached_property
    def _words(self) -> str:
        return _flat("\n".join(self.texts))

    @cached_property
    def times(self) -> tuple[datetime, ...]:
        """Times of the cited lines, in UTC as they are written."""
        lines = (line for text in self.texts for line in text.split("\n", _STAMPED)[:_STAMPED])
        return tuple(at for line in lines if (at := stamp(line, year=1970)) is not None)

    def lacks(self, text: str) -> list[str]:
        """Return the figures, times and quotes of a sentence that do not stand here."""
        return [*self._times(text), *self._figures(_TIME.sub(" ", text)), *self._quotes(text)]

    def _times(self, text: str) -> Iterator[str]:
        for found in _TIME.findall(text):
            at = stamp(found, year=1970)
            if found in self.figures or (at is not None and any(same(at, other) for other in self.times)):
                continue
            yield found

    def _figures(self, text: str) -> Iterator[str]:
        yield from (n for n in figures(text) if n not in self._numbers)

    def _quotes(self, text: str) -> Iterator[str]:
        for groups in _QUOTE.findall(text):
            quote = next(g for g in groups if g)
            if quote in self.figures:
                continue
            parts = [part for part in _flat(quote).split("...") if part.strip()]
            if not all(part.strip() in self._words for part in parts):
                yield quote


def figures(text: str) -> list[str]:
    """Return the figures of a sentence that need proof."""
    found = [plain(n) for n in _NUMBER.findall(_THOUSANDS.sub("", text))]
    return [n for n in found if not (len(n) == 1 and int(n) < _SOFT)]


def computed(texts: Iterable[str]) -> frozenset[str]:
    """Return figures and times of sentences that a computation made."""
    several = list(texts)
    return frozenset(f for t in several for f in (*figures(_TIME.sub(" ", t)), *_TIME.findall(t)))


def plain(number: str) -> str:
    """A number without what does not change it: `030.50` is `30.5`; versions and addresses stay."""
    if number.count(".") == 1:
        number = number.rstrip("0").rstrip(".")
    return number.lstrip("0") or "0" if number.isdigit() else number


def same(one: datetime, other: datetime, slack: float = _NEAR) -> bool:
    """Whether two times are the same moment, read in whatever zones."""
    apart = abs((one - other).total_seconds())
    quarters = round(apart / _QUARTER)
    return quarters <= _ZONES and abs(apart - quarters * _QUARTER) <= slack


def within(at: datetime, times: Sequence[datetime], slack: timedelta) -> bool:
    """Whether a moment lies among times or near them, read in whatever zone."""
    if any(same(at, other, slack.total_seconds()) for other in times):
        return True
    return min(times) - slack <= at <= max(times) + slack


def _flat(text: str) -> str:
    return re.sub(r"[\s\\\"'`]+", " ", text).lower()
