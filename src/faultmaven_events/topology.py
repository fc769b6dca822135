"""The whole system on one screen: kinds, stages, queues. Exchanges, queues, bindings, the retry ladder and docs derive from it.

* `fm.events` (topic): every event, routing key `<kind>.<state>.v1`; what nobody binds goes to `fm.unroutable`
* a stage has a queue per lane, each with consumers of its own, so that a question never stands behind files, nor a file behind documents;
  `crowd` is the lane of a tenant that has more in hand than its share
* `fm.retry.*` (direct): one exchange and one queue per delay; a message comes back to its stage's queue when the delay is over
* `fm.dead` (topic): `letter.<stage>` is a dead letter with its reason: it goes to the stage's dead-letter queue, and to `bury`, which tells
  the job; `crash.<stage>` is a bare message that the broker gave up on after too many crashes: `bury` makes a letter of it
"""

from dataclasses import dataclass
from typing import Final

EVENTS: Final = "fm.events"
UNROUTABLE: Final = "fm.unroutable"
RETRY: Final = "fm.retry"
"""Prefix of the delay exchanges and queues: `fm.retry.15s`."""
DEAD: Final = "fm.dead"
SEARCH: Final = "fm.search"
"""Requests to the embed consumer to search; an answer goes to the caller's own queue."""

s, m = 1.0, 60.0


CROWD: Final = "crowd"
"""The lane that nothing is bound to: a stage moves there what a crowding tenant sent."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One queue of a stage."""

    name: str
    """Empty for the lane whose queue has the stage's own name."""
    takes: tuple[str, ...]
    """Routing patterns of the stage's source that feed the queue."""
    prefetch: int
    """Messages in flight per process."""
    rank: int = 1
    """Who goes first at a worker process: 2 a question, 1 a file, 0 documents and the crowd."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One consumer: its queues are `fm.<name>` and `fm.<name>.<lane>`, its dead letters lie in `fm.<name>.dead`."""

    name: str
    lanes: tuple[Lane, ...]
    deadline: float
    """Seconds that one message may take; far below the broker's consumer timeout of 30 minutes."""
    rungs: tuple[float, ...] = (1 * s, 15 * s, 5 * m)
    """Delays of the retry ladder in seconds; after the last rung a message is dead."""
    source: str = EVENTS
    raw: bool = False
    """Whether the stage may open raw blobs."""
    delivery_limit: int = 10
    """Deliveries without an answer (a crash, a lost connection) before the broker gives up on a message."""
    max_length: int = 100_000
    """Bounded queues: over it the broker refuses, and the door answers 503."""

    @property
    def takes(self) -> tuple[str, ...]:
        """The routing patterns of all lanes."""
        return tuple(pattern for lane in self.lanes for pattern in lane.takes)

    def queue(self, lane: Lane) -> str:
        """A lane's queue."""
        return f"fm.{self.name}.{lane.name}" if lane.name else f"fm.{self.name}"

    @property
    def queues(self) -> tuple[str, ...]:
        """The queues of all lanes; the first one is the stage's own."""
        return tuple(self.queue(lane) for lane in self.lanes)

    @property
    def dead_queue(self) -> str:
        """Where its dead letters lie."""
        return f"fm.{self.name}.dead"

    @property
    def crowd(self) -> Lane | None:
        """The lane for tenants that crowd the others, where the stage has one."""
        return next((lane for lane in self.lanes if lane.name == CROWD), None)


def _lanes(state: str, question: str | None, *, files: int, questions: int) -> tuple[Lane, ...]:
    """The lanes of a stage that every kind passes: files in the stage's own queue, questions, documents, the crowd."""
    return (
        Lane("", (f"ingest.{state}.*",), files),
        Lane("question", (f"troubleshoot.{question or state}.*",), questions, rank=2),
        Lane("document", (f"document.{state}.*",), 2, rank=0),
        Lane(CROWD, (), max(1, files // 2), rank=0),
    )


_BURIED: Final = ("classify", "sanitize", "gather", "process", "embed", "reason", "record")
_JOINED: Final = ("troubleshoot.sanitized.*", "troubleshoot.cancelled.*", "ingest.completed.*", "ingest.failed.*", "ingest.cancelled.*")

STAGES: Final = (
    Stage("classify", _lanes("submitted", None, files=8, questions=8), deadline=120 * s, raw=True),
    Stage("sanitize", _lanes("classified", None, files=4, questions=4), deadline=600 * s, raw=True),
    Stage("gather", (Lane("", _JOINED, 16),), deadline=30 * s),
    Stage("process", _lanes("sanitized", "gathered", files=4, questions=4), deadline=600 * s),
    Stage("embed", _lanes("processed", None, files=16, questions=4), deadline=600 * s),
    Stage("reason", (Lane("", ("troubleshoot.embedded.*",), 2, rank=2), Lane(CROWD, (), 1, rank=2)), deadline=300 * s),
    Stage(
        "record",
        (
            Lane("", ("ingest.*.*", "document.*.*", "alert.*.*", "usage.*.*", "breaker.*.*"), 64),
            Lane("question", ("troubleshoot.*.*",), 32, rank=2),
            Lane("series", ("series.*.*",), 2, rank=0),  # large writes, which no job waits for
        ),
        deadline=30 * s,
    ),
    Stage("bury", (Lane("", ("crash.*", *(f"letter.{name}" for name in _BURIED)), 16),), deadline=30 * s, source=DEAD),
)

RETIRED: Final = (
    ("fm.classify", EVENTS, "*.submitted.*"),
    ("fm.sanitize", EVENTS, "*.classified.*"),
    ("fm.process", EVENTS, "document.sanitized.*"),
    ("fm.process", EVENTS, "troubleshoot.gathered.*"),
    ("fm.embed", EVENTS, "*.processed.*"),
    ("fm.record", EVENTS, "#"),
)
"""Bindings of earlier versions, (queue, exchange, pattern), which are taken away: a broker keeps what it was once told."""

BY_NAME: Final = {stage.name: stage for stage in STAGES}

PATHS: Final[dict[str, tuple[str, ...]]] = {
    "ingest": ("classify", "sanitize", "process", "embed", "record"),
    "document": ("classify", "sanitize", "process", "embed", "record"),
    "troubleshoot": ("classify", "sanitize", "gather", "process", "embed", "reason", "record"),
}
"""The stages that a job of each kind passes, in order."""

STATES: Final = (
    "submitted",
    "classified",
    "sanitized",
    "gathered",
    "processed",
    "embedded",
    "reasoned",
    "completed",
    "failed",
    "cancelled",
)
"""In the order in which a job passes them; a job's state only moves forward."""

NOTES: Final = ("delayed", "redriven", "progressed")
"""What is said of a job on its way, without moving it: a stage tries again later; a dead letter was sent on its way again; a phase of
the investigation is done."""

GIVES: Final = {
    "classify": "classified",
    "sanitize": "sanitized",
    "gather": "gathered",
    "process": "processed",
    "embed": "embedded",
    "reason": "reasoned",
    "record": "completed",
    "bury": "failed",
}
"""The state that each stage's event announces."""


def is_step(stage: str, type_: str) -> bool:
    """Whether an event of that type is the one that moves its job into the stage.

    record and gather also take events that are only of interest to them; when one of those dies or waits, its job goes on.
    """
    kind, state, _ = type_.split(".")
    path = PATHS.get(kind, ())
    if stage not in path:
        return False
    position = path.index(stage)
    return state == ("submitted" if position == 0 else GIVES[path[position - 1]])
