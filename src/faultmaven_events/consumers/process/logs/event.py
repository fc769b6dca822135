"""One logged event: a header, a message, and the lines that it takes."""

from dataclasses import dataclass
from uuid import UUID

from faultmaven_events.consumers.process.citation import cite
from faultmaven_events.consumers.process.logs.fields import Fields
from faultmaven_events.schemas.insight import Citation, Level

KEPT = 80
"""Lines of one event that are kept; a longer one is cited up to here."""


@dataclass(slots=True)
class Event:
    """`line` is 1-based. `text` is the message; `lines` holds the raw lines, the first of them with its header.

    `below`: the message stands in the lines under its header.
    """

    line: int
    at: float | None
    level: Level | None
    word: str | None
    logger: str | None
    component: str | None
    pid: str | None
    text: str
    lines: list[str]
    fields: Fields | None = None
    trace: str | None = None
    attached: dict[str, str] | None = None
    below: bool = False

    def attach(self, word: str, text: str) -> None:
        """Keep what a further line says of this event."""
        self.attached = (self.attached or {}) | {word: text}

    @property
    def end(self) -> int:
        """The last line."""
        return self.line + len(self.lines) - 1

    def citation(self, evidence_id: UUID, file: str) -> Citation:
        """Return the citation of all lines of the event."""
        return cite(evidence_id, file, self.lines, self.line, self.end)
