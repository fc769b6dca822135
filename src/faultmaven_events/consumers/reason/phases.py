"""The six phases of an investigation as they are told: what each found, when it ended, how long it ran.

What was found depends on the evidence alone. Times are of the process that ran it and never enter the report, so that a re-run gives
the same bytes.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from faultmaven_events.schemas.insight import Scalar
from faultmaven_events.schemas.phase import PHASES, Phase, Progressed

SUMMARY: Final = 400
"""Characters of a summary, as `Progressed.summary` allows."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one phase found: figures and short names, and one sentence. Made of sanitized text."""

    phase: Phase
    found: Mapping[str, Scalar]
    summary: str


Watch = Callable[[Step], None]
"""Told of each phase when it is done."""


def unwatched(_: Step) -> None:
    """Watch nothing."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Diary:
    """Writes down each phase with its times: call it as a watch. `clock` counts seconds."""

    now: Callable[[], datetime] = _now
    clock: Callable[[], float] = time.perf_counter
    entries: list[Progressed] = field(default_factory=list)
    _since: float = field(init=False)

    def __post_init__(self) -> None:
        self._since = self.clock()

    def __call__(self, step: Step) -> None:
        """Note a phase that is done."""
        ended = self.clock()
        self.entries.append(
            Progressed(
                phase=step.phase,
                number=PHASES.index(step.phase) + 1,
                found=dict(step.found),
                summary=step.summary[:SUMMARY],
                ended_at=self.now(),
                ran_ms=max(0, round((ended - self._since) * 1000)),
            )
        )
        self._since = ended
