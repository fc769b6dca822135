"""What an analyser notes while it reads, and how its notes become facts."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from faultmaven_events.consumers.process.citation import cite
from faultmaven_events.schemas.insight import Fact, Level, Scalar

TEXT_LIMIT = 600
VALUE_LIMIT = 300
NAME_LIMIT = 120


@dataclass(frozen=True, slots=True)
class Note:
    """One thing seen in the lines `start` to `end` (1-based, inclusive); `weight` says how telling it is beside the others of its file."""

    kind: str
    text: str
    start: int
    end: int | None = None
    weight: float = 1.0
    component: str | None = None
    at: datetime | None = None
    until: datetime | None = None
    count: int = 1
    level: Level | None = None
    attributes: Mapping[str, Scalar] = field(default_factory=dict)


def lines_of(text: str) -> list[str]:
    """Split at LF, as citations count; the empty rest after a final LF is no line."""
    lines = text.split("\n")
    return lines[:-1] if lines and not lines[-1] else lines


def readable(text: str) -> str:
    """The text without what UTF-8 cannot carry (lone surrogates), which no twin holds but a test might."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def facts_of(notes: Iterable[Note], *, evidence_id: UUID, file: str, lines: Sequence[str], most: int) -> tuple[tuple[Fact, ...], int]:
    """Return the `most` weightiest notes as facts, weightiest first, and how many were left out."""
    ranked = sorted(notes, key=lambda note: -note.weight)
    numbers: Counter[str] = Counter()
    facts = []
    for note in ranked[:most]:
        numbers[note.kind] += 1
        facts.append(_fact(note, f"{note.kind}-{numbers[note.kind]}", evidence_id, file, lines))
    return tuple(facts), max(0, len(ranked) - most)


def beyond(most: int, left_out: int) -> tuple[str, ...]:
    """Return what `Insights.truncated` says of facts that were left out; nothing when none was."""
    return (f"facts: the weightiest {most}, {left_out} left out",) if left_out else ()


def _fact(note: Note, id: str, evidence_id: UUID, file: str, lines: Sequence[str]) -> Fact:
    return Fact(
        id=id,
        kind=note.kind,
        text=shortened(note.text, TEXT_LIMIT),
        component=shortened(note.component, NAME_LIMIT) if note.component else None,
        at=note.at,
        until=note.until,
        count=note.count,
        level=note.level,
        attributes={key[:NAME_LIMIT]: _scalar(value) for key, value in note.attributes.items()},
        citations=(cite(evidence_id, file, lines, note.start, note.end),) if lines else (),
    )


def shortened(text: str, limit: int) -> str:
    """The text on one line, cut at `limit` characters with an ellipsis."""
    flat = " ".join(readable(text[: limit * 4]).split())  # JSON may escape what UTF-8 cannot carry
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def figure(value: float) -> str:
    """A number as people write it: 67,179,416 or 0.0314 or 12.5."""
    if not math.isfinite(value):
        return str(value)
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def _scalar(value: Scalar) -> Scalar:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return shortened(value, VALUE_LIMIT) if isinstance(value, str) else value
