"""What a question waits for: pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.question import Gathered, Missing, Piece, QuestionSanitized

SHARE = 0.7
"""Part of a question's time that its evidence may take; the rest is left for the answer."""


def wait_until(submitted: datetime, deadline: datetime | None, limit: float) -> datetime:
    """Return when to go on without the evidence that is not there: `SHARE` of the time to the deadline, or of `limit` seconds."""
    whole = (deadline - submitted) if deadline else timedelta(seconds=limit)
    return submitted + whole * SHARE


def arrival(event: Event[Any]) -> dict[str, Any]:
    """Return what is kept of a piece of evidence that completed, failed or was cancelled."""
    if event.state == "completed":
        return {"result": event.data.result}
    if event.state == "cancelled":
        return {"failure": {"reason": "it was cancelled", "name": None}}
    return {"failure": {"reason": f"{event.data.error.stage}: {event.data.error.message}"[:500], "name": event.data.name}}


def gathered(
    question: QuestionSanitized, arrivals: Mapping[UUID, Mapping[str, Any]], order: Sequence[UUID], names: Mapping[UUID, str]
) -> Gathered:
    """Return what was found, in the order in which the question names its evidence; what did not arrive is missing.

    `names` are those of jobs: a file that could not be read left a sealed letter, which does not tell its name.
    """
    pieces, missing = [], []
    for job_id in order:
        found = arrivals.get(job_id, {})
        if "result" in found:
            known = {name: found["result"][name] for name in ("name", "content", "classification", "receipt", "insights")}
            pieces.append(Piece.model_validate({"job_id": job_id, **known}))
        elif "failure" in found:
            name = found["failure"]["name"] or names.get(job_id)
            missing.append(Missing(job_id=job_id, name=name, reason=found["failure"]["reason"]))
        else:
            missing.append(
                Missing(job_id=job_id, name=names.get(job_id), reason="it was not processed before the question's evidence was due")
            )
    return Gathered(**dict(question), pieces=tuple(pieces), missing=tuple(missing))
