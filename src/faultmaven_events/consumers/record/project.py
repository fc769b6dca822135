"""What an event means for its job: pure."""

from typing import Any, Final

from faultmaven_events.infra.jobs import Ending
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.outcome import Cancelled, Failed

LAST: Final = {"ingest": "embedded", "document": "embedded", "troubleshoot": "reasoned"}
"""The state after which a job of each kind only has to be recorded."""

SAID: Final = frozenset({"failed", "cancelled", "delayed", "redriven"})
"""States that say something of a job without being a stage's success; they are the outcome in the log of stage runs."""


def is_last(event: Event[Any]) -> bool:
    """Whether the job is done with this event."""
    return LAST.get(event.kind) == event.state


def outcome(event: Event[Any]) -> str:
    """Return how the stage that published an event came out of it."""
    return event.state if event.state in SAID else "done"


def ended(event: Event[Any]) -> Ending | None:
    """Return how a job ended that failed or was cancelled; None for any other event."""
    return failed(event) if event.state == "failed" else cancelled(event) if event.state == "cancelled" else None


def failed(event: Event[Failed]) -> Ending:
    """Return the ending of a failed job; one whose deadline passed is expired."""
    status = "expired" if event.data.error.code == "deadline_exceeded" else "failed"
    return Ending(status, event.data.failed_at, error=event.data.error)


def cancelled(event: Event[Cancelled]) -> Ending:
    """Return the ending of a job that nobody wants any more."""
    return Ending("cancelled", event.data.cancelled_at)


def evidence_result(event: Event[Any]) -> dict[str, Any]:
    """Return the result of an evidence or document job: references and counts, no content."""
    result: dict[str, Any] = event.data.model_dump(mode="json", exclude={"session_id", "case_id"})
    return result
