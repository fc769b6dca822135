import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from faultmaven_events.infra.blobs import open_blobs
from faultmaven_events.infra.captions import Caption, Captions
from faultmaven_events.infra.keys import required_key
from faultmaven_events.infra.mongo import open_mongo
from faultmaven_events.infra.servers.stack import Urls
from faultmaven_events.schemas.event import Event, derive
from faultmaven_events.settings import Settings
from http_door import FORM, count_jobs, empty, events, form, open_shared, problem, stored

LOG = b"2026-01-05T14:02:11Z ERROR order-api pool exhausted\n" * 40
LIMIT = 200_000


@pytest.fixture(scope="module")
async def shared(stack: Urls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Settings, httpx.AsyncClient]]:
    async with open_shared(stack, tmp_path_factory.mktemp("home"), upload_limit=LIMIT) as both:
        yield both


@pytest.fixture
async def settings(shared: tuple[Settings, httpx.AsyncClient]) -> Settings:
    await empty(shared[0])
    return shared[0]


@pytest.fixture
async def door(shared: tuple[Settings, httpx.AsyncClient], settings: Settings) -> httpx.AsyncClient:
    return shared[1]


def caption(settings: Settings, event: Event[Any]) -> Caption:
    """What the sender called the file of an event."""
    return Captions(required_key(settings, "raw")).open(event.tenantid, event.subject, event.data.sealed)


async def test_evidence_becomes_a_job_an_event_and_an_encrypted_blob(door: httpx.AsyncClient, settings: Settings) -> None:
    who = {"X-Tenant-Id": "acme", "X-User-Id": "kim", "X-Correlation-Id": "order-42"}
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = await door.post(
        "/api/v1/data",
        headers={**who, "traceparent": trace},
        files={"file": ("/var/log/order-api.log", LOG, "text/plain")},
        data={"tags": ["production", "eu"], "title": "Orders", "case_id": "INC-1"},
    )
    assert answer.status_code == 202
    body = answer.json()
    assert (body["kind"], body["status"], body["name"]) == ("ingest", "accepted", "order-api.log")
    assert answer.headers["location"] == body["links"]["self"] == f"/api/v1/jobs/{body['job_id']}"
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["x-correlation-id"] == "order-42"

    [event] = await events(settings)
    job = UUID(body["job_id"])
    assert job.version == 7
    assert (event.subject, event.id) == (job, derive(job, "ingress/0"))
    assert (event.type, event.source) == ("ingest.submitted.v1", "/faultmaven/ingress")
    assert (event.tenantid, event.userid, event.correlationid, event.traceparent) == ("acme", "kim", "order-42", trace)
    neutral = f"upload-{job.hex[-8:]}.log"
    assert (event.data.name, event.data.title, event.data.tags, event.data.case_id) == (neutral, None, (), "INC-1")
    assert caption(settings, event) == Caption(name="order-api.log", title="Orders", tags=("production", "eu"))
    assert (event.data.media_type, event.data.collection) == ("text/plain", "case")
    assert (event.data.content.area, event.data.content.size) == ("raw", len(LOG))
    assert event.data.content.sha256 == hashlib.sha256(LOG).hexdigest()
    assert b"exhausted" not in event.encode()

    async with open_blobs(settings) as blobs:
        assert await blobs.read("acme", event.data.content) == LOG
    [file] = stored(settings)
    assert b"exhausted" not in file.read_bytes()
    shown = (await door.get(body["links"]["self"], headers={"X-Tenant-Id": "acme"})).json()
    assert (shown["status"], shown["name"], shown["user"]) == ("accepted", neutral, "kim")


