"""A document in, its passages and a few facts out."""

import re
from uuid import UUID

from faultmaven_events.consumers.process.documents.outline import Heading, markdown_headings, plain_headings
from faultmaven_events.consumers.process.documents.passages import MOST, passages
from faultmaven_events.consumers.process.note import Note, facts_of, lines_of, readable
from faultmaven_events.schemas.evidence import Classification
from faultmaven_events.schemas.insight import Insights

_PLAIN = frozenset({"text", "plain", "txt", "pdf", "docx"})


def analyse_document(text: str, *, evidence_id: UUID, name: str, classification: Classification) -> Insights:
    """Cut a document (Markdown, or text that was extracted from another format) into passages. Never raises."""
    lines = lines_of(readable(text))
    markdown = classification.format not in _PLAIN or re.search(r"(?m)^#{1,4} \S", text) is not None
    headings = markdown_headings("\n".join(lines)) if markdown else plain_headings(lines)
    chunks, more = passages(lines, headings, markdown=bool(headings) and markdown) if lines else ((), False)
    facts, _ = facts_of(_notes(lines, headings), evidence_id=evidence_id, file=name, lines=lines, most=10)
    return Insights(
        evidence_id=evidence_id,
        file=name,
        classification=classification,
        lines=len(lines),
        facts=facts,
        chunks=chunks,
        truncated=(f"passages: the first {MOST}",) if more else (),
    )


def _notes(lines: list[str], headings: list[Heading]) -> list[Note]:
    notes = []
    title = next((heading for heading in headings if heading.level == min(other.level for other in headings)), None)
    if title is None and (first := next((number for number, line in enumerate(lines, start=1) if line.strip()), None)):
        title = Heading(lines[first - 1].strip()[:200], 1, first)
    if title is not None:
        notes.append(Note("title", title.title, title.line, weight=2.0))
    if headings:
        listed = "; ".join(heading.title for heading in headings[:12])
        notes.append(Note("outline", f"{len(headings)} headings: {listed}.", headings[0].line, headings[-1].line, count=len(headings)))
    return notes
