"""How a result came about: every hop from what was handed in to what was answered."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from faultmaven_events.schemas.event import Kind
from faultmaven_events.schemas.job import Ended, StageRun, Status
from faultmaven_events.schemas.model import Model


class Hop(StageRun):
    """One stage of the job. `follows`: whether it was given exactly what the hop before gave; null where there is nothing to compare."""

    follows: bool | None = None


class Death(Model):
    """A dead letter of the job, and what became of it."""

    letter: UUID
    stage: str
    code: str
    error: str = Field(description="Class of the error")
    message: str
    attempts: int = Field(ge=0)
    consumer: str
    died_at: datetime
    generation: int = Field(ge=0)
    state: str = Field(description="`dead`, or what was done with it: for example `redriven`, `discarded`")
    predecessor: UUID | None = Field(default=None, description="The letter that was sent on its way again, and led to this one")


class Lineage(Model):
    """One job from what was handed in to its result. `unbroken` says that each hop so far follows from the one before."""

    job_id: UUID
    kind: Kind
    name: str | None = None
    status: Status
    user: str
    correlation_id: str
    created_at: datetime
    finished_at: datetime | None = None
    generation: int = Field(ge=0, description="How often it was sent on its way again")
    hops: tuple[Hop, ...] = ()
    deaths: tuple[Death, ...] = ()
    history: tuple[Ended, ...] = Field(default=(), description="Endings that were undone")
    parent: UUID | None = Field(default=None, description="The job of the archive that it was taken out of")
    evidence: tuple["Lineage", ...] = Field(default=(), description="For a question: the jobs of its evidence")
    unbroken: bool
    breaks: tuple[str, ...] = Field(default=(), description="Where the chain does not hold, in words")
