"""The record stage: writes down what every event says of its job (Mongo) and when it happened (Timescale), and completes jobs."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from pydantic_core import from_json

from faultmaven_events.consumers.record.project import ended, evidence_result, is_last
from faultmaven_events.consumers.record.reconciler import Reconciler
from faultmaven_events.consumers.record.series import SERIES, Keeper
from faultmaven_events.consumers.record.writer import Writer
from faultmaven_events.consumers.stage import Handler
from faultmaven_events.infra.blobs import Blobs, open_blobs
from faultmaven_events.infra.drafts import keep_sweeping
from faultmaven_events.infra.jobs import Ending, Jobs
from faultmaven_events.infra.leftovers import keep_sweeping_raw
from faultmaven_events.infra.mongo import ensure_indexes, open_mongo
from faultmaven_events.infra.points import PointStore
from faultmaven_events.infra.timescale import open_timeline
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.outcome import Completed
from faultmaven_events.settings import Settings


async def _result(event: Event[Any], blobs: Blobs) -> dict[str, Any]:
    if event.kind != "troubleshoot":
        return evidence_result(event)
    report = from_json(await blobs.read(event.tenantid, event.data.report))
    markdown = (await blobs.read(event.tenantid, event.data.markdown)).decode()
    return {"report": report, "markdown": markdown}


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def open_stage(settings: Settings) -> AsyncIterator[Handler]:
    """Open the stores and yield the handler."""
    async with AsyncExitStack() as stack:
        blobs = await stack.enter_async_context(open_blobs(settings))
        database = await stack.enter_async_context(open_mongo(settings))
        timeline = await stack.enter_async_context(open_timeline(settings))
        await ensure_indexes(database)
        writer, keeper = Writer(database, timeline), Keeper(blobs, Jobs(database), PointStore(timeline))
        stack.push_async_callback(writer.close)
        stack.push_async_callback(_end, asyncio.create_task(Reconciler(database, timeline, settings).run()))
        stack.push_async_callback(_end, asyncio.create_task(keep_sweeping_raw(blobs.store, database, settings.raw_hours)))
        if settings.blob_url is None:
            stack.push_async_callback(_end, asyncio.create_task(keep_sweeping(settings.home / "blobs")))

        async def record(event: Event[Any]) -> Sequence[Event[Any]]:
            """Store what an event says; after a job's last one, its result, then announce that it is completed."""
            if event.kind == SERIES:
                await keeper.keep(event)
            if not is_last(event):
                await writer.write(event, ended(event))
                if event.state == "cancelled":
                    await keeper.forget(event)
                return []
            result = await _result(event, blobs)
            await writer.write(event, Ending("completed", event.time, result=result))
            summary = event.data.model_dump(mode="json") if event.kind == "troubleshoot" else result
            return [event.follow("record", "completed", Completed(result=summary))]

        yield record
