"""Which texts of a file are embedded, and as whose: pure."""

from collections.abc import Iterator, Sequence
from pathlib import PurePath

from faultmaven_events.infra.vectors.point import Document
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.evidence import Processed
from faultmaven_events.schemas.insight import Chunk, Insights

BATCH = 16
"""Passages that are embedded and stored together."""


def document_of(event: Event[Processed], insights: Insights) -> Document:
    """Return the document that a processed file is; its id is the job's, its title what the user or the file itself says."""
    data = event.data
    return Document(
        id=event.subject,
        tenant=event.tenantid,
        user=event.userid,
        collection=data.collection,
        name=data.name,
        edition=data.insights.sha256,
        title=data.title or next((fact.text for fact in insights.facts if fact.kind == "title"), None),
        tags=data.tags,
        case_id=data.case_id,
    )


def heading_of(document: Document) -> str:
    """Return what the document is called: its title, or its name without the ending; and its tags."""
    return " ".join((document.title or PurePath(document.name).stem, *document.tags))


def passage_text(document: Document, chunk: Chunk) -> str:
    """Return what is embedded for a passage: a sentence means more below the titles it stands under, each said once."""
    above = heading_of(document)
    if chunk.heading and above in chunk.heading:
        above = ""
    return "\n".join(part for part in (above, chunk.heading, chunk.text) if part)


def whole_text(chunks: Sequence[Chunk]) -> str:
    """Return the text of all passages with their headings, each heading once."""
    parts: list[str] = []
    heading: str | None = None
    for chunk in chunks:
        if chunk.heading and chunk.heading != heading:
            parts.append(chunk.heading)
        heading = chunk.heading
        parts.append(chunk.text)
    return "\n".join(parts)


def batches(chunks: Sequence[Chunk]) -> Iterator[Sequence[Chunk]]:
    """Cut a list into batches; a chunk of white space alone is left out, for it has no direction."""
    worth = [chunk for chunk in chunks if chunk.text.strip()]
    return (worth[start : start + BATCH] for start in range(0, len(worth), BATCH))
