"""What an event means for its job: pure."""

from typing import Any

from faultmaven_events.infra.jobs import Ending
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.outcome import Failed

LAST = {"ingest": "embedded", "document": "embedded", "troubleshoot": "reasoned"}
"""The state after which a job of each kind only has to be recorded."""


def is_last(event: Event[Any]) -> bool:
    """Whether the job is done with this event."""
    return LAST.get(event.kind) == event.state


def failed(event: Event[Failed]) -> Ending:
    """Return the ending of a failed job; one whose deadline passed is expired."""
    status = "expired" if event.data.error.code == "deadline_exceeded" else "failed"
    return Ending(status, event.data.failed_at, error=event.data.error)


def evidence_result(event: Event[Any]) -> dict[str, Any]:
    """Return the result of an evidence or document job: references and counts, no content."""
    result: dict[str, Any] = event.data.model_dump(mode="json", exclude={"session_id", "case_id"})
    return result
