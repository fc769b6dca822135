"""Job state in MongoDB: only forward, once, whatever the order."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from faultmaven_events.infra.jobs import Ending, Jobs
from faultmaven_events.infra.mongo import ensure_indexes, open_mongo
from faultmaven_events.schemas.job import Job
from faultmaven_events.schemas.outcome import Failure
from faultmaven_events.settings import Settings
from samples import event

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STAGES = {"classified": "classify", "sanitized": "sanitize", "processed": "process", "embedded": "embed"}


@pytest.fixture
async def jobs(settings: Settings) -> AsyncIterator[Jobs]:
    async with open_mongo(settings) as database:
        await ensure_indexes(database)
        yield Jobs(database)


def accepted(id: UUID, tenant: str = "acme") -> Job:
    facts = {"id": id, "tenant": tenant, "user": "ann", "kind": "ingest", "status": "accepted", "progress": 0, "correlation_id": "c"}
    return Job.model_validate({**facts, "created_at": NOW, "updated_at": NOW, "version": 0})


async def test_events_in_any_order_and_any_number_give_the_same_job(jobs: Jobs) -> None:
    id = uuid4()
    events = [event("ingest.submitted.v1", subject=id, time=NOW)]
    events += [
        event(f"ingest.{state}.v1", subject=id, stage=stage, waitedms=1, ranms=2, attempt=1, time=NOW) for state, stage in STAGES.items()
    ]
    order = [*events, *events]
    random.Random(4).shuffle(order)  # the seed makes the order the same every time
    for one in order:
        await jobs.project(one, Ending("completed", NOW, result={"n": 1}) if one.state == "embedded" else None)
    job = await jobs.get("acme", id)
    assert job is not None
    assert (job.status, job.progress, job.result, job.name) == ("completed", 1.0, {"n": 1}, "app.log")
    assert [run.state for run in job.stages] == ["done"] * 4 + ["waiting"]
    assert job.version == len(events) + 1


async def test_the_first_ending_stays(jobs: Jobs) -> None:
    id = uuid4()
    failure = Failure(code="deadline_exceeded", message="late", stage="process")
    await jobs.project(event("ingest.failed.v1", subject=id), Ending("expired", NOW, error=failure))
    await jobs.project(event("ingest.embedded.v1", subject=id), Ending("completed", NOW, result={}))
    job = await jobs.get("acme", id)
    assert job is not None
    assert (job.status, job.error) == ("expired", failure)


async def test_a_job_of_another_tenant_does_not_exist(jobs: Jobs) -> None:
    id = uuid4()
    await jobs.accept(accepted(id))
    assert await jobs.get("other", id) is None
    assert await jobs.existing("other", (id,), "ingest") == set()
    assert await jobs.existing("acme", (id,), "ingest") == {id}
    assert (await jobs.list("other"))[0] == []


async def test_the_list_pages_without_gaps_or_repeats(jobs: Jobs) -> None:
    ids = [UUID(int=n) for n in range(1, 8)]
    for id in ids:
        await jobs.accept(accepted(id))
    found, cursor = [], None
    while True:
        page, cursor = await jobs.list("acme", limit=3, cursor=cursor)
        found += [job.id for job in page]
        if cursor is None:
            break
    assert found == ids[::-1]


async def test_what_was_accepted_and_not_published_is_found_until_it_is(jobs: Jobs) -> None:
    id = uuid4()
    await jobs.accept(accepted(id), outbox=b"event")
    later = datetime.now(UTC) + timedelta(seconds=1)
    assert await jobs.unpublished(later) == [("acme", id, b"event")]
    await jobs.published("acme", id)
    assert await jobs.unpublished(later) == []


async def test_watching_shows_each_change_and_ends_with_the_job(jobs: Jobs) -> None:
    id = uuid4()
    await jobs.accept(accepted(id))
    seen = []
    async for job in jobs.watch("acme", id):
        seen.append(job.status)
        if len(seen) == 1:
            await jobs.project(event("ingest.classified.v1", subject=id, stage="classify"))
        elif len(seen) == 2:
            await jobs.project(event("ingest.embedded.v1", subject=id, stage="embed"), Ending("completed", NOW, result={}))
    assert seen == ["accepted", "running", "completed"]


async def test_watching_nothing_ends_at_once(jobs: Jobs) -> None:
    assert [job async for job in jobs.watch("acme", uuid4())] == []
