"""`GET /api/v1/jobs/{id}` says why a job is not done: over HTTP, from real stores."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from redis.asyncio import Redis

from faultmaven_events.consumers.gather.gatherings import Gatherings
from faultmaven_events.infra.control import Control
from faultmaven_events.infra.jobs import Ending, Projection
from faultmaven_events.infra.mongo import Database, open_mongo
from faultmaven_events.infra.servers.stack import Urls
from faultmaven_events.producers.http import heartbeats
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.outcome import Failure
from faultmaven_events.schemas.question import QuestionSanitized
from faultmaven_events.settings import Settings
from faultmaven_events.topology import BY_NAME, PATHS
from http_door import empty, open_shared
from samples import DATA, event

TENANT = {"X-Tenant-Id": "acme"}
Shared = tuple[Settings, httpx.AsyncClient]


@pytest.fixture(scope="module")
async def shared(stack: Urls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shared]:
    async with open_shared(stack, tmp_path_factory.mktemp("home")) as both:
        yield both


@pytest.fixture
async def settings(shared: Shared, monkeypatch: pytest.MonkeyPatch) -> Settings:
    await empty(shared[0])
    monkeypatch.setattr(heartbeats, "FRESH", 0.0)
    return shared[0]


@pytest.fixture
def door(shared: Shared, settings: Settings) -> httpx.AsyncClient:
    return shared[1]


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    async with open_mongo(settings) as database:
        yield database


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    assert settings.redis_url is not None
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        yield redis
        async for key in redis.scan_iter(f"{settings.redis_prefix}:*"):
            await redis.delete(key)


async def live(redis: Redis, settings: Settings, *stages: str, **facts: Any) -> None:
    """Beat for consumers as they do."""
    said = {"version": "1", "pid": 1, "in_flight": 1, "handled": 10, "idle_s": 0.5, "paused": False, **facts}
    for stage in stages or BY_NAME:
        await redis.set(f"{settings.redis_prefix}:consumer:{stage}:1/host:1", json.dumps(said), ex=60)


async def moved(database: Database, state: str, *, since: float = 0.0, kind: str = "ingest", job: UUID | None = None, **more: Any) -> UUID:
    """Project a job up to a state that it reached so many seconds ago."""
    id, at = job or uuid4(), datetime.now(UTC) - timedelta(seconds=since)
    for each in ("submitted", state):
        await Projection(database).project(event(f"{kind}.{each}.v1", subject=id, time=at, **more))
    return id


async def waiting(door: httpx.AsyncClient, id: UUID) -> dict[str, Any]:
    answer = await door.get(f"/api/v1/jobs/{id}", headers=TENANT)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()["waiting"]
    return found


async def test_a_job_behind_others_shows_its_position_across_tenants_and_not_their_ids(
    door: httpx.AsyncClient, database: Database, redis: Redis, settings: Settings
) -> None:
    await live(redis, settings)
    others = [await moved(database, "sanitized", since=30 - n, tenantid="other") for n in range(3)]
    await moved(database, "sanitized", since=40, kind="document")
    await moved(database, "classified", since=50)
    id = await moved(database, "sanitized", since=5)
    found = await waiting(door, id)
    assert (found["condition"], found["stage"], found["queue"], found["position"]) == ("queued", "process", "fm.process", 4)
    assert found["oldest_ahead_s"] >= 30
    assert found["consumers"] == 1
    assert not any(str(other) in json.dumps(found) for other in others)


async def test_without_a_live_consumer_it_is_stalled(door: httpx.AsyncClient, database: Database, redis: Redis, settings: Settings) -> None:
    await live(redis, settings, *(set(BY_NAME) - {"process"}))
    found = await waiting(door, await moved(database, "sanitized"))
    assert (found["condition"], found["consumers"]) == ("stalled", 0)


async def test_a_paused_stage_is_named_with_who_paused_it(
    door: httpx.AsyncClient, database: Database, redis: Redis, settings: Settings
) -> None:
    await live(redis, settings, paused=True)
    await Control(redis, settings.redis_prefix).pause("process", by="ann", reason="a bad deploy")
    found = await waiting(door, await moved(database, "sanitized"))
    assert found["condition"] == "paused"
    assert "ann" in found["explanation"]


async def test_a_delay_shows_the_error_and_the_next_attempt(
    door: httpx.AsyncClient, database: Database, redis: Redis, settings: Settings
) -> None:
    await live(redis, settings)
    id, next_at = await moved(database, "sanitized"), datetime.now(UTC) + timedelta(seconds=60)
    note = event("ingest.delayed.v1", subject=id, stage="process")
    error = Failure(code="temporarily_unavailable", message="the disk is slow", stage="process", attempts=2, retryable=True)
    await Projection(database).project(note.model_copy(update={"data": note.data.model_copy(update={"error": error, "next_at": next_at})}))
    found = await waiting(door, id)
    assert found["condition"] == "delayed"
    assert found["last_error"]["message"] == "the disk is slow"
    assert datetime.fromisoformat(found["next_retry_at"]) == next_at.replace(microsecond=next_at.microsecond // 1000 * 1000)


async def test_a_question_names_the_evidence_that_it_waits_for(
    door: httpx.AsyncClient, database: Database, redis: Redis, settings: Settings
) -> None:
    await live(redis, settings)
    there, slow = await moved(database, "sanitized"), await moved(database, "classified")
    data = QuestionSanitized.model_validate({**DATA["troubleshoot.sanitized.v1"], "evidence": (there, slow)})
    asked: Event[QuestionSanitized] = event("troubleshoot.sanitized.v1").model_copy(update={"data": data})
    await Projection(database).project(asked)
    gatherings = Gatherings(database, limit=600)
    await gatherings.ask(asked)
    await gatherings.arrive(event("ingest.completed.v1", subject=there))
    found = await waiting(door, asked.subject)
    assert (found["condition"], found["stage"]) == ("gathering", "gather")
    assert f"1 of its 2 pieces of evidence: upload-{slow.hex[-8:]}.log, job {slow} (running in sanitize)" in found["explanation"]


async def test_what_the_broker_does_not_have_yet_is_unpublished(door: httpx.AsyncClient, database: Database) -> None:
    answer = await door.post("/api/v1/data", files={"file": ("a.log", b"ERROR\n")}, headers=TENANT)
    id, earlier = UUID(answer.json()["job_id"]), datetime.now(UTC) - timedelta(seconds=3)
    async with settled(database, id):
        await database["jobs"].update_one({"_id": id}, {"$set": {"outbox": b"no event", "outbox_at": earlier}})
        assert (await waiting(door, id))["condition"] == "unpublished"


class settled:  # noqa: N801 # reads as what it does
    """The job's outbox is empty before, and removed after, so that the sweeper never takes up what the test put there."""

    def __init__(self, database: Database, id: UUID) -> None:
        self.jobs, self.id = database["jobs"], id

    async def __aenter__(self) -> None:
        import asyncio

        async with asyncio.timeout(10):
            while await self.jobs.count_documents({"_id": self.id, "outbox_at": {"$exists": True}}):  # noqa: ASYNC110 # another task's write
                await asyncio.sleep(0.02)

    async def __aexit__(self, *_: object) -> None:
        await self.jobs.update_one({"_id": self.id}, {"$unset": {"outbox": "", "outbox_at": ""}})


