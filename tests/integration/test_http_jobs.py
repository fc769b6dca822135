import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import pytest

from faultmaven_events.infra.jobs import Ending, Projection
from faultmaven_events.infra.mongo import open_mongo
from faultmaven_events.infra.servers.stack import Urls
from faultmaven_events.schemas.outcome import Completed
from faultmaven_events.settings import Settings
from faultmaven_events.topology import BY_NAME
from http_door import empty, events, open_shared, problem

REPORT = {"report": {"headline": "The pool is exhausted"}, "markdown": "# The pool is exhausted"}


@pytest.fixture(scope="module")
async def shared(stack: Urls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Settings, httpx.AsyncClient]]:
    async with open_shared(stack, tmp_path_factory.mktemp("home")) as both:
        yield both


@pytest.fixture
async def settings(shared: tuple[Settings, httpx.AsyncClient]) -> Settings:
    await empty(shared[0])
    return shared[0]


@pytest.fixture
async def door(shared: tuple[Settings, httpx.AsyncClient], settings: Settings) -> httpx.AsyncClient:
    return shared[1]


async def hand_in(door: httpx.AsyncClient, **headers: str) -> str:
    answer = await door.post("/api/v1/data", files={"file": ("a.log", b"ERROR pool exhausted\n")}, headers=headers)
    id: str = answer.json()["job_id"]
    return id


async def complete(settings: Settings, id: str, *, after: float = 0.0) -> None:
    """Do to a job what record does when its last event comes."""
    await asyncio.sleep(after)
    published = [event for queue in BY_NAME["classify"].queues for event in await events(settings, queue)]
    [submitted] = [event for event in published if str(event.subject) == id]
    completed = submitted.follow("record", "completed", Completed(result=REPORT))
    async with open_mongo(settings) as database:
        await Projection(database).project(completed, Ending("completed", datetime.now(UTC), REPORT))


async def test_a_job_is_shown_with_its_version_and_not_twice(door: httpx.AsyncClient, settings: Settings) -> None:
    id = await hand_in(door)
    first = await door.get(f"/api/v1/jobs/{id}")
    assert (first.status_code, first.json()["status"], first.headers["retry-after"]) == (200, "accepted", "1")
    assert first.headers["etag"] == f'"{first.json()["version"]}"'
    again = await door.get(f"/api/v1/jobs/{id}", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    await complete(settings, id)
    ended = await door.get(f"/api/v1/jobs/{id}", headers={"If-None-Match": first.headers["etag"]})
    assert (ended.status_code, ended.json()["status"], ended.json()["result"]) == (200, "completed", REPORT)
    assert "retry-after" not in ended.headers


async def test_a_job_of_another_tenant_does_not_exist(door: httpx.AsyncClient) -> None:
    id = await hand_in(door)
    for path in (f"/api/v1/jobs/{id}", f"/api/v1/jobs/{id}/events"):
        answer = await door.get(path, headers={"X-Tenant-Id": "other"})
        assert (answer.status_code, problem(answer)) == (404, "unknown-job")
    for unknown in (uuid4(), "not-an-id"):
        answer = await door.get(f"/api/v1/jobs/{unknown}")
        assert (answer.status_code, problem(answer)) == (404, "unknown-job")


async def test_who_prefers_to_wait_gets_the_job_once_it_has_ended(door: httpx.AsyncClient, settings: Settings) -> None:
    id = await hand_in(door)
    waiting = asyncio.create_task(door.get(f"/api/v1/jobs/{id}", headers={"Prefer": "wait=20"}))
    await complete(settings, id, after=0.3)
    answer = await asyncio.wait_for(waiting, 10)
    assert (answer.status_code, answer.json()["status"], answer.headers["preference-applied"]) == (200, "completed", "wait=20")


async def test_a_wait_that_is_over_shows_the_job_as_it_is(door: httpx.AsyncClient) -> None:
    id = await hand_in(door)
    answer = await asyncio.wait_for(door.get(f"/api/v1/jobs/{id}", headers={"Prefer": "wait=1"}), 5)
    assert (answer.status_code, answer.json()["status"], answer.headers["retry-after"]) == (200, "accepted", "1")


async def test_a_submission_that_waits_is_answered_with_the_job(door: httpx.AsyncClient, settings: Settings) -> None:
    waiting = asyncio.create_task(door.post("/api/v1/troubleshoot", json={"question": "Why?"}, headers={"Prefer": "wait=20"}))
    async with asyncio.timeout(10):
        while not (jobs := (await door.get("/api/v1/jobs")).json()["items"]):  # noqa: ASYNC110  # the other side has no event
            await asyncio.sleep(0.05)
        await complete(settings, jobs[0]["id"], after=0.2)
        answer = await waiting
    assert (answer.status_code, answer.json()["result"]) == (200, REPORT)
    assert answer.headers["location"] == f"/api/v1/jobs/{jobs[0]['id']}"
    late = await door.post("/api/v1/troubleshoot", json={"question": "Why?"}, headers={"Prefer": "wait=1"})
    assert (late.status_code, late.json()["status"]) == (202, "accepted")


async def test_jobs_are_listed_newest_first_in_pages(door: httpx.AsyncClient, settings: Settings) -> None:
    ids = [await hand_in(door) for _ in range(5)]
    await hand_in(door, **{"X-Tenant-Id": "other"})
    seen, cursor = [], {}
    while True:
        page = (await door.get("/api/v1/jobs", params={"limit": 2, **cursor})).json()
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == ids[::-1]
    assert (await door.get("/api/v1/jobs", params={"kind": "document"})).json() == {"items": [], "next": None}
    await complete(settings, ids[0])
    assert [item["id"] for item in (await door.get("/api/v1/jobs", params={"status": "completed"})).json()["items"]] == [ids[0]]


@pytest.mark.parametrize("params", [{"limit": "0"}, {"limit": "x"}, {"status": "done"}, {"kind": "chat"}, {"cursor": "secret-cursor"}])
async def test_a_wrong_filter_names_its_field_and_not_its_value(door: httpx.AsyncClient, params: dict[str, str]) -> None:
    answer = await door.get("/api/v1/jobs", params=params)
    assert (answer.status_code, problem(answer)) == (422, "invalid-request")
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"#/{name}" for name in params]
    assert "secret-cursor" not in answer.text