async def test_what_people_call_a_file_stands_nowhere_at_the_door(door: httpx.AsyncClient, settings: Settings) -> None:
    words = ("payroll-of-jane.doe.log", "Jane Doe's payroll", "for-jane.doe")
    data = {"title": words[1], "tags": [words[2]]}
    one = (await door.post("/api/v1/data", files={"file": (words[0], LOG)}, data=data)).json()
    asked = await door.post("/api/v1/troubleshoot", files=[("files", (words[0], LOG))], data={"question": "Why?"})
    read = await door.post("/api/v1/knowledge/documents", files={"file": ("jane.doe.md", b"# Orders\n")}, data=data)
    assert [one["name"], asked.json()["evidence"][0]["name"], read.json()["name"]] == [words[0], words[0], "jane.doe.md"]
    async with open_mongo(settings) as database:
        kept = [repr(document) async for document in database["jobs"].find()]
    listed = await door.get("/api/v1/jobs")
    said = [listed.text, *kept, *(event.encode().decode() for event in await events(settings))]
    assert not [where for where in said if "jane" in where.lower()]
    assert {job["name"] for job in listed.json()["items"]} == {
        None,
        *(
            f"upload-{id[-8:]}.{ending}"
            for id, ending in ((one["job_id"], "log"), (asked.json()["evidence"][0]["job_id"], "log"), (read.json()["job_id"], "md"))
        ),
    }


async def test_the_outbox_is_empty_once_the_event_is_confirmed(door: httpx.AsyncClient, settings: Settings) -> None:
    assert (await door.post("/api/v1/data", files={"file": ("a.log", LOG)})).status_code == 202
    async with open_mongo(settings) as database, asyncio.timeout(5):
        while await database["jobs"].count_documents({"outbox": {"$exists": True}}):  # noqa: ASYNC110  # the other side has no event
            await asyncio.sleep(0.05)


async def test_fields_may_come_before_and_after_the_file(door: httpx.AsyncClient, settings: Settings) -> None:
    body = form(('name="title"', b"Before"), ('name="file"; filename="a.log"', LOG), ('name="case_id"', b"INC-2"), ('name="tags"', b""))
    assert (await door.post("/api/v1/data", content=body, headers=FORM)).status_code == 202
    [event] = await events(settings)
    assert event.data.case_id == "INC-2"
    assert caption(settings, event) == Caption(name="a.log", title="Before")


async def test_a_document_goes_into_its_collection(door: httpx.AsyncClient, settings: Settings) -> None:
    answer = await door.post(
        "/api/v1/knowledge/documents", files={"file": ("runbook.md", b"# Orders\n")}, data={"title": "Runbook", "collection": "global"}
    )
    assert (answer.status_code, answer.json()["kind"]) == (202, "document")
    [event] = await events(settings)
    assert (event.type, event.data.collection) == ("document.submitted.v1", "global")
    assert caption(settings, event) == Caption(name="runbook.md", title="Runbook")


async def test_a_question_lies_in_the_blob_store_and_not_in_its_event(door: httpx.AsyncClient, settings: Settings) -> None:
    evidence = (await door.post("/api/v1/data", files={"file": ("a.log", LOG)})).json()["job_id"]
    answer = await door.post("/api/v1/troubleshoot", json={"question": " Why do orders fail? ", "evidence": [evidence, evidence]})
    assert answer.status_code == 202
    assert answer.json()["evidence"] == []
    _, event = await events(settings)
    assert event.type == "troubleshoot.submitted.v1"
    assert event.data.evidence == (UUID(evidence),)
    assert event.data.text is None
    assert b"orders" not in event.encode()
    assert timedelta(0) < event.deadline - datetime.now(UTC) <= timedelta(seconds=settings.job_deadline_s)
    async with open_blobs(settings) as blobs:
        assert await blobs.read("default", event.data.content) == b"Why do orders fail?"


async def test_files_of_a_question_are_jobs_of_their_own_and_come_first(door: httpx.AsyncClient, settings: Settings) -> None:
    files = [("files", (name, LOG)) for name in ("a.log", "b.yaml", "a.log")]
    answer = await door.post("/api/v1/troubleshoot", files=files, data={"question": "Why?"})
    assert answer.status_code == 202
    body = answer.json()
    assert [each["name"] for each in body["evidence"]] == ["a.log", "b.yaml", "a.log"]
    *evidence, question = await events(settings)
    assert {str(event.subject) for event in evidence} == {each["job_id"] for each in body["evidence"]}
    assert {event.type for event in evidence} == {"ingest.submitted.v1"}
    assert (str(question.subject), [str(id) for id in question.data.evidence]) == (
        body["job_id"],
        [each["job_id"] for each in body["evidence"]],
    )
    assert len(stored(settings)) == await count_jobs(settings) == 4


