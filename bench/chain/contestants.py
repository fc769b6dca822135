"""Who takes part, and what each one guarantees: as data."""

from dataclasses import dataclass
from importlib.util import find_spec

COMMON = "quorum queues, persistent messages, a confirmation awaited per publication, acknowledgement after it"
"""What all of them have in this benchmark."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """One way to build the chain."""

    name: str
    module: str
    """In `bench.chain.systems`."""
    loop: str
    """The event loop, or threads."""
    needs: str
    """The package that must be installed."""
    promises: str
    """Beyond what all have."""

    @property
    def installed(self) -> bool:
        """Whether it can run here."""
        return find_spec(self.needs) is not None


RAW = "nothing more: bytes in, bytes out"
OURS = (
    "validated envelope and data; ids that make effects happen once; unroutable is an error; deadline per job and stage; retry ladder; "
    "dead letters with the reason; trace, hashes and times of every hop; metrics; fair lanes; cancel"
)
TASKIQ = "arguments coerced to annotations; broker-made dead letters"

CONTESTANTS = (
    Contestant("raw aio-pika", "raw", "uvloop", "aio_pika", RAW),
    Contestant("raw aio-pika", "raw", "asyncio", "aio_pika", RAW),
    Contestant("faultmaven-events", "ours", "uvloop", "faultmaven_events", OURS),
    Contestant("FastStream", "stream", "uvloop", "faststream", "validated data; unroutable is an error"),
    Contestant("taskiq-aio-pika", "taskiq_chain", "uvloop", "taskiq_aio_pika", TASKIQ),
    Contestant("Celery", "celery_chain", "8 threads", "celery", "retry by code in the task"),
    Contestant("Dramatiq", "dramatiq_chain", "8 threads", "dramatiq", "retry with back-off; time and age limits; broker-made dead letters"),
)
"""The first one is what the others are compared with."""
