"""What is kept of each template and each route while a file streams by; all of it bounded."""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from faultmaven_events.consumers.process.logs.levels import RANK
from faultmaven_events.consumers.process.logs.parameters import SAMPLED
from faultmaven_events.consumers.process.logs.timeline import halved
from faultmaven_events.consumers.process.logs.words import Rule
from faultmaven_events.schemas.insight import Citation, Level

OCCURRENCES: Final = 60
"""Lines of a notable template that are kept one by one."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One line of a notable template."""

    line: int
    at: float | None
    text: str
    component: str | None
    citation: Citation


@dataclass(slots=True)
class Tally:
    """Counts of one template."""

    number: int
    text: str
    sample: Citation
    first_line: int
    last_line: int
    first_at: float | None
    last_at: float | None
    source: str | None
    component: str | None
    rules: tuple[Rule, ...]
    implied: Level | None
    dump: bool
    attached: dict[str, str]
    access: bool
    kept: bool
    mark: re.Pattern[str] | None = None
    heard: list[str] = field(default_factory=list)
    only: str | None = None
    count: int = 0
    levels: dict[Level | None, int] = field(default_factory=dict)
    buckets: dict[int, int] = field(default_factory=dict)
    occurrences: list[Occurrence] = field(default_factory=list)
    longest_gap: float = 0.0

    @property
    def level(self) -> Level | None:
        """The worst level that at least a fifth of the lines has; what the words imply where none has one."""
        known = {level: count for level, count in self.levels.items() if level is not None and count >= 0.2 * self.count}
        told = max(known, key=lambda level: RANK[level], default=None)
        if told is None or (RANK[told] == RANK["info"] and self.implied and self.text[:12].lstrip("[# *").isupper()):
            return self.implied or told
        return told

    def add(self, line: int, at: float | None, level: Level | None, bucket: int | None) -> None:
        """Count one more line."""
        self.count += 1
        self.last_line = line
        self.levels[level] = self.levels.get(level, 0) + 1
        if at is not None and bucket is not None:
            if self.last_at is None:
                self.first_at = at
            elif at - self.last_at > self.longest_gap:
                self.longest_gap = at - self.last_at
            self.last_at = at
            self.buckets[bucket] = self.buckets.get(bucket, 0) + 1

    def halve(self) -> None:
        """Two buckets became one."""
        self.buckets = halved(self.buckets)

    def fold(self, other: "Tally") -> None:
        """Take in a template that turned out to be the same."""
        self.count += other.count
        if other.first_line < self.first_line:
            self.first_line, self.sample, self.text = other.first_line, other.sample, other.text
        self.last_line = max(self.last_line, other.last_line)
        self.first_at = min((at for at in (self.first_at, other.first_at) if at is not None), default=None)
        self.last_at = max((at for at in (self.last_at, other.last_at) if at is not None), default=None)
        self.longest_gap = max(self.longest_gap, other.longest_gap)
        for level, count in other.levels.items():
            self.levels[level] = self.levels.get(level, 0) + count
        for bucket, count in other.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + count
        self.heard = [*self.heard, *other.heard][:SAMPLED]
        self.rules = tuple({rule.kind: rule for rule in (*other.rules, *self.rules)}.values())
        self.occurrences = sorted([*self.occurrences, *other.occurrences], key=lambda one: one.line)[:OCCURRENCES]
        self.implied = self.implied or other.implied


@dataclass(slots=True)
class Cell:
    """Requests of one route in one bucket: durations by bin (`traffic.bin_of`), the first line of each failing status, the slowest line."""

    count: int = 0
    codes: Counter[int] = field(default_factory=Counter)
    bins: Counter[int] = field(default_factory=Counter)
    first: dict[int, tuple[float, Citation]] = field(default_factory=dict)
    slowest: tuple[float, float, Citation] | None = None

    def fold(self, other: "Cell") -> None:
        """Take in another bucket."""
        self.count += other.count
        self.codes.update(other.codes)
        self.bins.update(other.bins)
        for code, first in other.first.items():
            self.first[code] = min(self.first.get(code, first), first, key=lambda entry: entry[0])
        if other.slowest and (self.slowest is None or other.slowest[0] > self.slowest[0]):
            self.slowest = other.slowest