async def test_a_session_must_exist_for_the_tenant(door: httpx.AsyncClient, settings: Settings) -> None:
    async with open_mongo(settings) as database:
        await database["sessions"].insert_one({"_id": "s-1", "tenant": "acme"})
    known = {"question": "Why?", "session_id": "s-1"}
    assert (await door.post("/api/v1/troubleshoot", json=known, headers={"X-Tenant-Id": "acme"})).status_code == 202
    for answer in (
        await door.post("/api/v1/troubleshoot", json=known, headers={"X-Tenant-Id": "other"}),
        await door.post("/api/v1/data", files={"file": ("a.log", LOG)}, data={"session_id": "s-2"}),
    ):
        assert (answer.status_code, problem(answer)) == (404, "unknown-session")
    assert len(stored(settings)) == await count_jobs(settings) == 1


async def test_evidence_must_be_evidence_of_the_tenant(door: httpx.AsyncClient) -> None:
    evidence = (await door.post("/api/v1/data", files={"file": ("a.log", LOG)}, headers={"X-Tenant-Id": "acme"})).json()["job_id"]
    document = (await door.post("/api/v1/knowledge/documents", files={"file": ("a.md", b"# A")})).json()["job_id"]
    answer = await door.post("/api/v1/troubleshoot", json={"question": "Why?", "evidence": [evidence, document, str(uuid4())]})
    assert (answer.status_code, problem(answer)) == (422, "unknown-evidence")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/evidence/0", "#/evidence/1", "#/evidence/2"]


async def ended(settings: Settings, job: str, status: str = "completed") -> None:
    """Make a job end as record does."""
    async with open_mongo(settings) as database:
        final = {"status": status, "at": datetime.now(UTC), "generation": 0, "result": None}
        await database["jobs"].update_one({"_id": UUID(job)}, {"$set": {"status": status, "final": final}})


async def test_a_question_that_follows_another_has_its_evidence_and_case(door: httpx.AsyncClient, settings: Settings) -> None:
    files = [("files", ("a.log", LOG)), ("files", ("b.log", LOG))]
    first = (await door.post("/api/v1/troubleshoot", data={"question": "Why?", "case_id": "INC-1"}, files=files)).json()
    await ended(settings, first["job_id"])
    asked = {"question": "Since when?", "follows": first["job_id"]}
    alone = (await door.post("/api/v1/troubleshoot", json=asked)).json()["job_id"]
    more = (await door.post("/api/v1/troubleshoot", data=asked, files=[("files", ("c.log", LOG))])).json()
    jobs = {str(event.subject): event.data for event in await events(settings) if event.kind == "troubleshoot"}
    evidence = [UUID(each["job_id"]) for each in first["evidence"]]
    assert list(jobs[alone].evidence) == evidence
    assert list(jobs[more["job_id"]].evidence) == [*evidence, UUID(more["evidence"][0]["job_id"])]
    assert {(str(jobs[each].follows), jobs[each].case_id) for each in (alone, more["job_id"])} == {(first["job_id"], "INC-1")}
    shown = (await door.get(f"/api/v1/jobs/{alone}")).json()
    assert (shown["follows"], shown["evidence"]) == (first["job_id"], [str(each) for each in evidence])


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled", "expired"])
async def test_a_question_however_it_ended_can_be_followed(door: httpx.AsyncClient, settings: Settings, status: str) -> None:
    first = (await door.post("/api/v1/troubleshoot", json={"question": "Why?"})).json()["job_id"]
    await ended(settings, first, status)
    assert (await door.post("/api/v1/troubleshoot", json={"question": "Since when?", "follows": first})).status_code == 202


