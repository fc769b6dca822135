"""What the kind `troubleshoot` carries, stage by stage."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from faultmaven_events.schemas.content import Content
from faultmaven_events.schemas.evidence import INLINE_LIMIT, Classification, Receipt
from faultmaven_events.schemas.model import Model, Name, Token

Intent = Literal["root_cause", "health_check", "impact", "how_to", "other"]
Verdict = Literal["confirmed", "likely", "inconclusive", "healthy", "insufficient_evidence"]


class Asked(Model):
    """A question as it was submitted. Exactly one of `content` and `text`; `evidence` holds job ids of the kind `ingest`."""

    content: Content | None = None
    text: Annotated[str, Field(min_length=1, max_length=INLINE_LIMIT)] | None = Field(
        default=None, description="Inline question, for direct publishers; put nothing here that may not be on the broker"
    )
    evidence: tuple[UUID, ...] = Field(default=(), max_length=200, description="Job ids of the evidence; the answer waits for them")
    session_id: Token | None = None
    case_id: Token | None = None
    follows: UUID | None = Field(
        default=None, description="The question, a job of the same tenant, that this one follows up: its evidence and report are known here"
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.content is None) == (self.text is None):
            raise ValueError("give exactly one of content and text")
        return self


class Question(Model):
    """What every later stage knows of a question."""

    content: Content
    evidence: tuple[UUID, ...] = Field(default=(), max_length=200)
    intent: Intent
    session_id: Token | None = None
    case_id: Token | None = None
    follows: UUID | None = None


class QuestionClassified(Question):
    """`content` is raw text."""


class QuestionSanitized(Question):
    """`content` is the sanitized question."""

    receipt: Receipt


class Piece(Model):
    """One piece of evidence as gather found it."""

    job_id: UUID
    name: Name
    content: Content
    classification: Classification
    receipt: Receipt
    insights: Content


class Missing(Model):
    """A piece of evidence that did not arrive, and why."""

    job_id: UUID
    name: str | None = Field(default=None, max_length=255)
    reason: str = Field(max_length=500)


class Gathered(QuestionSanitized):
    """All evidence is there, or failed, or the deadline passed."""

    pieces: tuple[Piece, ...] = ()
    missing: tuple[Missing, ...] = ()


class Merged(Gathered):
    """`merged` is a clean blob: JSON of `insight.MergedInsights`."""

    merged: Content


class Informed(Merged):
    """`knowledge` is a clean blob: JSON of `knowledge.SearchResult`."""

    knowledge: Content


class Reasoned(Question):
    """`report` is a clean blob: JSON of `report.IncidentReport`."""

    report: Content
    markdown: Content = Field(description="Clean blob: the report rendered for people")
    verdict: Verdict
    headline: str = Field(max_length=600)
    reasoner: str = Field(max_length=128)
    confidence: float = Field(ge=0, le=1)
