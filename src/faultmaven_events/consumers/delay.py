"""Announcing that a job waits on the retry ladder: pure."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from faultmaven_events.schemas.event import Event, derive
from faultmaven_events.schemas.letter import Attempt
from faultmaven_events.schemas.outcome import Delayed, Failure
from faultmaven_events.topology import is_step

TOLD: Final = 3
"""Attempts that are announced: while a server is away for long, announcements must not become the flood."""


def delayed(event: Event[Any], stage: str, attempts: Sequence[Attempt], message: str, seconds: float) -> Event[Delayed] | None:
    """Return the announcement of the last attempt's delay; None when it does not hold up the job, or enough was said."""
    if not is_step(stage, event.type) or stage == "record" or len(attempts) > TOLD:
        return None
    now = datetime.now(UTC)
    error = Failure(code=attempts[-1].code, message=message[:1000], stage=stage, attempts=len(attempts), retryable=True)
    follow = event.follow(stage, "delayed", Delayed(error=error, next_at=now + timedelta(seconds=seconds)))
    return follow.model_copy(update={"id": derive(event.id, f"delayed/{stage}/{event.generation}/{len(attempts)}")})
