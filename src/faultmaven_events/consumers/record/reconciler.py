"""The reconciler: every half a minute, in one record process at a time, it closes the books.

It publishes what was accepted and never published, looks for jobs that stand still where no queue can hold them, compares the jobs that
ended with the event log, writes a line per kind into Timescale, and tells people of what is missing and of what was mended.
"""

import asyncio
import os
import secrets
import socket
import time
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from aio_pika.abc import AbstractExchange
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

from faultmaven_events import topology
from faultmaven_events.consumers.record.calls import close_calls, tell_differences
from faultmaven_events.errors import InvalidEvent, TransientError
from faultmaven_events.infra import metrics
from faultmaven_events.infra.connection import once
from faultmaven_events.infra.jobs import Jobs
from faultmaven_events.infra.lease import Lease
from faultmaven_events.infra.ledger.books import count
from faultmaven_events.infra.ledger.cutoff import Soundings, settled_until
from faultmaven_events.infra.ledger.gaps import Gaps
from faultmaven_events.infra.ledger.queues import rungs
from faultmaven_events.infra.ledger.search import Search
from faultmaven_events.infra.ledger.sound import sound
from faultmaven_events.infra.ledger.state import Bookmark, State, States
from faultmaven_events.infra.llm.accounts import accounts_of
from faultmaven_events.infra.llm.check import Books
from faultmaven_events.infra.mongo import Database
from faultmaven_events.infra.timescale import Timeline
from faultmaven_events.producers.publish import message_of, publish_confirmed
from faultmaven_events.schemas.alert import TYPE, Alert
from faultmaven_events.schemas.event import Event, derive
from faultmaven_events.schemas.ledger import Gap
from faultmaven_events.schemas.registry import decode
from faultmaven_events.settings import Settings

PATIENCE: Final = 30.0
"""Seconds that the door's own sweeper has to publish what was accepted."""
PAGES: Final = 5
"""Pages of ended jobs that one round compares at most."""
TOLD: Final = 50
"""Alerts of one round at most; the others follow in the next ones."""
SHARE: Final = 0.05
"""Part of the time that counting the books may take: over many jobs they are counted less often."""

log = structlog.get_logger()


