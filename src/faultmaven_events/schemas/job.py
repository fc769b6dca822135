"""A job as it is stored and shown. record is its only writer, but for the door, which inserts it as `accepted`."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from faultmaven_events.schemas.event import Kind
from faultmaven_events.schemas.model import Model
from faultmaven_events.schemas.outcome import Failure

Status = Literal["accepted", "running", "completed", "failed", "expired"]
TERMINAL: frozenset[str] = frozenset({"completed", "failed", "expired"})


class StageRun(Model):
    """One stage of one job. Milliseconds waited in the queue and spent in the consumer."""

    stage: str
    state: Literal["waiting", "done", "failed"]
    waited_ms: int | None = None
    ran_ms: int | None = None
    attempt: int | None = None
    consumer: str | None = None
    at: datetime | None = None


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
    result: dict[str, Any] | None = None
    error: Failure | None = None
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None = None
    correlation_id: str
    session_id: str | None = None
    case_id: str | None = None
    evidence: tuple[UUID, ...] = ()
    version: int = Field(ge=0, description="Grows with every change; the ETag")
