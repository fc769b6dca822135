"""Cancelling and retrying a job, and the way that it took, over HTTP."""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from redis.asyncio import Redis

from faultmaven_events.infra.control import Control
from faultmaven_events.infra.jobs import Ending, Projection
from faultmaven_events.infra.mongo import Database, open_mongo
from faultmaven_events.infra.servers.stack import Urls
from faultmaven_events.schemas.event import derive
from faultmaven_events.schemas.outcome import Failure
from faultmaven_events.settings import Settings
from faultmaven_events.topology import PATHS
from http_door import empty, events, open_shared, problem
from samples import event

TENANT = {"X-Tenant-Id": "acme", "X-User-Id": "ann"}
Shared = tuple[Settings, httpx.AsyncClient]


@pytest.fixture(scope="module")
async def shared(stack: Urls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shared]:
    async with open_shared(stack, tmp_path_factory.mktemp("home")) as both:
        yield both


@pytest.fixture
async def settings(shared: Shared) -> Settings:
    await empty(shared[0])
    for queue in ("fm.record", "fm.record.question", "fm.gather"):
        await events(shared[0], queue)
    return shared[0]


@pytest.fixture
def door(shared: Shared, settings: Settings) -> httpx.AsyncClient:
    return shared[1]


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    async with open_mongo(settings) as database:
        await database["dead_letters"].delete_many({})
        await database["redrives"].delete_many({})
        yield database


async def running(database: Database, kind: str = "ingest") -> UUID:
    id = uuid4()
    for state in ("submitted", "classified"):
        await Projection(database).project(event(f"{kind}.{state}.v1", subject=id))
    return id


async def failed(database: Database, status: str = "failed", stage: str = "sanitize") -> UUID:
    id = await running(database)
    error = Failure(code="internal_error", message="unexpected KeyError", stage=stage, attempts=4, retryable=True)
    await Projection(database).project(event("ingest.failed.v1", subject=id), Ending(status, datetime.now(UTC), error=error))
    return id


async def bury(database: Database, job: UUID, **facts: Any) -> UUID:
    """Store a letter as bury does."""
    id = uuid4()
    known = {"code": "internal_error", "error": "KeyError", "message": "unexpected KeyError", "fingerprint": "0" * 16, "consumer": "c"}
    letter = {
        "_id": id,
        "job_id": job,
        "tenant": "acme",
        "stage": "sanitize",
        "state": "dead",
        "died_at": datetime.now(UTC),
        "attempts": [],
    }
    await database["dead_letters"].insert_one({**letter, **known, "generation": 0, "type": "ingest.classified.v1", **facts})
    return id


async def order(door: httpx.AsyncClient, id: UUID, what: str, **options: Any) -> httpx.Response:
    return await door.post(f"/api/v1/jobs/{id}/{what}", **{"headers": TENANT, **options})


@pytest.mark.parametrize("kind", ["ingest", "document", "troubleshoot"])
async def test_a_cancelled_job_is_told_to_everybody_once_however_often_it_is_cancelled(
    door: httpx.AsyncClient, settings: Settings, database: Database, kind: str
) -> None:
    id = await running(database, kind)
    answers = [await order(door, id, "cancel", json={"reason": "wrong file"}), await order(door, id, "cancel")]
    assert [(answer.status_code, answer.json()["status"]) for answer in answers] == [(202, "cancelling")] * 2
    assert answers[0].headers["location"] == f"/api/v1/jobs/{id}"
    told = await events(settings, "fm.record.question" if kind == "troubleshoot" else "fm.record")
    assert [(each.type, each.subject, each.tenantid) for each in told] == [(f"{kind}.cancelled.v1", id, "acme")] * 2
    assert len({each.id for each in told}) == 1
    assert (told[0].data.by, told[0].data.reason) == ("ann", "wrong file")
    assert len(await events(settings, "fm.gather")) == (0 if kind == "document" else 2)


