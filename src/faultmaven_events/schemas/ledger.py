"""The conservation ledger: what was accepted, where it is, how it ended, and what is missing."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from faultmaven_events.schemas.event import Kind
from faultmaven_events.schemas.model import Model

Why = Literal["lost", "unrecorded", "unlogged"]
"""`lost`: a job that stands still although no queue can hold it; `unrecorded`: an ended job lacks an event that must have been published;
`unlogged`: the job knows an event that the event log does not have."""


class StageLine(Model):
    """Jobs of one kind at one stage. `given` = `done` + `dead` + `cancelled` + `here` + `missing`."""

    stage: str
    given: int = Field(description="Jobs whose event for this stage was published")
    done: int = Field(description="Jobs of which the stage's own event was recorded")
    dead: int = Field(description="Jobs that failed or expired here and were not sent on their way again")
    cancelled: int
    here: int = Field(description="Jobs that are in its queues, in its hands, on its retry ladder, or wait in gather")
    delayed: int = Field(description="Of those here, the ones that wait for another attempt")
    missing: int = Field(description="What is left over: must be 0 when nothing moves")


class KindLine(Model):
    """Jobs of one kind. `accepted` = `unpublished` + `running` + `completed` + `failed` + `expired` + `cancelled`."""

    kind: Kind
    accepted: int
    unpublished: int = Field(description="Accepted, and not confirmed by the broker yet: they wait in the outbox")
    running: int
    completed: int
    failed: int
    expired: int
    cancelled: int
    stages: tuple[StageLine, ...]


class Gap(Model):
    """Something that is missing."""

    id: UUID = Field(description="Derived from the job, its generation and the place: a gap is raised once")
    why: Why
    job: UUID
    tenant: str
    kind: Kind
    place: str = Field(description="`lost`: the stage; else the state of the event")
    generation: int = Field(ge=0)
    event_id: UUID | None = None
    quiet_since: datetime
    found_at: datetime
    mended_at: datetime | None = None

    @property
    def sentence(self) -> str:
        """What is missing and what to do, for a person."""
        if self.why == "lost":
            return (
                f"Job {self.job} stands still in {self.place} since {self.quiet_since:%Y-%m-%d %H:%M:%SZ}, and no queue holds it: its "
                "message is gone. Redrive its dead letter if it has one, else hand the content in again."
            )
        if self.why == "unrecorded":
            return f"Job {self.job} has ended, but its event `{self.kind}.{self.place}` was never recorded."
        return f"Job {self.job} has an event `{self.kind}.{self.place}` that the event log in PostgreSQL does not have."


class GapCount(Model):
    """Open gaps of one sort."""

    why: Why
    kind: Kind
    place: str
    count: int


class Ledger(Model):
    """The books of the jobs that were accepted since `since`, and every gap that is open."""

    at: datetime
    since: datetime
    tenant: str | None = Field(default=None, description="null: all tenants")
    kinds: tuple[KindLine, ...]
    open: int = Field(description="Open gaps")
    counts: tuple[GapCount, ...] = ()
    gaps: tuple[Gap, ...] = Field(default=(), description="The oldest open ones, at most 100")
    unroutable: int | None = Field(default=None, description="Messages whose routing keys fit no stage; null: the broker does not say")
    waiting: dict[str, int] | None = Field(default=None, description="Messages that wait, by queue; null: the broker does not say")
    reconciled_at: datetime | None = Field(default=None, description="When the reconciler last looked for gaps; null: never")
    unjudged: dict[str, str] = Field(default_factory=dict, description="Where it could not tell, and why: `<kind> <stage>` to a sentence")
    checked_until: datetime | None = Field(default=None, description="Jobs that ended before are compared with the event log")
