"""The record stage's handler on real stores: many events at once, each to its own end."""

import asyncio

from faultmaven_events.consumers.record.consumer import open_stage
from faultmaven_events.errors import InvalidEvent, UnknownReference
from faultmaven_events.infra.jobs import Jobs
from faultmaven_events.infra.mongo import open_mongo
from faultmaven_events.infra.timescale import open_timeline
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.registry import model
from faultmaven_events.settings import Settings
from samples import event


def raised(**attributes: object) -> Event[object]:
    data = {"name": "ledger_gap", "key": "k", "severity": "critical", "summary": "a job is missing"}
    whole = event("ingest.submitted.v1", **attributes).model_dump() | {"type": "alert.raised.v1", "data": data}
    return model("alert.raised.v1").model_validate(whole)


async def test_of_many_events_at_once_each_has_its_own_outcome(settings: Settings) -> None:
    first = event("ingest.submitted.v1")
    foreign = event("ingest.classified.v1", subject=first.subject, tenantid="other")
    unfit = event("ingest.classified.v1", stage="classify", consumer="a\x00b")
    alert = raised()
    many = [event("ingest.classified.v1", stage="classify") for _ in range(40)]
    async with open_stage(settings) as record, open_mongo(settings) as database, open_timeline(settings) as timeline:
        await record(first)
        outcomes = await asyncio.gather(*map(record, (*many, foreign, unfit, alert, alert)), return_exceptions=True)
        assert outcomes[:40] == [[]] * 40
        assert [type(outcome) for outcome in outcomes[40:]] == [UnknownReference, InvalidEvent, list, list]
        assert await database["jobs"].count_documents({"tenant": "acme", "status": "running"}) >= 40
        assert [found["_id"] async for found in database["alerts"].find({"tenant": "acme"})] == [alert.id]
        for each in many:
            assert len(await timeline.runs("acme", each.subject)) == 1
        assert await Jobs(database).get("other", first.subject) is None


async def test_the_last_event_completes_its_job_and_says_so_the_same_way_again(settings: Settings) -> None:
    last = event("ingest.embedded.v1", stage="embed")
    async with open_stage(settings) as record, open_mongo(settings) as database:
        (completed,), (again,) = await record(last), await record(last)
        assert completed.type == "ingest.completed.v1"
        assert (completed.id, completed.data) == (again.id, again.data)
        job = await Jobs(database).get("acme", last.subject)
    assert job is not None
    assert (job.status, job.result) == ("completed", completed.data.result)


async def test_a_cancelled_job_stays_cancelled_whatever_comes_after(settings: Settings) -> None:
    last = event("ingest.embedded.v1", stage="embed")
    async with open_stage(settings) as record, open_mongo(settings) as database:
        await record(event("ingest.cancelled.v1", subject=last.subject))
        await record(last)
        job = await Jobs(database).get("acme", last.subject)
    assert job is not None
    assert (job.status, job.result, [past.status for past in job.history]) == ("cancelled", None, ["completed"])