async def test_consumers_are_ordered_to_drop_a_cancelled_job(door: httpx.AsyncClient, settings: Settings, database: Database) -> None:
    id = await running(database)
    await order(door, id, "cancel")
    assert settings.redis_url is not None
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        assert id in await Control(redis, settings.redis_prefix).cancelled(0)


@pytest.mark.parametrize("status", ["completed", "failed", "expired", "cancelled"])
async def test_what_has_ended_cannot_be_cancelled(door: httpx.AsyncClient, settings: Settings, database: Database, status: str) -> None:
    id = await running(database)
    await Projection(database).project(event("ingest.failed.v1", subject=id), Ending(status, datetime.now(UTC)))
    answer = await order(door, id, "cancel")
    assert (answer.status_code, problem(answer)) == (409, "job-ended")
    assert await events(settings, "fm.record") == []


@pytest.mark.parametrize("what", ["cancel", "retry"])
async def test_nobody_orders_anything_about_a_job_of_another_tenant(door: httpx.AsyncClient, database: Database, what: str) -> None:
    id = await failed(database) if what == "retry" else await running(database)
    await bury(database, id)
    answer = await order(door, id, what, headers={"X-Tenant-Id": "other"})
    assert (answer.status_code, problem(answer)) == (404, "unknown-job")
    assert await database["redrives"].count_documents({}) == 0


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed-json"),
        (b"[]", 422, "invalid-request"),
        (b'{"reason": 1}', 422, "invalid-request"),
        (b'{"why": "x"}', 422, "invalid-request"),
        (b'{"reason": "a\\nb"}', 422, "invalid-request"),
        (b" " * 5000, 413, "content-too-large"),
    ],
)
async def test_a_malformed_order_is_refused(
    door: httpx.AsyncClient, settings: Settings, database: Database, body: bytes, status: int, code: str
) -> None:
    id = await running(database)
    answer = await order(door, id, "cancel", content=body)
    assert (answer.status_code, problem(answer)) == (status, code)
    assert await events(settings, "fm.record") == []


@pytest.mark.parametrize("status", ["failed", "expired"])
async def test_a_retry_sends_the_letter_of_the_stage_where_the_job_failed(door: httpx.AsyncClient, database: Database, status: str) -> None:
    id = await failed(database, status)
    letter = await bury(database, id)
    await bury(database, id, stage="gather")  # newer, and of no interest to the job
    await bury(database, id, state="discarded")
    answer = await order(door, id, "retry")
    assert (answer.status_code, answer.json()["status"], answer.json()["dead_letter"]) == (202, "retrying", str(letter))
    operation = await database["redrives"].find_one({"_id": UUID(answer.json()["redrive"])})
    assert operation is not None
    assert (operation["by"], operation["selected"]) == ("ann", 1)


async def test_a_job_that_did_not_fail_is_not_retried(door: httpx.AsyncClient, database: Database) -> None:
    id = await running(database)
    await bury(database, id)
    answer = await order(door, id, "retry")
    assert (answer.status_code, problem(answer)) == (409, "nothing-to-retry")


async def test_a_job_without_a_letter_that_lies_dead_is_not_retried(door: httpx.AsyncClient, database: Database) -> None:
    id = await failed(database)
    await bury(database, id, state="discarded")
    await bury(database, id, tenant="other")
    answer = await order(door, id, "retry")
    assert (answer.status_code, problem(answer)) == (409, "nothing-to-retry")