class Reconciler:
    """Works in rounds until it is cancelled."""

    def __init__(self, database: Database, timeline: Timeline, settings: Settings) -> None:
        self._database, self._timeline, self._settings = database, timeline, settings
        longest = max(rungs(settings.retry_scale).values())
        self._search = Search(database, timeline, quiet=settings.ledger_quiet_s, longest_rung=longest)
        self._count_at = 0.0
        self._calls, self._books = accounts_of(database, settings), Books(database)
        self._gaps, self._states, self._jobs, self._longest = Gaps(database), States(database), Jobs(database), longest
        holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(2)}"
        self._lease = Lease(database, "ledger", holder, max(60.0, 3 * settings.ledger_interval_s))

    async def run(self) -> None:
        """Reconcile for ever; a server that is away postpones a round."""
        try:
            while True:
                try:
                    if await self._lease.hold():
                        await self.round()
                except (TransientError, AMQPError, ChannelInvalidStateError, OSError, RuntimeError, TimeoutError) as error:
                    log.warning("ledger_postponed", error=type(error).__name__)
                except Exception as error:  # noqa: BLE001 # whatever it is: a ledger that nobody keeps any more would be silent
                    log.error("ledger_failed", error=type(error).__name__)  # noqa: TRY400 # a trace may hold content
                await asyncio.sleep(self._settings.ledger_interval_s)
        finally:
            await asyncio.shield(self._leave())

    async def _leave(self) -> None:
        try:
            await self._lease.give_up()
        except TransientError:
            return  # it ends by itself

    async def round(self) -> None:
        """Reconcile once.

        Raises:
            Unavailable: a server is away; whatever was done already is done, and the next round begins anew.
            AMQPError, OSError: the broker cannot be reached.
        """
        assert self._settings.amqp_url  # for mypy: the shell beside refuses to start without
        url = self._settings.amqp_url.get_secret_value()
        async with await once(url, "faultmaven-ledger", 10) as connection:
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            exchange = await channel.get_exchange(topology.EVENTS)
            soundings = await sound(connection, self._settings, self._database, self._timeline)
            await self._republish(exchange, soundings.now)
            unjudged = await self._look_for_lost(soundings)
            state = await self._compare_ended(soundings)
            await self._mend(soundings.now)
            await self._tell(exchange, soundings.now)

            async def publish(event: Event[Any]) -> None:
                await publish_confirmed(exchange, message_of(event), event.type)

            await close_calls(self._calls, publish)
            if time.monotonic() >= self._count_at:
                await tell_differences(self._books, publish, soundings.now)
        await self._states.write(State(soundings.now, soundings.ready, unjudged, state))
        if time.monotonic() >= self._count_at:
            began = time.monotonic()
            await self._snapshot(soundings)
            self._count_at = began + (time.monotonic() - began) / SHARE

    async def _republish(self, exchange: AbstractExchange, now: datetime) -> None:
        """Publish what was accepted; the door does so too, but may be down. Ids are the same, so twice does no harm."""
        for tenant, job, body in await self._jobs.unpublished(now - timedelta(seconds=PATIENCE)):
            try:
                event = decode(body)
            except InvalidEvent:
                log.error("outbox_unreadable", job=str(job))  # noqa: TRY400 # a trace would hold the event
                continue
            await publish_confirmed(exchange, message_of(event), event.type)
            await self._jobs.published(tenant, job)
            log.info("republished", job=str(job))

    async def _look_for_lost(self, soundings: Soundings) -> dict[str, str]:
        found, unjudged = await self._search.lost(soundings, await self._gaps.lost())
        await self._gaps.suspect(found, settled=False)
        await self._gaps.forget({gap.id for gap in found})
        return unjudged

    async def _compare_ended(self, soundings: Soundings) -> Bookmark | None:
        state = await self._states.read()
        bookmark = state.bookmark if state else None
        until = settled_until(soundings, quiet=self._settings.ledger_quiet_s, longest_rung=self._longest)
        if until is None:
            return bookmark
        for _ in range(PAGES):
            found, bookmark, more = await self._search.ended(bookmark, self._since(soundings.now), until)
            await self._gaps.suspect(found, settled=True)
            if not more:
                break
        return bookmark

    async def _mend(self, now: datetime) -> None:
        async for gaps in self._gaps.pages(1000):
            closed = await self._search.closed(gaps, now)
            await self._gaps.mend([gap.id for gap in closed], now)

    async def _tell(self, exchange: AbstractExchange, now: datetime) -> None:
        for gap, state in await self._gaps.untold(TOLD):
            event = alert(gap, state, now)
            await publish_confirmed(exchange, message_of(event), event.type)
            await self._gaps.tell(gap, state)
            log.warning(event.data.name, why=gap.why, job=str(gap.job), kind=gap.kind, place=gap.place)

    async def _snapshot(self, soundings: Soundings) -> None:
        lines = await count(self._database, self._since(soundings.now))
        counts = await self._gaps.counts()
        metrics.GAPS.set(sum(each.count for each in counts))
        gaps: dict[str, int] = {line.kind: sum(each.count for each in counts if each.kind == line.kind) for line in lines}
        await self._timeline.snapshot(soundings.now, lines, gaps, soundings.ready.get(topology.UNROUTABLE))

    def _since(self, now: datetime) -> datetime:
        return now - timedelta(hours=self._settings.ledger_window_h)


def alert(gap: Gap, state: str, now: datetime) -> Event[Alert]:
    """Return the alert about a gap that is open, or was mended; its id follows from the gap's, so that it is raised once."""
    mended = state == "mended"
    said = f"Mended: job {gap.job} is complete again ({gap.why} at {gap.place})." if mended else gap.sentence
    data = Alert(
        name="ledger_mended" if mended else "ledger_gap",
        key=f"ledger/{gap.why}/{gap.kind}/{gap.place}",
        severity="info" if mended else "critical",
        summary=said,
        facts={"job": str(gap.job), "why": gap.why, "kind": gap.kind, "place": gap.place, "generation": gap.generation},
    )
    return Event[Alert](
        id=derive(gap.id, state),
        source="/faultmaven/record",
        type=TYPE,
        subject=gap.job,
        time=now,
        tenantid=gap.tenant,
        correlationid=str(gap.job),
        data=data,
    )