async def test_the_estimate_rests_on_jobs_that_completed(
    door: httpx.AsyncClient, database: Database, redis: Redis, settings: Settings
) -> None:
    await live(redis, settings)
    for _ in range(6):
        id = await moved(database, "classified", since=60, stage="classify", waitedms=100, ranms=400)
        for stage, state in zip(PATHS["ingest"][1:], ("sanitized", "processed", "embedded", "completed"), strict=True):
            done = event(f"ingest.{state}.v1", subject=id, stage=stage, waitedms=500, ranms=1500)
            await Projection(database).project(done, Ending("completed", datetime.now(UTC), result={}) if state == "completed" else None)
    found = await waiting(door, await moved(database, "embedded", stage="embed"))
    assert 1.5 < found["eta_s"] <= 2.0
    assert found["eta_basis"] == "medians of the last 6 completed jobs of this kind"


async def test_a_job_that_later_ones_passed_long_ago_is_starved_and_told_where_it_may_lie(
    door: httpx.AsyncClient, database: Database, redis: Redis, settings: Settings
) -> None:
    await live(redis, settings)
    id = await moved(database, "sanitized", since=3000)
    later = await moved(database, "sanitized", since=2900, tenantid="other")
    done = datetime.now(UTC) - timedelta(seconds=2800)
    processed = event("ingest.processed.v1", subject=later, tenantid="other", stage="process", waitedms=100, ranms=100, time=done)
    await Projection(database).project(processed)
    await Projection(database).project(
        event("ingest.embedded.v1", subject=later, tenantid="other", time=done), Ending("completed", done, {})
    )
    found = await waiting(door, id)
    assert (found["condition"], found["position"]) == ("starved", 1)
    assert "fm.process.crowd" in found["explanation"]


async def test_a_job_behind_many_of_its_own_tenant_is_told_of_the_crowds_lane(
    door: httpx.AsyncClient, database: Database, redis: Redis, settings: Settings
) -> None:
    await live(redis, settings)
    for n in range(4):
        await moved(database, "sanitized", since=200 + n)
    found = await waiting(door, await moved(database, "sanitized", since=190))
    assert (found["condition"], found["position"]) == ("starved", 5)
    assert "4 jobs of its own tenant" in found["explanation"]


async def test_neither_the_list_nor_a_job_that_has_ended_carries_it(door: httpx.AsyncClient, database: Database) -> None:
    id = await moved(database, "sanitized")
    page = (await door.get("/api/v1/jobs", headers=TENANT)).json()["items"]
    assert [job["waiting"] for job in page] == [None]
    assert await waiting(door, id) is not None
    await Projection(database).project(event("ingest.embedded.v1", subject=id), Ending("completed", datetime.now(UTC), result={}))
    assert await waiting(door, id) is None


async def test_a_reason_that_passes_does_not_change_the_entity_tag(door: httpx.AsyncClient, database: Database) -> None:
    id = await moved(database, "sanitized", since=10)
    first = await door.get(f"/api/v1/jobs/{id}", headers=TENANT)
    await moved(database, "sanitized", since=20)
    assert (await waiting(door, id))["position"] == 2
    again = await door.get(f"/api/v1/jobs/{id}", headers={**TENANT, "If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