async def passed(database: Database, *, evidence: tuple[UUID, ...] = (), tamper: str | None = None) -> UUID:
    """Project a whole job hop by hop, each with what the shell says of it; `tamper` names the stage that is given something else."""
    kind = "troubleshoot" if evidence else "ingest"
    id = uuid4()
    submitted = event(f"{kind}.submitted.v1", subject=id).model_copy(update={"id": derive(id, "ingress/0")})
    if evidence:
        submitted = submitted.model_copy(update={"data": submitted.data.model_copy(update={"evidence": evidence})})
    await Projection(database).project(submitted)
    parent, given = submitted, submitted.digest()
    states = {"classify": "classified", "sanitize": "sanitized", "gather": "gathered", "process": "processed", "embed": "embedded"}
    states |= {"reason": "reasoned", "record": "completed"}
    for stage in PATHS[kind]:
        follow = event(f"{kind}.{states[stage]}.v1", subject=id, stage=stage, waitedms=1, ranms=2, attempt=1, stores="blobs:1")
        facts = {"id": derive(parent.id, f"{stage}/0"), "causationid": parent.id, "inputhash": given, "datahash": follow.digest()}
        if tamper == stage:
            facts["inputhash"] = hashlib.sha256(b"other").hexdigest()
        follow = follow.model_copy(update=facts)
        ending = Ending("completed", datetime.now(UTC), result={}) if stage == "record" else None
        await Projection(database).project(follow, ending)
        parent, given = follow, follow.datahash or ""
    return id


async def lineage(door: httpx.AsyncClient, id: UUID) -> dict[str, Any]:
    answer = await door.get(f"/api/v1/jobs/{id}/lineage", headers=TENANT)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def test_the_way_of_a_question_is_unbroken_from_its_submission_with_the_ways_of_its_evidence(
    door: httpx.AsyncClient, database: Database
) -> None:
    pieces = (await passed(database), await passed(database))
    way = await lineage(door, await passed(database, evidence=pieces))
    assert (way["unbroken"], way["breaks"]) == (True, [])
    assert [hop["stage"] for hop in way["hops"]] == list(PATHS["troubleshoot"])
    assert [hop["follows"] for hop in way["hops"]] == [True] * 7
    assert [piece["job_id"] for piece in way["evidence"]] == [str(piece) for piece in pieces]
    assert all(piece["unbroken"] and len(piece["hops"]) == 5 for piece in way["evidence"])
    hop = way["hops"][1]
    assert (hop["waited_ms"], hop["ran_ms"], hop["attempt"], hop["stores"]) == (1, 2, 1, "blobs:1")


async def test_a_hop_that_was_given_something_else_is_named(door: httpx.AsyncClient, database: Database) -> None:
    way = await lineage(door, await passed(database, tamper="process"))
    assert not way["unbroken"]
    assert way["breaks"][0].startswith("process:")


async def test_the_way_shows_deaths_and_the_endings_that_were_undone(door: httpx.AsyncClient, database: Database) -> None:
    id = await failed(database)
    letter = await bury(database, id, state="redriven")
    await Projection(database).project(event("ingest.redriven.v1", subject=id, generation=1))
    way = await lineage(door, id)
    assert (way["status"], way["generation"]) == ("running", 1)
    assert [(death["letter"], death["state"]) for death in way["deaths"]] == [(str(letter), "redriven")]
    assert [past["status"] for past in way["history"]] == ["failed"]


async def test_evidence_that_is_gone_or_anothers_breaks_the_chain_without_being_shown(door: httpx.AsyncClient, database: Database) -> None:
    elsewhere = uuid4()
    await Projection(database).project(event("ingest.submitted.v1", subject=elsewhere, tenantid="other"))
    way = await lineage(door, await passed(database, evidence=(elsewhere,)))
    assert (way["unbroken"], way["evidence"]) == (False, [])
    answer = await door.get(f"/api/v1/jobs/{elsewhere}/lineage", headers=TENANT)
    assert (answer.status_code, problem(answer)) == (404, "unknown-job")


async def test_the_reference_describes_the_orders(door: httpx.AsyncClient) -> None:
    document = (await door.get("/openapi.json")).json()
    paths = document["paths"]
    assert set(paths["/api/v1/jobs/{id}/cancel"]["post"]["responses"]) >= {"202", "404", "409"}
    assert set(paths["/api/v1/jobs/{id}/retry"]["post"]["responses"]) >= {"202", "404", "409"}
    assert "waiting" in document["components"]["schemas"]["Job"]["properties"]
    assert "unbroken" in document["components"]["schemas"]["Lineage"]["properties"]
    assert "cancelled" in str(paths["/api/v1/jobs"]["get"]["parameters"])
    assert (await door.get("/docs")).status_code == 200
