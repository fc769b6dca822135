"""A dead letter: the original event, and how it died. Nothing in it is content of evidence; what might be is sealed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from faultmaven_events.schemas.model import Model

TYPE = "dead.letter.v1"
"""Type of the event that carries a letter to fm.dead."""


class Attempt(Model):
    """One failed attempt."""

    at: datetime
    code: str
    error: str = Field(description="Class of the error")
    consumer: str


class Letter(Model):
    """One dead letter. `event` is the original one; where it may hold text of a sender, or is no event at all, it lies in `sealed`."""

    id: UUID
    stage: str
    code: str
    error: str = Field(description="Class of the error")
    message: str = Field(max_length=1000)
    fingerprint: str = Field(description="Equal for deaths of one cause: stage, class and normalised message")
    attempts: tuple[Attempt, ...] = ()
    consumer: str
    died_at: datetime
    routing_key: str
    queue: str = Field(default="", description="The stage's queue that it came from, and goes back to when it is redriven")
    generation: int = Field(default=0, ge=0, description="How often the job had been redriven before")
    event: dict[str, Any] | None = None
    sealed: str | None = Field(default=None, description="AES-GCM under a key derived from the clean key, base64; opened by the workbench")
    event_id: UUID | None = None
    job_id: UUID | None = None
    tenant: str | None = None
    user: str | None = None
    correlation_id: str | None = None
    type: str | None = None
