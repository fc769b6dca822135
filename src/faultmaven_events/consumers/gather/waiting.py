"""What a question waits for: pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.question import Gathered, Missing, Piece, QuestionSanitized

MOST = 2_000
"""Files that one question is given; an event and a document of MongoDB hold so many."""

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


def children(found: Mapping[str, Any] | None) -> tuple[UUID, ...]:
    """Return the jobs of the files that arrived evidence holds: of an archive all of them, else none."""
    return tuple(map(UUID, ((found or {}).get("result") or {}).get("children") or ()))


def wanted(order: Iterable[UUID], arrivals: Mapping[UUID, Mapping[str, Any]]) -> Iterator[UUID]:
    """Yield each job that a question waits for, once: its evidence in its order, behind each archive that arrived its files."""
    seen: set[UUID] = set()
    for job_id in order:
        for each in (job_id, *children(arrivals.get(job_id))):
            if each not in seen:
                seen.add(each)
                yield each


def gathered(
    question: QuestionSanitized, arrivals: Mapping[UUID, Mapping[str, Any]], order: Sequence[UUID], names: Mapping[UUID, str]
) -> Gathered:
    """Return what was found, in the order in which the question names its evidence; what did not arrive is missing.

    `names` are those of jobs: a file that could not be read left a sealed letter, which does not tell its name.
    """
    pieces, missing = [], []
    jobs = list(wanted(order, arrivals))
    for job_id in jobs[:MOST]:
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
    if over := jobs[MOST:]:
        reason = f"{len(over):,} files more than the {MOST:,} that one question is given, this one the first of them: ask about fewer"
        missing.append(Missing(job_id=over[0], name=names.get(over[0]), reason=reason))
    return Gathered(**dict(question), pieces=tuple(pieces), missing=tuple(missing))
