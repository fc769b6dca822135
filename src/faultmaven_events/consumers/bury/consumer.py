"""The bury stage: keeps dead letters in Mongo, where people look for them, tells their jobs, and sends letters on their way again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from faultmaven_events.consumers.bury.verdict import failure
from faultmaven_events.consumers.bury.worker import Worker
from faultmaven_events.consumers.stage import Handler
from faultmaven_events.infra.keys import required_key
from faultmaven_events.infra.letters import Letters
from faultmaven_events.infra.mongo import ensure_indexes, open_mongo
from faultmaven_events.schemas.event import Event
from faultmaven_events.settings import Settings


@asynccontextmanager
async def open_stage(settings: Settings) -> AsyncIterator[Handler]:
    """Open Mongo, start the worker of the workbench beside the stage, and yield the handler."""
    clean_key = required_key(settings, "clean")
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_mongo(settings))
        await ensure_indexes(database)
        letters = Letters(database)

        async def bury(event: Event[Any]) -> Sequence[Event[Any]]:
            """Store a letter under its id, then publish what its job has to know."""
            await letters.keep(event.data, clean_key)
            told = failure(event.data, event.time)
            return [told] if told else []

        working = asyncio.create_task(Worker(database, settings, clean_key).run())
        try:
            yield bury
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
