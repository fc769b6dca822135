"""The whole system on one screen: kinds, stages, queues. Exchanges, queues, bindings, the retry ladder and docs derive from it.

* `fm.events` (topic): every event, routing key `<kind>.<state>.v1`; what nobody binds goes to `fm.unroutable`
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


@dataclass(frozen=True, slots=True)
class Stage:
    """One consumer: its queue is `fm.<name>`, its dead letters lie in `fm.<name>.dead`."""

    name: str
    takes: tuple[str, ...]
    """Routing patterns of fm.events that feed the queue."""
    prefetch: int
    """Messages in flight per process."""
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
    def queue(self) -> str:
        """The stage's queue."""
        return f"fm.{self.name}"

    @property
    def dead_queue(self) -> str:
        """Where its dead letters lie."""
        return f"fm.{self.name}.dead"


_BURIED: Final = ("classify", "sanitize", "gather", "process", "embed", "reason", "record")

STAGES: Final = (
    Stage("classify", takes=("*.submitted.*",), prefetch=8, deadline=120 * s, raw=True),
    Stage("sanitize", takes=("*.classified.*",), prefetch=4, deadline=600 * s, raw=True),
    Stage("gather", takes=("troubleshoot.sanitized.*", "ingest.completed.*", "ingest.failed.*"), prefetch=16, deadline=30 * s),
    Stage("process", takes=("ingest.sanitized.*", "document.sanitized.*", "troubleshoot.gathered.*"), prefetch=4, deadline=600 * s),
    Stage("embed", takes=("*.processed.*",), prefetch=4, deadline=600 * s),
    Stage("reason", takes=("troubleshoot.embedded.*",), prefetch=2, deadline=300 * s),
    Stage("record", takes=("#",), prefetch=32, deadline=30 * s),
    Stage("bury", takes=("crash.*", *(f"letter.{name}" for name in _BURIED)), prefetch=16, deadline=30 * s, source=DEAD),
)

BY_NAME: Final = {stage.name: stage for stage in STAGES}

PATHS: Final[dict[str, tuple[str, ...]]] = {
    "ingest": ("classify", "sanitize", "process", "embed", "record"),
    "document": ("classify", "sanitize", "process", "embed", "record"),
    "troubleshoot": ("classify", "sanitize", "gather", "process", "embed", "reason", "record"),
}
"""The stages that a job of each kind passes, in order."""

STATES: Final = ("submitted", "classified", "sanitized", "gathered", "processed", "embedded", "reasoned", "completed", "failed")
"""In the order in which a job passes them; a job's state only moves forward."""

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