async def test_a_question_that_is_not_answered_yet_cannot_be_followed(door: httpx.AsyncClient, settings: Settings) -> None:
    first = (await door.post("/api/v1/troubleshoot", json={"question": "Why?"})).json()["job_id"]
    answer = await door.post("/api/v1/troubleshoot", data={"question": "And?", "follows": first}, files=[("files", ("a.log", LOG))])
    assert (answer.status_code, problem(answer)) == (409, "unanswered-question")
    assert int(answer.headers["retry-after"]) >= 1
    assert await count_jobs(settings) == 1


async def test_only_questions_of_the_tenant_can_be_followed(door: httpx.AsyncClient, settings: Settings) -> None:
    file = (await door.post("/api/v1/data", files={"file": ("a.log", LOG)})).json()["job_id"]
    foreign = (await door.post("/api/v1/troubleshoot", json={"question": "Why?"}, headers={"X-Tenant-Id": "other"})).json()["job_id"]
    await ended(settings, file)
    await ended(settings, foreign)
    for follows in (file, foreign, str(uuid4())):
        answer = await door.post("/api/v1/troubleshoot", json={"question": "And?", "follows": follows})
        assert (answer.status_code, problem(answer)) == (422, "unknown-question")
        assert answer.json()["errors"][0]["pointer"] == "#/follows"
    malformed = await door.post("/api/v1/troubleshoot", json={"question": "And?", "follows": "job-1"})
    assert (malformed.status_code, problem(malformed)) == (422, "invalid-request")


async def test_a_conversation_cannot_gather_more_evidence_than_a_question_may_have(door: httpx.AsyncClient, settings: Settings) -> None:
    first = (await door.post("/api/v1/troubleshoot", json={"question": "Why?"})).json()["job_id"]
    await ended(settings, first)
    async with open_mongo(settings) as database:
        await database["jobs"].update_one({"_id": UUID(first)}, {"$set": {"evidence": [uuid4() for _ in range(200)]}})
    asked = {"question": "And?", "follows": first}
    refused = await door.post("/api/v1/troubleshoot", data=asked, files=[("files", ("a.log", LOG))])
    assert (refused.status_code, problem(refused)) == (413, "too-many-parts")
    assert (await door.post("/api/v1/troubleshoot", json=asked)).status_code == 202


FILE = 'name="file"; filename="a.log"'
MANY = [('name="files"; filename="a.log"', b"x")] * 201
DATA, DOCUMENTS, ASK = "/api/v1/data", "/api/v1/knowledge/documents", "/api/v1/troubleshoot"
JSON = {"Content-Type": "application/json"}
SECRET = b"sk-live" + b"-4f9a8b7c6d5e"

