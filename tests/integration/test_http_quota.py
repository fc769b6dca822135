"""One tenant's flood is told to come back later; another tenant's file and everybody's questions are taken."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import httpx
import pytest

from faultmaven_events.infra.mongo import open_mongo
from faultmaven_events.infra.servers.stack import Urls
from faultmaven_events.producers.http import quota
from faultmaven_events.settings import Settings
from http_door import FORM, count_jobs, empty, form, open_shared, problem, stored

CAP, PLACES = 5, 4
FILE = ('name="file"; filename="a.log"', b"ERROR pool exhausted")
FLOOD, OTHER = {"X-Tenant-Id": "flood"}, {"X-Tenant-Id": "other"}


@pytest.fixture(scope="module")
async def shared(stack: Urls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Settings, httpx.AsyncClient]]:
    async with open_shared(stack, tmp_path_factory.mktemp("home"), tenant_in_flight=CAP, uploads_at_once=PLACES) as both:
        yield both


@pytest.fixture
async def settings(shared: tuple[Settings, httpx.AsyncClient], monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(quota, "FRESH", 0.0)  # between tests, what was counted is gone
    await empty(shared[0])
    return shared[0]


@pytest.fixture
async def door(shared: tuple[Settings, httpx.AsyncClient], settings: Settings) -> httpx.AsyncClient:
    return shared[1]


async def send(door: httpx.AsyncClient, who: dict[str, str], path: str = "/api/v1/data") -> httpx.Response:
    return await door.post(path, content=form(FILE), headers={**FORM, **who})


async def fill(door: httpx.AsyncClient) -> list[str]:
    answers = [await send(door, FLOOD) for _ in range(CAP)]
    assert {answer.status_code for answer in answers} == {202}
    return [answer.json()["job_id"] for answer in answers]


async def test_a_tenant_with_too_much_unfinished_is_told_when_to_come_back(door: httpx.AsyncClient, settings: Settings) -> None:
    await fill(door)
    before = len(stored(settings))
    for answer in (await send(door, FLOOD), await door.post("/api/v1/knowledge/documents", content=form(FILE), headers={**FORM, **FLOOD})):
        assert (answer.status_code, problem(answer)) == (429, "throttled")
        assert int(answer.headers["retry-after"]) >= 1
    assert await count_jobs(settings) == CAP
    assert len(stored(settings)) == before


async def test_another_tenant_and_every_question_are_taken_meanwhile(door: httpx.AsyncClient, settings: Settings) -> None:
    jobs = await fill(door)
    assert (await send(door, OTHER)).status_code == 202
    asked = await door.post("/api/v1/troubleshoot", json={"question": "Why?", "evidence": jobs}, headers=FLOOD)
    assert asked.status_code == 202
    files = form(('name="question"', b"Why?"), ('name="files"; filename="b.log"', b"ERROR"))
    assert (await door.post("/api/v1/troubleshoot", content=files, headers={**FORM, **FLOOD})).status_code == 202


async def test_questions_do_not_use_up_the_share(door: httpx.AsyncClient, settings: Settings) -> None:
    for _ in range(2 * CAP):
        assert (await door.post("/api/v1/troubleshoot", json={"question": "Why?"}, headers=FLOOD)).status_code == 202
    assert (await send(door, FLOOD)).status_code == 202


async def test_a_finished_job_makes_room(door: httpx.AsyncClient, settings: Settings) -> None:
    first, *_ = await fill(door)
    assert (await send(door, FLOOD)).status_code == 429
    async with open_mongo(settings) as database:
        await database["jobs"].update_one({"_id": UUID(first)}, {"$set": {"status": "completed"}})
    assert (await send(door, FLOOD)).status_code == 202


async def test_a_burst_within_one_count_gets_no_further_than_the_share(
    door: httpx.AsyncClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota, "FRESH", 3600.0)
    burst = {"X-Tenant-Id": "burst"}
    answers = await asyncio.gather(*(send(door, burst) for _ in range(3 * CAP)))
    assert [answer.status_code for answer in answers].count(202) == CAP
    assert {answer.status_code for answer in answers} == {202, 429}
    assert await count_jobs(settings) == CAP


async def test_the_refusal_comes_before_the_body(door: httpx.AsyncClient, settings: Settings) -> None:
    await fill(door)
    reader, writer = await asyncio.open_connection(door.base_url.host, door.base_url.port)
    head = {"Host": "x", **FORM, **FLOOD, "Content-Length": "1000000"}
    writer.write(("POST /api/v1/data HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in head.items()) + "\r\n").encode())
    async with asyncio.timeout(10):
        assert b" 429 " in await reader.readline()
    writer.close()


async def test_with_every_place_taken_a_file_waits_and_a_question_is_taken(
    door: httpx.AsyncClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota, "PATIENCE", 1.0)
    async with slow(door, "one") as first, slow(door, "two") as second, slow(door, "three") as third:
        late = await send(door, OTHER)
        assert (late.status_code, problem(late)) == (503, "busy")
        assert int(late.headers["retry-after"]) >= 1
        files = form(('name="question"', b"Why?"), ('name="files"; filename="b.log"', b"ERROR"))
        assert (await door.post("/api/v1/troubleshoot", content=files, headers={**FORM, **OTHER})).status_code == 202
        monkeypatch.setattr(quota, "PATIENCE", 30.0)
        waiting = asyncio.create_task(send(door, OTHER))
        await first()
        assert (await waiting).status_code == 202
        await second()
        await third()


async def test_one_tenant_cannot_hold_every_place(door: httpx.AsyncClient, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota, "PATIENCE", 1.0)
    async with slow(door, "one") as first, slow(door, "one") as second:
        assert problem(await send(door, {"X-Tenant-Id": "one"})) == "busy"
        assert (await send(door, OTHER)).status_code == 202
        await first()
        await second()


@asynccontextmanager
async def slow(door: httpx.AsyncClient, tenant: str) -> AsyncIterator[object]:
    """Begin to hand in a file; what is yielded hands in the rest and waits for the answer."""
    rest, begun = asyncio.Event(), asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        whole = form(FILE)
        yield whole[:-20]
        begun.set()
        await rest.wait()
        yield whole[-20:]

    sending = asyncio.create_task(door.post("/api/v1/data", content=body(), headers={**FORM, "X-Tenant-Id": tenant}))
    await begun.wait()
    await asyncio.sleep(0.3)  # the door says nothing when it begins to read

    async def finish() -> None:
        rest.set()
        assert (await sending).status_code == 202

    try:
        yield finish
    finally:
        rest.set()
        await asyncio.gather(sending, return_exceptions=True)