async def read_events(door: httpx.AsyncClient, id: str, **headers: str) -> list[tuple[str, str, dict[str, object]]]:
    found, event = [], {}
    async with asyncio.timeout(20), door.stream("GET", f"/api/v1/jobs/{id}/events", headers=headers) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        async for line in stream.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                event[name] = value
            elif "data" in event:
                found.append((event["event"], event["id"], json.loads(event["data"])))
                event = {}
    return found


async def test_a_job_is_followed_to_its_end(door: httpx.AsyncClient, settings: Settings) -> None:
    id = await hand_in(door)
    following = asyncio.create_task(read_events(door, id))
    await complete(settings, id, after=0.5)
    seen = await following
    assert {name for name, _, _ in seen} == {"job"}
    assert [version for _, version, _ in seen] == sorted({version for _, version, _ in seen}, key=int)
    assert [version for _, version, _ in seen] == [str(job["version"]) for *_, job in seen]
    assert (seen[0][2]["status"], seen[-1][2]["status"], seen[-1][2]["result"]) == ("accepted", "completed", REPORT)

    versions = [version for _, version, _ in seen]
    assert [version for _, version, _ in await read_events(door, id, **{"Last-Event-ID": versions[0]})] == versions[-1:]
    assert (await door.get(f"/api/v1/jobs/{id}/events", headers={"Last-Event-ID": versions[-1]})).status_code == 204


async def test_a_follower_that_leaves_is_forgotten(door: httpx.AsyncClient) -> None:
    id = UUID(await hand_in(door))
    async with door.stream("GET", f"/api/v1/jobs/{id}/events") as stream:
        await anext(stream.aiter_lines())
        assert b"fm_http_requests_in_flight 2.0" in (await door.get("/metrics")).content
    async with asyncio.timeout(5):
        while b"fm_http_requests_in_flight 1.0" not in (await door.get("/metrics")).content:  # noqa: ASYNC110  # the other side has no event
            await asyncio.sleep(0.05)