WRONG: dict[str, tuple[str, bytes, dict[str, str], int, str]] = {
    "no body": (DATA, b"", FORM, 400, "malformed-multipart"),
    "not a form": (DATA, SECRET, FORM, 400, "malformed-multipart"),
    "json for a form": (DATA, b"{}", JSON, 415, "unsupported-media-type"),
    "no content type": (DATA, b"{}", {}, 415, "unsupported-media-type"),
    "no boundary": (DATA, form((FILE, LOG)), {"Content-Type": "multipart/form-data"}, 400, "malformed-multipart"),
    "another boundary": (DATA, form((FILE, LOG)), {"Content-Type": "multipart/form-data; boundary=other"}, 400, "malformed-multipart"),
    "cut off in the file": (DATA, form((FILE, LOG))[:-60], FORM, 400, "malformed-multipart"),
    "cut off in the boundary": (DATA, form((FILE, LOG))[:-5], FORM, 400, "malformed-multipart"),
    "compressed body": (DATA, form((FILE, LOG)), {**FORM, "Content-Encoding": "gzip"}, 415, "unsupported-media-type"),
    "no file": (DATA, form(('name="title"', b"A")), FORM, 422, "invalid-form"),
    "no parts": (DATA, form(), FORM, 422, "invalid-form"),
    "file without a name": (DATA, form(('name="file"', LOG)), FORM, 422, "invalid-form"),
    "file with an empty name": (DATA, form(('name="file"; filename=""', LOG)), FORM, 400, "invalid-name"),
    "name with control characters": (DATA, form(('name="file"; filename="a\x1b[2Jb"', LOG)), FORM, 400, "invalid-name"),
    "name that is not utf-8": (DATA, form((FILE, LOG)).replace(b"a.log", b"\xff\xfe.log"), FORM, 400, "invalid-name"),
    "name over 255 characters": (DATA, form((f'name="file"; filename="{"a" * 300}"', LOG)), FORM, 400, "invalid-name"),
    "empty file": (DATA, form((FILE, b"")), FORM, 422, "empty-file"),
    "two files": (DATA, form((FILE, LOG), (FILE, LOG)), FORM, 413, "too-many-parts"),
    "unknown field": (DATA, form((FILE, LOG), ('name="titel"', b"A")), FORM, 422, "invalid-form"),
    "field twice": (DATA, form((FILE, LOG), ('name="title"', b"A"), ('name="title"', b"B")), FORM, 422, "invalid-form"),
    "field over its limit": (DATA, form((FILE, LOG), ('name="title"', b"A" * 5000)), FORM, 413, "content-too-large"),
    "title too long": (DATA, form((FILE, LOG), ('name="title"', b"A" * 301)), FORM, 422, "invalid-request"),
    "title not utf-8": (DATA, form((FILE, LOG), ('name="title"', b"\xff")), FORM, 400, "invalid-encoding"),
    "title with control characters": (DATA, form((FILE, LOG), ('name="title"', b"a\x00" + SECRET)), FORM, 422, "invalid-request"),
    "case that is no identifier": (DATA, form((FILE, LOG), ('name="case_id"', SECRET + b" !")), FORM, 422, "invalid-request"),
    "too many tags": (DATA, form((FILE, LOG), *[('name="tags"', b"a")] * 33), FORM, 422, "invalid-form"),
    "file over the limit": (DATA, form((FILE, b"x" * (LIMIT + 1))), FORM, 413, "content-too-large"),
    "body over the limit": (DATA, form((FILE, b"x" * (LIMIT + 2_000_000))), FORM, 413, "content-too-large"),
    "document of another kind": (DOCUMENTS, form(('name="file"; filename="a.exe"', b"MZ")), FORM, 415, "unsupported-media-type"),
    "document without a kind": (DOCUMENTS, form(('name="file"; filename="a"', b"MZ")), FORM, 415, "unsupported-media-type"),
    "collection of evidence": (
        DOCUMENTS,
        form(('name="file"; filename="a.md"', b"# A"), ('name="collection"', b"case")),
        FORM,
        422,
        "invalid-request",
    ),
    "broken json": (ASK, b'{"question": "' + SECRET, JSON, 400, "malformed-json"),
    "json that is not utf-8": (ASK, b'{"question": "\xff"}', JSON, 400, "malformed-json"),
    "json with a lone surrogate": (ASK, b'{"question": "\\ud800"}', JSON, 400, "malformed-json"),
    "json nested too deep": (ASK, b"[" * 100_000, JSON, 400, "malformed-json"),
    "json that is no object": (ASK, b'["' + SECRET + b'"]', JSON, 422, "invalid-request"),
    "no question": (ASK, b"{}", JSON, 422, "invalid-request"),
    "question of another type": (ASK, b'{"question": 7}', JSON, 422, "invalid-request"),
    "unknown json field": (ASK, b'{"question": "Why?", "' + SECRET + b' x": 1}', JSON, 422, "invalid-request"),
    "empty question": (ASK, b'{"question": " \\n "}', JSON, 422, "empty-question"),
    "form without a question": (ASK, form(('name="files"; filename="a.log"', LOG)), FORM, 422, "empty-question"),
    "question over 64 KiB": (ASK, b'{"question": "' + b"a" * 65_537 + b'"}', JSON, 413, "content-too-large"),
    "question over 64 KiB in a form": (ASK, form(('name="question"', b"a" * 65_537)), FORM, 413, "content-too-large"),
    "json over its limit": (ASK, b'{"question": "' + b" " * 600_000 + b'"}', JSON, 413, "content-too-large"),
    "evidence that is no id": (ASK, b'{"question": "Why?", "evidence": ["' + SECRET + b'"]}', JSON, 422, "invalid-request"),
    "too many files": (ASK, form(*MANY, ('name="question"', b"Why?")), FORM, 413, "too-many-parts"),
    "one bad file among good ones": (ASK, form(*MANY[:3], ('name="files"; filename="b.log"', b"")), FORM, 422, "empty-file"),
    "question as text": (ASK, b"Why?", {"Content-Type": "text/plain"}, 415, "unsupported-media-type"),
    "tenant that is no identifier": (DATA, form((FILE, LOG)), {**FORM, "X-Tenant-Id": "a b"}, 400, "malformed-header"),
    "correlation that is no identifier": (DATA, form((FILE, LOG)), {**FORM, "X-Correlation-Id": "a b"}, 400, "malformed-header"),
}


