"""The gather stage: joins a question with its evidence, whichever comes first, and goes on when all is there or the time is up."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import structlog

from faultmaven_events.consumers.gather.gatherings import Gatherings
from faultmaven_events.consumers.stage import Handler
from faultmaven_events.errors import TransientError
from faultmaven_events.infra.mongo import ensure_indexes, open_mongo
from faultmaven_events.producers.publish import Publisher, open_publisher
from faultmaven_events.schemas.event import Event
from faultmaven_events.settings import Settings

TICK = 1.0
"""Seconds between two looks for questions whose time is up."""

log = structlog.get_logger()


async def _watch(gatherings: Gatherings, publisher: Publisher) -> None:
    while True:
        try:
            for follow in await gatherings.overdue(datetime.now(UTC)):
                facts = {"stage": "gather", "attempt": 1, "consumer": "gather/overdue", "datahash": follow.digest()}
                await publisher.publish(follow.stamped(**facts))
                await gatherings.settle(follow)
                log.info("gathered_overdue", job=str(follow.subject), missing=len(follow.data.missing))
        except TransientError as error:
            log.warning("overdue_not_gathered", error=str(error))
        await asyncio.sleep(TICK)


@asynccontextmanager
async def open_stage(settings: Settings) -> AsyncIterator[Handler]:
    """Open Mongo, start looking for overdue questions, and yield the handler."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_mongo(settings))
        publisher = await stack.enter_async_context(open_publisher(settings))
        await ensure_indexes(database)
        gatherings = Gatherings(database, settings.job_deadline_s)
        watching = asyncio.create_task(_watch(gatherings, publisher))
        stack.callback(watching.cancel)

        async def gather(event: Event[Any]) -> Sequence[Event[Any]]:
            """A question waits; evidence arrives; what was cancelled is waited for no more."""
            if event.kind != "troubleshoot":
                return await gatherings.arrive(event)
            if event.state == "cancelled":
                await gatherings.cancel(event)
                return []
            return await gatherings.ask(event)

        yield gather
