"""Search in the knowledge: runbooks, documents, case evidence."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from faultmaven_events.schemas.evidence import Collection
from faultmaven_events.schemas.model import Model, Token


class SearchQuery(Model):
    """A query as it travels to the embed consumer. `text` must be sanitized by who sends it."""

    tenant: Token
    user: Token = "anonymous"
    text: Annotated[str, Field(min_length=1, max_length=8000)]
    limit: int = Field(default=8, ge=1, le=50)
    collections: tuple[Collection, ...] = ("user", "global", "case")
    case_id: Token | None = None


class Hit(Model):
    """One passage found."""

    chunk_id: UUID
    document_id: UUID
    name: str
    title: str | None = None
    collection: Collection
    heading: str | None = None
    text: str
    line_start: int
    line_end: int
    score: float


class SearchResult(Model):
    """Best first."""

    hits: tuple[Hit, ...] = ()
    model: str
    vector: tuple[float, ...] = Field(
        default=(), max_length=4096, description="Of the question's own words, by `model`; only in what embed stores for a question"
    )
