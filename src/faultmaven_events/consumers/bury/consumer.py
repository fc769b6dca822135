"""The bury stage: keeps dead letters in Mongo, where people look for them, and tells their jobs."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from faultmaven_events.consumers.bury.verdict import failure
from faultmaven_events.consumers.stage import Handler
from faultmaven_events.infra.mongo import ensure_indexes, mongo_errors, open_mongo
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.letter import Letter
from faultmaven_events.settings import Settings


@asynccontextmanager
async def open_stage(settings: Settings) -> AsyncIterator[Handler]:
    """Open Mongo and yield the handler."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_mongo(settings))
        await ensure_indexes(database)

        async def bury(event: Event[Any]) -> Sequence[Event[Any]]:
            """Store a letter under its id, then publish what its job has to know."""
            letter: Letter = event.data
            document = letter.model_dump(exclude={"id"})
            with mongo_errors():
                await database["dead_letters"].update_one({"_id": letter.id}, {"$setOnInsert": {**document, "state": "dead"}}, upsert=True)
            told = failure(letter, event.time)
            return [told] if told else []

        yield bury
