"""The record stage: projects every event onto its job (Mongo) and into what happened when (Timescale), and completes jobs."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from pydantic_core import from_json

from faultmaven_events.consumers.record.project import evidence_result, failed, is_last
from faultmaven_events.consumers.stage import Handler
from faultmaven_events.infra.blobs import Blobs, open_blobs
from faultmaven_events.infra.jobs import Ending, Jobs
from faultmaven_events.infra.mongo import ensure_indexes, open_mongo
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


@asynccontextmanager
async def open_stage(settings: Settings) -> AsyncIterator[Handler]:
    """Open the stores and yield the handler."""
    async with AsyncExitStack() as stack:
        blobs = await stack.enter_async_context(open_blobs(settings))
        database = await stack.enter_async_context(open_mongo(settings))
        timeline = await stack.enter_async_context(open_timeline(settings))
        await ensure_indexes(database)
        jobs = Jobs(database)

        async def record(event: Event[Any]) -> Sequence[Event[Any]]:
            """Store what an event says; after a job's last one, its result, then announce that it is completed."""
            if is_last(event):
                result = await _result(event, blobs)
                await timeline.record(event, "done")
                await jobs.project(event, Ending("completed", event.time, result=result))
                summary = {k: v for k, v in result.items() if k not in {"report", "markdown"}}
                if event.kind == "troubleshoot":
                    summary = event.data.model_dump(mode="json")
                return [event.follow("record", "completed", Completed(result=summary))]
            await timeline.record(event, "failed" if event.state == "failed" else "done")
            await jobs.project(event, failed(event) if event.state == "failed" else None)
            return []

        yield record
