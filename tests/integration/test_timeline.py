"""What happened when, in PostgreSQL."""

import asyncio

from faultmaven_events.infra.timescale import open_timeline
from faultmaven_events.settings import Settings
from samples import event


async def test_an_event_is_written_once_however_often_and_from_however_many_sides_it_comes(settings: Settings) -> None:
    run = event("ingest.classified.v1", stage="classify", waitedms=3, ranms=4, attempt=1, consumer="c")
    again = event("ingest.classified.v1", id=run.id, subject=run.subject, stage="classify", ranms=9)
    async with open_timeline(settings) as timeline:
        await asyncio.gather(*(timeline.record(one, "done") for one in (run, again) * 10))
        runs = await timeline.runs("acme", run.subject)
    assert len(runs) == 1
    assert runs[0]["stage"] == "classify"


async def test_runs_of_another_tenant_are_not_shown(settings: Settings) -> None:
    run = event("ingest.classified.v1", stage="classify")
    async with open_timeline(settings) as timeline:
        await timeline.record(run, "done")
        assert await timeline.runs("other", run.subject) == []


async def test_preparing_twice_changes_nothing(settings: Settings) -> None:
    async with open_timeline(settings) as first:
        await first.record(event("ingest.submitted.v1"), "done")
        async with open_timeline(settings) as second:
            assert await second.prepare() in {"postgresql", "timescaledb"}
