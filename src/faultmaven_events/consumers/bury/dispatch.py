"""Working off one operation: page by page, at its rate, each letter noted, published and confirmed before it counts as sent."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import structlog
from aio_pika.abc import AbstractExchange
from cryptography.exceptions import InvalidTag

from faultmaven_events.errors import Throttled
from faultmaven_events.infra.dead_letters import ends_job
from faultmaven_events.infra.errands import Errand, Errands, Outcome
from faultmaven_events.infra.letters import body_of
from faultmaven_events.infra.revival import Revival, Unfit, edit, revive
from faultmaven_events.producers.publish import message_of, publish_confirmed
from faultmaven_events.schemas.letter import Letter

PAGE = 64
"""Letters that are read, and in flight, at once."""

log = structlog.get_logger()


class Pace:
    """At most `rate` steps a second, evenly, until somebody says stop."""

    def __init__(self, rate: float, stop: asyncio.Event) -> None:
        self._gap, self._next, self._stop = 1 / rate, time.monotonic(), stop

    async def step(self) -> bool:
        """Wait for one's turn; False when it is over."""
        now = time.monotonic()
        self._next = max(self._next, now)
        wait, self._next = self._next - now, self._next + self._gap
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._stop.wait()
        return not self._stop.is_set()


class Dispatch:
    """Sends letters through one channel."""

    def __init__(self, errands: Errands, events: AbstractExchange, queues: AbstractExchange, clean_key: bytes, deadline_s: float) -> None:
        self._errands, self._events, self._queues = errands, events, queues
        self._clean_key, self._deadline_s = clean_key, deadline_s

    async def work(self, errand: Errand) -> None:
        """Do what is left of an operation, until nothing is, or it was cancelled, or somebody else has it.

        Raises:
            ExceptionGroup: of `TransientError`: a server is away; nothing is lost, the operation is taken up again.
        """
        redrive, stop = errand.redrive, asyncio.Event()
        log.info("redrive_taken_up", redrive=str(redrive.id), by=redrive.by)
        async with asyncio.TaskGroup() as group:
            keeping = group.create_task(self._keep(redrive.id, stop))
            if not errand.stamped:
                await self._errands.stamp(redrive)
            pace = Pace(redrive.rate, stop)
            while not stop.is_set() and (page := await self._errands.page(redrive.id, PAGE)):
                await self._send_page(errand, page, pace)
            keeping.cancel()
        await self._errands.finish(redrive.id)
        log.info("redrive_left", redrive=str(redrive.id), stopped=stop.is_set())

    async def _keep(self, id: UUID, stop: asyncio.Event) -> None:
        """Hold the lease and write down the progress; say stop when it is ours no more."""
        while await self._errands.renew(id):  # noqa: ASYNC110 # what it waits for lies in a store
            await asyncio.sleep(self._errands.beat)
        stop.set()

    async def _send_page(self, errand: Errand, page: Sequence[Letter], pace: Pace) -> None:
        ended = await self._errands.ended_jobs(page)
        try:
            async with asyncio.TaskGroup() as group:
                for letter in page:
                    if not await pace.step():
                        break
                    group.create_task(self._send(errand, letter, ended))
        except* Throttled:  # a queue is full: those letters come with the next page
            await asyncio.sleep(1)

    async def _send(self, errand: Errand, letter: Letter, ended: Mapping[UUID, tuple[str, int]]) -> None:
        now = datetime.now(UTC)
        if _sent_before(letter, ended):
            await self._errands.mark(errand.redrive, Outcome(letter, "sent", now))
            return
        verdict, reason = "sent", _unneeded(letter, ended)
        if reason is None:
            try:
                revival = self._revive(errand, letter, now)
            except Unfit as error:
                reason = str(error)
            except InvalidTag:
                reason = "it is sealed with another key than this process has"
            except Exception as error:  # noqa: BLE001 # one letter that we cannot handle must not hold up the others
                verdict, reason = "failed", f"unexpected {type(error).__name__}"
        if reason is None:
            await self._publish(revival)
        elif verdict == "sent":
            verdict = "skipped"
        await self._errands.mark(errand.redrive, Outcome(letter, verdict, now, reason))

    def _revive(self, errand: Errand, letter: Letter, now: datetime) -> Revival:
        body = body_of(letter, self._clean_key)
        redrive = errand.redrive
        if errand.patch is None:
            return revive(letter, body, by=redrive.by, now=now, deadline_s=self._deadline_s)
        if not errand.patch:
            raise Unfit("the patch was sealed with another key than this process has")
        return edit(letter, body, errand.patch, by=redrive.by, at=redrive.started_at, now=now, deadline_s=self._deadline_s)

    async def _publish(self, revival: Revival) -> None:
        """Tell the job first: should the event die again at once, its death is already one of the new generation."""
        if revival.note is not None:
            await publish_confirmed(self._events, message_of(revival.note), revival.note.type)
        await publish_confirmed(self._queues, message_of(revival.event), revival.queue)


def _sent_before(letter: Letter, ended: Mapping[UUID, tuple[str, int]]) -> bool:
    """Whether a worker that was killed had sent the letter and not yet marked it: its job is done, in a generation after the letter's."""
    status, generation = ended.get(letter.job_id, ("", 0)) if letter.job_id else ("", 0)
    return status == "completed" and generation > letter.generation and ends_job(letter)


def _unneeded(letter: Letter, ended: Mapping[UUID, tuple[str, int]]) -> str | None:
    status, _ = ended.get(letter.job_id, (None, 0)) if letter.job_id else (None, 0)
    if status == "cancelled":
        return "its job was cancelled"
    return "its job is completed" if status == "completed" and ends_job(letter) else None
