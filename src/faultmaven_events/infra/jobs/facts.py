"""What is known of a job that is not done: values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from faultmaven_events.infra.jobs.pace import Pace
from faultmaven_events.schemas.job import Job
from faultmaven_events.schemas.outcome import Failure
from faultmaven_events.topology import BY_NAME, Lane, Stage

STARVED: Final = 120.0
"""Seconds of standing behind others that are nothing unusual, and `STARVED_TIMES` the usual wait."""
STARVED_TIMES: Final = 5.0
HUNG: Final = 60.0
"""Seconds over the stage's time limit that a message may take."""
FRESH: Final = 5.0
"""Seconds that a state which passes by itself may last: publishing, a message on its way to a consumer."""
AHEAD: Final = 10_000
"""At most so many jobs are counted ahead of one."""


@dataclass(frozen=True, slots=True)
class Beat:
    """What one consumer process says of one stage. `idle_s`: seconds since it finished a message."""

    in_flight: int
    handled: int
    idle_s: float
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a stage is paused."""

    by: str
    reason: str
    since: str
    breaker: bool


@dataclass(frozen=True, slots=True)
class Awaited:
    """A piece of evidence that a question waits for; `status` None: there is no such job (yet)."""

    label: str
    status: str | None
    stage: str | None = None


@dataclass(frozen=True, slots=True)
class Join:
    """What a question in gather waits for, of how many, and until when."""

    awaited: tuple[Awaited, ...]
    total: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """Where a job stands.

    `ahead`: jobs that came earlier to the same stage and lane, of which `own` are the tenant's; at most `AHEAD`. `overtaken`: jobs that
    came later and were through longer ago than one message may take.
    """

    since: datetime
    ahead: int = 0
    own: int = 0
    overtaken: int = 0
    oldest: datetime | None = None
    unpublished: bool = False
    error: Failure | None = None
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known. `beats` by stage: None when nobody knows who lives."""

    job: Job
    stage: str
    now: datetime
    place: Place
    beats: Mapping[str, Sequence[Beat]] | None = None
    stops: Mapping[str, Stop] = field(default_factory=dict)
    join: Join | None = None
    pace: Pace = field(default_factory=Pace)

    @property
    def definition(self) -> Stage:
        """The stage where the job is."""
        return BY_NAME[self.stage]

    @property
    def lane(self) -> Lane:
        """The lane of the job's kind."""
        fits = (lane for lane in self.definition.lanes if any(taken.startswith(f"{self.job.kind}.") for taken in lane.takes))
        return next(fits, self.definition.lanes[0])

    @property
    def waited(self) -> float:
        """Seconds since it came to the stage."""
        return max(0.0, (self.now - self.place.since).total_seconds())

    @property
    def alive(self) -> Sequence[Beat]:
        """The stage's consumers, as far as anybody knows."""
        return (self.beats or {}).get(self.stage, ())

    @property
    def in_hand(self) -> int:
        """Messages that the stage's consumers have in hand."""
        return sum(beat.in_flight for beat in self.alive)

    @property
    def limit(self) -> float:
        """Seconds after which one message is no longer in hand, whatever it is."""
        return self.definition.deadline + HUNG

    @property
    def usual(self) -> float:
        """Seconds that a job of this kind may wait here without that being unusual."""
        return max(STARVED, STARVED_TIMES * self.pace.waited_s.get(self.stage, 0.0))
