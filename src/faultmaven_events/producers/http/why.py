"""Why a job is not done: puts together what the job store, the consumers' heartbeats and the orders say."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from faultmaven_events.errors import TransientError
from faultmaven_events.infra.jobs.facts import Stop
from faultmaven_events.infra.jobs.waiting import explain
from faultmaven_events.producers.http.door import Door
from faultmaven_events.schemas.job import TERMINAL, Job

log = structlog.get_logger()


async def explained(door: Door, job: Job) -> Job:
    """Return a job with why it is not done; as it is when it has ended, or when nobody can say."""
    if job.status in TERMINAL:
        return job
    try:
        facts = await door.standing.of(job, datetime.now(UTC))
        if facts is None:
            return job
        known = replace(facts, beats=await door.heartbeats.beats(), stops=await _stops(door))
    except TransientError as error:
        log.info("waiting_unexplained", job=str(job.id), error=type(error).__name__)
        return job
    return job.model_copy(update={"waiting": explain(known)})


async def _stops(door: Door) -> Mapping[str, Stop]:
    try:
        pauses = await door.control.paused()
    except TransientError:
        return {}  # then nobody is paused for long, either: orders live in Redis
    return {stage: Stop(pause.by, pause.reason, pause.at, pause.until_renewed) for stage, pause in pauses.items()}
