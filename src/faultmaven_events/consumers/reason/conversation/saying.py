"""Sentences of an answer, each with the evidence it rests on, and how a report's fields are worded: pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from faultmaven_events.consumers.reason.conversation.words import mentions
from faultmaven_events.schemas.report import Evidence, IncidentReport

SENTENCE: Final = 700
"""Characters of one sentence."""
QUOTE: Final = 240
_RUN: Final = re.compile(r"([^\w\s])\1{3,}")


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence out of a report's fields. `refs` are ids of its verified evidence."""

    text: str
    refs: tuple[str, ...] = ()


def clock(at: datetime) -> str:
    """A time as reports write it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def cut(text: str, most: int = SENTENCE) -> str:
    """A text in one line, at most so long."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 3].rstrip() + "..."


def quoted(line: str, most: int = QUOTE) -> str:
    """A line as an answer shows it: runs of one mark (rulers, carets under a stack trace) leave no room for words, and are cut short."""
    return cut(_RUN.sub(r"\1\1\1", line), most)


def say(text: str, refs: Iterable[str] = ()) -> Said:
    """A sentence: one line, and no longer than a person reads."""
    return Said(cut(text), tuple(dict.fromkeys(refs)))


def verified(report: IncidentReport) -> dict[str, Evidence]:
    """The evidence that was read again and found, by id."""
    return {one.evidence_id: one for one in report.evidence if one.integrity == "verified"}


def place(one: Evidence) -> str:
    """Where a piece of evidence stands: `file:line`."""
    cited = one.citation
    end = f"-{cited.line_end}" if cited.line_end != cited.line_start else ""
    return f"{cited.file}:{cited.line_start}{end}"


def lines_about(report: IncidentReport, subject: Sequence[str], most: int) -> tuple[str, ...]:
    """Ids of evidence whose line or file speaks of the subject."""
    found = [one.evidence_id for one in report.evidence if mentions(f"{one.citation.file} {one.citation.quote}", subject)]
    return tuple(found[:most])


def leading(report: IncidentReport) -> tuple[str, ...]:
    """Ids of the evidence for the first hypothesis."""
    return report.hypotheses[0].supports if report.hypotheses else ()
