"""What a death tells its job: pure."""

from datetime import datetime
from typing import Any
from uuid import UUID

from faultmaven_events.infra.captions import known_as
from faultmaven_events.infra.dead_letters import ends_job
from faultmaven_events.schemas.event import Event, derive
from faultmaven_events.schemas.letter import Letter
from faultmaven_events.schemas.outcome import Failed, Failure


def failure(letter: Letter, at: datetime) -> Event[Failed] | None:
    """Return the event that tells a job of its end, or None when the letter names no job or does not end one."""
    if letter.job_id is None or letter.tenant is None or not ends_job(letter) or letter.type is None:
        return None
    parent: UUID = letter.event_id or letter.id
    data: dict[str, Any] = (letter.event or {}).get("data") or {}
    kind, state = letter.type.split(".")[:2]  # a step of a path, so it has both
    name = known_as(letter.job_id, state, data["name"]) if isinstance(data.get("name"), str) else None
    error = Failure(
        code=letter.code,
        message=letter.message,
        stage=letter.stage,
        attempts=len(letter.attempts),
        retryable=letter.code != "invalid_event",
    )
    return Event[Failed](
        id=derive(parent, f"bury/{letter.stage}{f'/{letter.generation}' if letter.generation else ''}"),
        source="/faultmaven/bury",
        type=f"{kind}.failed.v1",
        subject=letter.job_id,
        time=at,
        tenantid=letter.tenant,
        userid=letter.user or "anonymous",
        correlationid=letter.correlation_id or str(letter.job_id),
        causationid=parent,
        generation=letter.generation,
        data=Failed(error=error, name=name, dead_letter=str(letter.id), failed_at=letter.died_at),
    )