async def test_wrong_input_is_a_clear_problem_and_leaves_nothing_behind(door: httpx.AsyncClient, settings: Settings) -> None:
    for what, (path, body, headers, status, code) in WRONG.items():
        answer = await door.post(path, content=body, headers=headers)
        assert (answer.status_code, problem(answer)) == (status, code), what
        assert SECRET not in answer.content, what
        assert stored(settings) == [], what
    assert await count_jobs(settings) == 0
    assert await events(settings) == []


async def test_a_header_that_comes_twice_is_refused(door: httpx.AsyncClient) -> None:
    answer = await door.get("/api/v1/jobs", headers=[("X-Tenant-Id", "acme"), ("X-Tenant-Id", "other")])
    assert (answer.status_code, problem(answer)) == (400, "malformed-header")


async def test_a_file_over_the_limit_is_refused_while_it_streams(door: httpx.AsyncClient, settings: Settings) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield form((FILE, b""))[: -len(form()) - 2]
        for _ in range(200):
            sent += 10_000
            yield b"x" * 10_000

    answer = await door.post("/api/v1/data", content=endless(), headers=FORM)
    assert (answer.status_code, problem(answer)) == (413, "content-too-large")
    assert stored(settings) == []


async def test_a_file_of_exactly_the_limit_is_taken(door: httpx.AsyncClient) -> None:
    assert (await door.post("/api/v1/data", files={"file": ("a.log", b"x" * LIMIT)})).status_code == 202


async def test_too_large_a_body_is_refused_before_it_is_sent(door: httpx.AsyncClient) -> None:
    reader, writer = await asyncio.open_connection(door.base_url.host, door.base_url.port)
    writer.write(
        f"POST /api/v1/data HTTP/1.1\r\nHost: door\r\nContent-Type: {FORM['Content-Type']}\r\n"
        f"Content-Length: {LIMIT * 100}\r\nExpect: 100-continue\r\n\r\n".encode()
    )
    assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 413")
    writer.close()


async def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(door: httpx.AsyncClient, settings: Settings) -> None:
    body = form((FILE, b"x" * 150_000))
    _, writer = await asyncio.open_connection(door.base_url.host, door.base_url.port)
    head = f"POST /api/v1/data HTTP/1.1\r\nHost: door\r\nContent-Type: {FORM['Content-Type']}\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body[:100_000])
    await writer.drain()
    await asyncio.sleep(0.2)
    writer.close()
    async with asyncio.timeout(5):
        while b'fm_http_requests_total{method="POST",route="/api/v1/data",status="499"}' not in (await door.get("/metrics")).content:  # noqa: ASYNC110  # the other side has no event
            await asyncio.sleep(0.05)
    assert stored(settings) == []
    assert await count_jobs(settings) == 0
