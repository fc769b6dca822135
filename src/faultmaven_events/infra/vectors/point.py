"""What is stored: one point a passage, and one a document, so that a search can judge both the page and the place on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from faultmaven_events.infra.embedder.words import WordWeights
from faultmaven_events.schemas.event import derive
from faultmaven_events.schemas.evidence import Collection

PASSAGE_MEANING = "passage_meaning"
PASSAGE_WORDS = "passage_words"
DOCUMENT_MEANING = "document_meaning"
DOCUMENT_WORDS = "document_words"
MEANINGS = (PASSAGE_MEANING, DOCUMENT_MEANING)
WORDS = (PASSAGE_WORDS, DOCUMENT_WORDS)
"""The names of the dense and of the sparse vectors; a point has one of each."""

KEYWORDS = ("collection", "user", "case_id", "document_id", "edition")
"""Payload fields that are filtered on, besides `tenant`."""

Dense = Sequence[float]


@dataclass(frozen=True, slots=True)
class Document:
    """A document, or a piece of evidence. `edition` is what its passages were made from: passages of another edition are stale."""

    id: UUID
    tenant: str
    user: str
    collection: Collection
    name: str
    edition: str
    title: str | None = None
    tags: tuple[str, ...] = ()
    case_id: str | None = None

    def payload(self) -> dict[str, Any]:
        """Return the fields that every point of the document has."""
        return {
            "tenant": self.tenant,
            "user": self.user,
            "collection": self.collection,
            "case_id": self.case_id,
            "document_id": str(self.id),
            "edition": self.edition,
            "name": self.name,
            "title": self.title,
            "tags": list(self.tags),
        }


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage with its vectors; all text is sanitized."""

    index: int
    text: str
    line_start: int
    line_end: int
    meaning: Dense
    words: WordWeights
    heading: str | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """A point as an engine writes it. Its id is derived, so that writing it again changes nothing."""

    id: UUID
    meaning: tuple[str, Dense]
    words: tuple[str, WordWeights]
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """A point that an engine found. A dense score is a cosine, a sparse one BM25's."""

    id: UUID
    score: float
    payload: Mapping[str, Any]

    @property
    def document_id(self) -> str:
        """The document that it is, or is of."""
        return str(self.payload["document_id"])


def passage_point(document: Document, passage: Passage) -> Point:
    """Return the point of a passage."""
    place = {"heading": passage.heading, "text": passage.text, "line_start": passage.line_start, "line_end": passage.line_end}
    return Point(
        derive(document.id, f"passage/{passage.index}"),
        (PASSAGE_MEANING, passage.meaning),
        (PASSAGE_WORDS, passage.words),
        {**document.payload(), **place},
    )


def document_point(document: Document, meaning: Dense, words: WordWeights) -> Point:
    """Return the point of a document as a whole."""
    return Point(derive(document.id, "document"), (DOCUMENT_MEANING, meaning), (DOCUMENT_WORDS, words), document.payload())
