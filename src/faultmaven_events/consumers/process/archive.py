"""The manifest of an archive, and the line about a picture: what was taken, and what was not and why."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID

from faultmaven_events.consumers.process.note import Note, facts_of, lines_of
from faultmaven_events.schemas import manifest
from faultmaven_events.schemas.evidence import Classification
from faultmaven_events.schemas.insight import Insights
from faultmaven_events.schemas.manifest import WHOLE, Line

MOST: Final = 60
"""Facts of one archive at most."""
_LEFT: Final = {"skipped": "not unpacked", "more": "not unpacked", "cut": "cut off", "broken": "not read to the end"}


def analyse_archive(text: str, *, evidence_id: UUID, name: str, classification: Classification) -> Insights:
    """Say what was unpacked, and for each reason what was not. Never raises; of a line that is none of a manifest nothing is said."""
    lines = lines_of(text)
    read = list(manifest.read(text))
    left = _by_reason(read)
    notes = [*_taken(read, classification), *(_note(outcome, why, found) for (outcome, why), found in left.items())]
    facts, over = facts_of(notes, evidence_id=evidence_id, file=name, lines=lines, most=MOST)
    truncated = [f"{_many(found)} {_LEFT[outcome]}: {why}" for (outcome, why), found in left.items()]
    return Insights(
        evidence_id=evidence_id,
        file=name,
        classification=classification,
        lines=len(lines),
        facts=facts,
        truncated=(*truncated[:MOST], *((f"{over} more reasons",) if over else ())),
    )


def analyse_picture(text: str, *, evidence_id: UUID, name: str, classification: Classification) -> Insights:
    """Say that a picture was not analysed, and what it is."""
    lines = lines_of(text)
    notes = [Note("not_analysed", " ".join(lines), 1, len(lines), attributes={"format": classification.format})] if lines else []
    facts, _ = facts_of(notes, evidence_id=evidence_id, file=name, lines=lines, most=1)
    truncated = ("Pictures are described, not analysed: no text is read from them",)
    return Insights(evidence_id=evidence_id, file=name, classification=classification, lines=len(lines), facts=facts, truncated=truncated)


Numbered = Sequence[tuple[int, Line]]


def _taken(read: Numbered, classification: Classification) -> Iterator[Note]:
    taken = [(number, line) for number, line in read if line.is_child]
    if taken:
        size = sum(line.size for _, line in taken)
        text = f"{len(taken):,} files of {size:,} bytes were taken out of this {classification.format} archive, each a piece of evidence"
        yield Note("unpacked", text, taken[0][0], weight=3.0, count=len(taken), attributes={"files": len(taken), "bytes": size})


def _by_reason(read: Numbered) -> Mapping[tuple[str, str], Numbered]:
    """Return the lines of what is not there whole, by what became of it and why, the most frequent first."""
    found: dict[tuple[str, str], list[tuple[int, Line]]] = {}
    for number, line in read:
        if line.outcome != "taken":
            outcome = "skipped" if line.outcome == "more" else line.outcome
            found.setdefault((outcome, line.why), []).append((number, line))
    return dict(sorted(found.items(), key=lambda one: -_count(one[1])))


def _note(outcome: str, why: str, found: Numbered) -> Note:
    named = ", ".join(line.label for _, line in found[:3] if line.label and line.label != WHOLE)
    more = ", ..." if len(found) > 3 else ""
    text = f"{_many(found)} {_LEFT[outcome]}: {why}" + (f" ({named}{more})" if named else "")
    weight = 2.0 if outcome in {"broken", "cut"} else 1.0
    return Note("not_unpacked", text, found[0][0], weight=weight, count=_count(found), attributes={"what": outcome, "reason": why})


def _count(found: Numbered) -> int:
    return sum(line.size if line.outcome == "more" else 1 for _, line in found)


def _many(found: Numbered) -> str:
    what = "archive" if found[0][1].outcome == "broken" else "file"
    return f"{_count(found):,} {what}{'s' if _count(found) != 1 else ''}"
