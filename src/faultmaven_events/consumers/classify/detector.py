"""Detectors: small rules as data. Each looks at a sample and votes for one type and format, or stays silent."""

import re
from dataclasses import dataclass
from typing import Protocol

from faultmaven_events.consumers.classify.sample import Sample
from faultmaven_events.schemas.evidence import EvidenceType


@dataclass(frozen=True, slots=True)
class Vote:
    """How sure (0..1) a detector is, and the features that made it so: never text of the file."""

    type: EvidenceType
    format: str
    score: float
    reason: str


class Detector(Protocol):
    """Anything that votes."""

    def __call__(self, sample: Sample) -> Vote | None:
        """Return a vote, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Lines:
    """Votes `weight` x the share of lines that match `pattern` from their start, if that share is at least `need`."""

    type: EvidenceType
    format: str
    pattern: re.Pattern[str]
    weight: float
    what: str
    need: float = 0.6
    least: int = 1
    """Lines that must match."""
    body: bool = False
    """Leave comments out of the count."""
    rest: bool = False
    """Leave lines out of the count that continue an entry."""
    must: re.Pattern[str] | None = None
    """What one line must begin with besides."""

    def __call__(self, sample: Sample) -> Vote | None:
        """Count and vote."""
        lines = sample.body if self.body else sample.lines
        if not lines or (len(lines) > 20 and not any(map(self.pattern.match, lines[:20]))):
            return None
        hits = sum(self.pattern.match(line) is not None for line in lines)
        share = hits / max(1, len(lines) - (min(sample.continued, len(lines) - hits) if self.rest else 0))
        if hits < self.least or share < self.need or (self.must and not any(map(self.must.match, lines))):
            return None
        return Vote(
            self.type,
            self.format,
            min(0.97, self.weight * (0.7 + 0.3 * min(1.0, share))),
            f"{min(1.0, share):.0%} of the lines are {self.what}",
        )
