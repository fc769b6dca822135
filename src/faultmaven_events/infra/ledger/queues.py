"""The queues that may hold a job, as the topology derives them."""

from typing import Final

from faultmaven_events.infra.declare import rung_name
from faultmaven_events.topology import STAGES

QUEUES: Final = tuple(queue for stage in STAGES for queue in stage.queues)


def rungs(scale: float) -> dict[str, float]:
    """Return the delay queues of the retry ladder and their delays in seconds; `scale` multiplies them."""
    return {rung_name(delay * scale): delay * scale for stage in STAGES for delay in stage.rungs}
