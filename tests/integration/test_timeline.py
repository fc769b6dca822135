"""What happened when, in PostgreSQL."""

import asyncio
import random
from typing import Any

import pytest

from faultmaven_events.errors import InvalidEvent
from faultmaven_events.infra.timescale import open_timeline
from faultmaven_events.settings import Settings
from samples import event


async def test_an_event_is_written_once_however_often_and_from_however_many_sides_it_comes(settings: Settings) -> None:
    run = event("ingest.classified.v1", stage="classify", waitedms=3, ranms=4, attempt=1, consumer="c")
    again = event("ingest.classified.v1", id=run.id, subject=run.subject, stage="classify", ranms=9)
    async with open_timeline(settings) as timeline:
        await asyncio.gather(*(timeline.record([(one, "done")]) for one in (run, again) * 10))
        runs = await timeline.runs("acme", run.subject)
    assert len(runs) == 1
    assert runs[0]["stage"] == "classify"


async def test_processes_that_write_the_same_groups_in_other_orders_do_not_wait_for_each_other_for_ever(settings: Settings) -> None:
    events = [event("ingest.classified.v1", stage="classify") for _ in range(40)]
    orders = [random.Random(seed).sample(events, len(events)) for seed in range(12)]
    async with open_timeline(settings) as one, open_timeline(settings) as other:
        sides = [one, other] * 6
        await asyncio.gather(*(side.record([(each, "done") for each in order]) for side, order in zip(sides, orders, strict=True)))
        for each in events:
            assert len(await one.runs("acme", each.subject)) == 1


@pytest.mark.parametrize(
    "bad", [{"consumer": "a\x00b"}, {"waitedms": 10**30}, {"attempt": 2**40}], ids=["zero-byte", "huge-number", "number-over-the-column"]
)
async def test_an_event_that_cannot_be_stored_does_not_fail_its_neighbours(settings: Settings, bad: dict[str, Any]) -> None:
    fine = [event("ingest.classified.v1", stage="classify") for _ in range(6)]
    unfit = event("ingest.classified.v1", stage="classify", **bad)
    async with open_timeline(settings) as timeline:
        outcomes = await timeline.record([(each, "done") for each in (*fine[:2], unfit, *fine[2:])])
        assert [type(outcome) for outcome in outcomes] == [type(None)] * 2 + [InvalidEvent] + [type(None)] * 4
        for each in fine:
            assert len(await timeline.runs("acme", each.subject)) == 1


async def test_runs_of_another_tenant_are_not_shown(settings: Settings) -> None:
    run = event("ingest.classified.v1", stage="classify")
    async with open_timeline(settings) as timeline:
        await timeline.record([(run, "done")])
        assert await timeline.runs("other", run.subject) == []


async def test_preparing_twice_changes_nothing(settings: Settings) -> None:
    async with open_timeline(settings) as first:
        await first.record([(event("ingest.submitted.v1"), "done")])
        async with open_timeline(settings) as second:
            assert await second.prepare() in {"postgresql", "timescaledb"}
