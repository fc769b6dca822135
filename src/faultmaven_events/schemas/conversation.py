"""What a follow-up question is answered, and how much of what was said before was known."""

from uuid import UUID

from pydantic import Field

from faultmaven_events.schemas.model import Model


class Answer(Model):
    """What a follow-up question is answered, out of the facts of an earlier report."""

    text: str = Field(max_length=8000)
    follows: UUID = Field(description="The question whose report it is about")
    about: tuple[str, ...] = Field(default=(), description="What was asked for: `cause`, `when`, `fix` ...")
    evidence_refs: tuple[str, ...] = ()
    answered_by: str = Field(default="offline", description="`offline`, or provider/model")


class Conversation(Model):
    """What was known of earlier messages, and what had to be left out."""

    messages: int = Field(ge=0)
    tokens: int = Field(ge=0)
    trimmed: int = Field(default=0, ge=0, description="Oldest messages that were left out")
    jobs: tuple[UUID, ...] = ()
