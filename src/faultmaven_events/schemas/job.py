"""A job as it is stored and shown. record is its only writer, but for the door, which inserts it as `accepted`."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from faultmaven_events.schemas.event import Kind
from faultmaven_events.schemas.model import Model
from faultmaven_events.schemas.outcome import Failure
from faultmaven_events.schemas.phase import Progressed

Status = Literal["accepted", "running", "completed", "failed", "expired", "cancelled"]
TERMINAL: frozenset[str] = frozenset({"completed", "failed", "expired", "cancelled"})


class StageRun(Model):
    """One stage of one job. Milliseconds waited in the queue and spent in the consumer."""

    stage: str
    state: Literal["waiting", "done", "failed"]
    waited_ms: int | None = None
    ran_ms: int | None = None
    attempt: int | None = None
    consumer: str | None = None
    at: datetime | None = None
    event_id: UUID | None = Field(default=None, description="The event that the stage published")
    causation_id: UUID | None = Field(default=None, description="The event that the stage was given")
    input_sha256: str | None = None
    output_sha256: str | None = None
    stores: str | None = Field(default=None, description="What was written, for example `blobs:2,vectors:14`")


class Ended(Model):
    """An ending that was undone: a failed job that was sent on its way again."""

    status: Status
    at: datetime
    generation: int
    error: Failure | None = None


class Waiting(Model):
    """Why a job is not done."""

    condition: Literal["unpublished", "queued", "running", "gathering", "delayed", "starved", "stalled", "paused"] = Field(
        description="`starved`: consumers live and work, others come first; `stalled`: nobody works on the queue"
    )
    stage: str
    queue: str
    position: int | None = Field(default=None, description="Jobs ahead of it in its lane, and itself")
    waited_s: float
    oldest_ahead_s: float | None = Field(default=None, description="How long the first in the lane has waited")
    consumers: int | None = Field(default=None, description="Live consumers of the stage; null: nobody knows")
    last_error: Failure | None = None
    next_retry_at: datetime | None = None
    eta_s: float | None = None
    eta_basis: str | None = None
    explanation: str = Field(description="One sentence for a person, with what to do")


class Job(Model):
    """What `GET /api/v1/jobs/{id}` answers."""

    id: UUID
    tenant: str
    user: str
    kind: Kind
    name: str | None = None
    status: Status
    stage: str | None = Field(default=None, description="Where it is now: the stage whose queue holds it")
    progress: float = Field(ge=0, le=1)
    stages: tuple[StageRun, ...] = ()
    phases: tuple[Progressed, ...] = Field(default=(), description="Of an investigation: what is done so far, in order")
    result: dict[str, Any] | None = None
    error: Failure | None = None
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None = None
    correlation_id: str
    session_id: str | None = None
    case_id: str | None = None
    evidence: tuple[UUID, ...] = ()
    follows: UUID | None = Field(default=None, description="Of a question: the earlier one that it follows up")
    parent: UUID | None = Field(default=None, description="The job of the archive that it was taken out of")
    children: tuple[UUID, ...] = Field(
        default=(), description="Of an archive: the jobs of its files, at most 2,000; left out where many jobs are listed"
    )
    generation: int = Field(default=0, ge=0, description="How often it was sent on its way again after a dead letter")
    history: tuple[Ended, ...] = Field(default=(), description="Endings that were undone")
    waiting: Waiting | None = Field(default=None, description="Why it is not done; null when it is")
    version: int = Field(ge=0, description="Grows with every change; the ETag")
