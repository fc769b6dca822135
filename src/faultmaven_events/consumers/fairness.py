"""Sharing a stage among tenants: who has more in hand than a share, and is not urgent, goes to the crowd's lane.

There it is worked off with what others leave, so behind a flood of one tenant another tenant's file waits for no more than the flood's
way to that lane. Counted per process: no store is asked.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from faultmaven_events.schemas.event import Event
from faultmaven_events.topology import CROWD, Lane, Stage

PATIENCE: Final = 1.0
"""Seconds that a message has waited when the lane counts as crowded: below, nobody stands behind anybody for long."""


@dataclass(slots=True)
class Share:
    """What each tenant has in hand in one stage of this process, in the lanes that can be crowded."""

    stage: Stage
    held: Counter[str] = field(default_factory=Counter)

    def crowds(self, event: Event[Any], lane: Lane, waited: float) -> bool:
        """Whether a message should make way: its tenant holds half of the lane already, and messages have begun to wait."""
        if self.stage.crowd is None or lane.name == CROWD or event.urgent:
            return False
        return waited > PATIENCE and self.held[event.tenantid] >= max(1, lane.prefetch // 2)

    @contextmanager
    def holding(self, tenant: str, lane: Lane) -> Iterator[None]:
        """Count a message while it is in hand; what the crowd's lane has in hand does not count."""
        counted = lane.name != CROWD
        if counted:
            self.held[tenant] += 1
        try:
            yield
        finally:
            if counted:
                self.held[tenant] -= 1
                if not self.held[tenant]:
                    del self.held[tenant]
