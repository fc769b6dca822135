"""A conversation: earlier questions and what they were answered, as much as fits. Pure.

Limits: 100 messages (a question is one, its answer another), 100,000 tokens (estimated: one for 4 bytes of UTF-8), 1 MiB. The oldest go
first; the newest question and its report never go.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from faultmaven_events.consumers.reason.conversation.saying import cut, place, verified
from faultmaven_events.schemas import conversation as schema
from faultmaven_events.schemas.report import IncidentReport

MESSAGES: Final = 100
TOKENS: Final = 100_000
BYTES: Final = 1024 * 1024
PER_TOKEN: Final = 4
"""Bytes of a token: what English text has on average."""
CLAIMS: Final = 12
_HYPOTHESES: Final = 4


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question, and its report where it has one; all of it is sanitized, as everything that is stored after sanitize."""

    job_id: UUID
    asked_at: datetime
    status: str
    evidence: tuple[UUID, ...] = ()
    report: IncidentReport | None = None

    @property
    def messages(self) -> tuple[tuple[str, str], ...]:
        """(`asked` or `answered`, text): what was asked, and the short answer."""
        if self.report is None:
            return (("asked", f"(a question that has no answer: it is {self.status})"),)
        return (("asked", self.report.question), ("answered", answered(self.report)))

    @property
    def size(self) -> int:
        """Bytes of its messages and findings."""
        found = findings(self.report) if self.report and self.report.answer is None else ()
        return sum(len(text.encode()) for text in (*(text for _, text in self.messages), *found))


def answered(report: IncidentReport) -> str:
    """What a question was answered, in short."""
    return report.answer.text if report.answer else report.summary or report.headline


def findings(report: IncidentReport) -> tuple[str, ...]:
    """What a report found: verdict and headline, hypotheses, claims with the places that they rest on, files."""
    good = verified(report)
    lines = [f"{report.verdict} ({report.confidence.score:.2f}): {report.headline}"]
    lines += [f"{one.id} {one.posterior:.0%} {one.component}: {cut(one.statement, 300)}" for one in report.hypotheses[:_HYPOTHESES]]
    for claim in report.claims[:CLAIMS]:
        refs = [f"{ref} {place(good[ref])}" for ref in claim.evidence_refs if ref in good]
        lines.append(f"{claim.kind}: {cut(claim.text, 300)}" + (f" ({', '.join(refs)})" if refs else ""))
    names = tuple(dict.fromkeys(one.citation.file for one in report.evidence))
    return (*lines, f"files: {', '.join(names[:50])}") if names else tuple(lines)


@dataclass(slots=True)
class Room:
    """How much of a conversation is in, newest first."""

    messages: int = 0
    size: int = 0

    def takes(self, turn: Turn) -> bool:
        """Take a turn in if it fits; the first one always does."""
        messages, size = self.messages + len(turn.messages), self.size + turn.size
        if self.messages and (messages > MESSAGES or size > BYTES or size > TOKENS * PER_TOKEN):
            return False
        self.messages, self.size = messages, size
        return True


@dataclass(frozen=True, slots=True)
class Conversation:
    """What came before a question, the oldest first. `notes` say what of it could not be read."""

    turns: tuple[Turn, ...] = ()
    trimmed: int = 0
    """Messages that were left out."""
    notes: tuple[str, ...] = field(default=())

    @property
    def newest(self) -> Turn | None:
        """The last question before this one."""
        return self.turns[-1] if self.turns else None

    @property
    def investigation(self) -> IncidentReport | None:
        """The report that a follow-up is about: the newest one that is not an answer to a follow-up itself."""
        found = [turn.report for turn in self.turns if turn.report is not None]
        return next((report for report in reversed(found) if report.answer is None), found[-1] if found else None)

    @property
    def evidence(self) -> frozenset[UUID]:
        """Jobs of evidence that earlier questions had."""
        return frozenset(job for turn in self.turns for job in turn.evidence)

    def shown(self) -> schema.Conversation:
        """As a report shows it."""
        messages, size = sum(len(turn.messages) for turn in self.turns), sum(turn.size for turn in self.turns)
        return schema.Conversation(
            messages=messages, tokens=-(-size // PER_TOKEN), trimmed=self.trimmed, jobs=tuple(turn.job_id for turn in self.turns)
        )

    def limits(self) -> Iterator[str]:
        """Yield what a reader must know of what is not there."""
        yield from self.notes
        if self.trimmed:
            limits = f"{MESSAGES} messages, {TOKENS:,} tokens or 1 MiB"
            yield f"The {self.trimmed} oldest messages of the conversation were left out: it is longer than {limits}."


def conversation(newest_first: list[Turn], *, further: int = 0, notes: tuple[str, ...] = ()) -> Conversation:
    """Return what fits of turns; `further` messages are known to be before them."""
    room, kept = Room(), 0
    for turn in newest_first:
        if not room.takes(turn):
            break
        kept += 1
    left = sum(len(turn.messages) for turn in newest_first[kept:])
    return Conversation(tuple(reversed(newest_first[:kept])), left + further, notes)
