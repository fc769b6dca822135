"""Taking a submission in, so that it is neither lost nor run after the client was told that it would not.

The order: bytes are in the blob store → the jobs are in Mongo, each with its first event in its outbox → the events are published with
confirm → 202. Until a job is in Mongo nothing has happened, and any error is an honest refusal: blobs are removed, jobs that were
written before the error are taken back. Once all jobs of a request are in Mongo it is accepted, whatever the broker says: an unconfirmed
publish may have arrived, so it could not be taken back with certainty. The answer is 202 and the sweeper publishes from the outbox until
the broker confirms. Ids are deterministic, so a second publish of the same event changes nothing.

When Mongo breaks off in the middle of an insert, the job may or may not be there. Then it is struck: removed at once or as soon as Mongo
answers again, and never published by this process in between.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog

from faultmaven_events.errors import FaultmavenError, InvalidEvent, TransientError
from faultmaven_events.infra.jobs import Jobs
from faultmaven_events.producers.http import metrics
from faultmaven_events.producers.http.gate import Gate
from faultmaven_events.producers.http.intake import Shelf
from faultmaven_events.producers.http.problems import Problem
from faultmaven_events.producers.http.submissions import Submission
from faultmaven_events.schemas import registry

PATIENCE: Final = 5.0
"""Seconds that an accepted job may be unpublished before the sweeper takes it up."""
INTERVAL: Final = 2.0
"""Seconds between two sweeps."""
WRITING: Final = 5.0
"""Seconds that the job store may take for the jobs of one request."""
STRIKING: Final = 1.0
"""Seconds that a refused request waits for the removal of its jobs, before it leaves that to the sweeper."""

log = structlog.get_logger()


async def _together(writes: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Run writes side by side and wait for every one of them; then raise the first error, if there is one."""
    for outcome in await asyncio.gather(*writes, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


class Admission:
    """Accepts submissions, and sees to it that what was accepted gets published."""

    def __init__(self, jobs: Jobs, gate: Gate) -> None:
        self._jobs, self._gate = jobs, gate
        self._struck: dict[UUID, str] = {}
        self._writing: set[asyncio.Task[None]] = set()

    async def admit(self, submission: Submission, shelf: Shelf, *, evidence: Sequence[Submission] = ()) -> None:
        """Accept a submission and the evidence handed in with it, or nothing; the evidence is accepted and published first.

        Raises:
            Problem: store-unavailable; nothing was accepted.
        """
        await self._write([*evidence, submission])
        shelf.keep()
        for accepted in (*evidence, submission):
            metrics.ACCEPTED.labels(accepted.job.kind).inc()
            metrics.BYTES.labels(accepted.job.kind).inc(accepted.event.data.content.size)
        await asyncio.gather(*map(self._publish, evidence))
        await self._publish(submission)

    async def sweep(self) -> int:
        """Publish what was accepted a while ago and is not published yet; return how many that were.

        Raises:
            TransientError: the broker or Mongo is away.
        """
        await self._remove_struck()
        found = await self._jobs.unpublished(datetime.now(UTC) - timedelta(seconds=PATIENCE))
        metrics.UNPUBLISHED.set(len(found))
        for tenant, id, event in found:
            try:
                await self._gate.publish(registry.decode(event))
            except InvalidEvent:
                log.error("outbox_unreadable", job=str(id))  # noqa: TRY400  # a trace would hold the event
                continue
            await self._jobs.published(tenant, id)
            metrics.REPUBLISHED.inc()
        return len(found)

    async def run(self) -> None:
        """Sweep for ever."""
        while True:
            try:
                count = await self.sweep()
            except TransientError as error:
                count = 0
                log.warning("sweep_postponed", error=type(error).__name__)
            if count:
                log.info("sweep_done", published=count)
            await asyncio.sleep(0 if count else INTERVAL)

    async def settle(self) -> None:
        """Wait until the outboxes of what was published are emptied: at shutdown."""
        await asyncio.gather(*self._writing, return_exceptions=True)

    async def _write(self, submissions: Sequence[Submission]) -> None:
        try:
            async with asyncio.timeout(WRITING):
                await _together([self._jobs.accept(each.job, each.event.encode()) for each in submissions])
        except BaseException as error:
            await self._strike(submissions)
            if isinstance(error, (FaultmavenError, TimeoutError)):
                raise Problem("store-unavailable", "The job store is away. Nothing was accepted; try again.") from error
            raise

    async def _strike(self, submissions: Sequence[Submission]) -> None:
        self._struck |= {each.job.id: each.job.tenant for each in submissions}
        try:
            async with asyncio.timeout(STRIKING):
                await self._remove_struck()
        except (FaultmavenError, TimeoutError):
            log.warning("jobs_struck", jobs=[str(each.job.id) for each in submissions])

    async def _remove_struck(self) -> None:
        for id, tenant in list(self._struck.items()):
            await self._jobs.discard(tenant, id)
            self._struck.pop(id, None)

    async def _publish(self, submission: Submission) -> None:
        try:
            await self._gate.publish(submission.event)
        except TransientError as error:
            metrics.DEFERRED.inc()
            log.warning("publish_deferred", job=str(submission.job.id), error=type(error).__name__)
            return
        task = asyncio.create_task(self._forget(submission.job.tenant, submission.job.id))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _forget(self, tenant: str, id: UUID) -> None:
        try:
            await self._jobs.published(tenant, id)
        except FaultmavenError:
            log.warning("outbox_kept", job=str(id))  # the sweeper publishes it once more, which changes nothing
