"""Job state in MongoDB: only forward, once, whatever the order, and however many write at once."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from faultmaven_events.errors import FaultmavenError, InvalidEvent, UnknownReference
from faultmaven_events.infra.jobs import Ending, Jobs, Projection
from faultmaven_events.infra.mongo import Database, ensure_indexes, open_mongo
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.job import Job
from faultmaven_events.schemas.outcome import Failure
from faultmaven_events.settings import Settings
from samples import event

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STAGES = {"classified": "classify", "sanitized": "sanitize", "processed": "process", "embedded": "embed"}


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    async with open_mongo(settings) as database:
        await ensure_indexes(database)
        yield database


@pytest.fixture
def jobs(database: Database) -> Jobs:
    return Jobs(database)


@pytest.fixture
def projection(database: Database) -> Projection:
    return Projection(database)


def accepted(id: UUID, tenant: str = "acme") -> Job:
    facts = {"id": id, "tenant": tenant, "user": "ann", "kind": "ingest", "status": "accepted", "progress": 0, "correlation_id": "c"}
    return Job.model_validate({**facts, "created_at": NOW, "updated_at": NOW, "version": 0})


def changes(id: UUID) -> list[tuple[Event[Any], Ending | None]]:
    """The life of a job, as record sees it."""
    life = [event("ingest.submitted.v1", subject=id, time=NOW)]
    life += [
        event(f"ingest.{state}.v1", subject=id, stage=stage, waitedms=1, ranms=2, attempt=1, time=NOW) for state, stage in STAGES.items()
    ]
    return [(one, Ending("completed", NOW, result={"n": 1}) if one.state == "embedded" else None) for one in life]


async def test_events_in_any_order_and_any_number_give_the_same_job(jobs: Jobs, projection: Projection) -> None:
    id = uuid4()
    order = changes(id) * 2
    random.Random(4).shuffle(order)  # the seed makes the order the same every time
    for one, ending in order:
        await projection.project(one, ending)
    job = await jobs.get("acme", id)
    assert job is not None
    assert (job.status, job.progress, job.result, job.name) == ("completed", 1.0, {"n": 1}, "app.log")
    assert [run.state for run in job.stages] == ["done"] * 4 + ["waiting"]


async def test_two_processes_that_write_the_same_jobs_at_once_lose_nothing(jobs: Jobs, database: Database) -> None:
    ids = [uuid4() for _ in range(5)]
    every = [change for id in ids for change in changes(id)]
    random.Random(5).shuffle(every)  # as above
    sides = [Projection(database) for _ in range(4)]
    outcomes = await asyncio.gather(*(side.apply(every[at : at + 7]) for at in range(0, len(every), 7) for side in sides))
    assert not any(outcome for group in outcomes for outcome in group)
    for id in ids:
        job = await jobs.get("acme", id)
        assert job is not None
        assert (job.status, job.result) == ("completed", {"n": 1})
        assert [run.state for run in job.stages] == ["done"] * 4 + ["waiting"]


async def test_completed_replaces_an_ending_that_was_none(jobs: Jobs, projection: Projection) -> None:
    id = uuid4()
    failure = Failure(code="deadline_exceeded", message="late", stage="process")
    await projection.project(event("ingest.failed.v1", subject=id), Ending("expired", NOW, error=failure))
    found = await jobs.get("acme", id)
    assert found is not None
    assert (found.status, found.error) == ("expired", failure)
    await projection.project(event("ingest.embedded.v1", subject=id), Ending("completed", NOW, result={}))
    job = await jobs.get("acme", id)
    assert job is not None
    assert (job.status, job.error, [past.status for past in job.history]) == ("completed", None, ["expired"])


async def test_a_tenant_that_names_another_tenants_job_is_refused_and_changes_nothing(jobs: Jobs, projection: Projection) -> None:
    id, own = uuid4(), event("ingest.classified.v1", tenantid="other")
    await projection.project(event("ingest.submitted.v1", subject=id))
    before = await jobs.get("acme", id)
    outcomes = await projection.apply([(event("ingest.classified.v1", subject=id, tenantid="other"), None), (own, None)])
    assert isinstance(outcomes[0], UnknownReference)
    assert outcomes[1] is None
    assert await jobs.get("acme", id) == before
    assert await jobs.get("other", id) is None
    assert await jobs.get("other", own.subject) is not None


@pytest.mark.parametrize("bad", [{"waitedms": 10**30}, {"generation": 10**30}], ids=["waited", "generation"])
async def test_an_event_that_cannot_be_stored_does_not_fail_its_neighbours(jobs: Jobs, projection: Projection, bad: dict[str, Any]) -> None:
    id = uuid4()
    fine, unfit = (
        event("ingest.submitted.v1", subject=id),
        event("ingest.classified.v1", subject=id, stage="classify").model_copy(update=bad),
    )
    stranger = event("ingest.submitted.v1")
    outcomes: list[FaultmavenError | None] = await projection.apply([(fine, None), (unfit, None), (stranger, None)])
    assert outcomes[0] is None
    assert isinstance(outcomes[1], InvalidEvent)
    assert outcomes[2] is None
    job = await jobs.get("acme", id)
    assert job is not None
    assert (job.name, job.stages[0].state) == (f"upload-{id.hex[-8:]}.log", "waiting")
    assert await jobs.get("acme", stranger.subject) is not None


async def test_a_job_that_has_ended_keeps_no_event_of_the_door(jobs: Jobs, projection: Projection, database: Database) -> None:
    id = uuid4()
    await jobs.accept(accepted(id), outbox=b"event")
    assert await database["jobs"].count_documents({"_id": id, "outbox": b"event"}) == 1
    await projection.project(event("ingest.embedded.v1", subject=id), Ending("completed", NOW, result={}))
    assert (
        await database["jobs"].count_documents({"_id": id, "$or": [{"outbox": {"$exists": True}}, {"outbox_at": {"$exists": True}}]}) == 0
    )


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


async def test_watching_shows_each_change_and_ends_with_the_job(jobs: Jobs, projection: Projection) -> None:
    id = uuid4()
    await jobs.accept(accepted(id))
    seen = []
    async for job in jobs.watch("acme", id):
        seen.append(job.status)
        if len(seen) == 1:
            await projection.project(event("ingest.classified.v1", subject=id, stage="classify"))
        elif len(seen) == 2:
            await projection.project(event("ingest.embedded.v1", subject=id, stage="embed"), Ending("completed", NOW, result={}))
    assert seen == ["accepted", "running", "completed"]


async def test_watching_nothing_ends_at_once(jobs: Jobs) -> None:
    assert [job async for job in jobs.watch("acme", uuid4())] == []
