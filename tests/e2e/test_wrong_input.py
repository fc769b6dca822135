"""Input that is wrong: who sent it is told what and why, and nothing else comes to harm."""

import asyncio
import gzip
import json
import random
from typing import Any
from uuid import UUID, uuid4

import pytest

from e2e import incident
from e2e.conftest import LIMIT
from e2e.running import Document, Running, Visitor, event
from faultmaven_events.infra.captions import neutral

NOTHING = (("files", ("empty.log", b"")), ("files", ("orders.log", b"ERROR\n")))
BOUNDARY = "xBoundaryx"
ZERO_BYTE_PART = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.log"\r\n\r\n\r\n--{BOUNDARY}--\r\n'.encode()

REFUSED: dict[str, tuple[str, dict[str, Any], int, str]] = {
    "an empty file": ("data", {"files": {"file": ("empty.log", b"")}}, 422, "empty-file"),
    "an empty file beside a good one": ("troubleshoot", {"files": NOTHING, "data": {"question": "Why?"}}, 422, "empty-file"),
    "a part of no bytes": (
        "data",
        {"content": ZERO_BYTE_PART, "headers": {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}},
        422,
        "empty-file",
    ),
    "a file over the limit": ("data", {"files": {"file": ("big.log", b"x" * (LIMIT + 1))}}, 413, "content-too-large"),
    "a document of a wrong type": ("knowledge/documents", {"files": {"file": ("a.exe", b"MZ")}}, 415, "unsupported-media-type"),
    "a question of a wrong type": (
        "troubleshoot",
        {"content": b"Why?", "headers": {"Content-Type": "text/plain"}},
        415,
        "unsupported-media-type",
    ),
    "an unknown session": (
        "data",
        {"files": {"file": ("a.log", b"ERROR\n")}, "data": {"session_id": "no-such"}},
        404,
        "unknown-session",
    ),
    "a question in an unknown session": ("troubleshoot", {"json": {"question": "Why?", "session_id": "no-such"}}, 404, "unknown-session"),
    "unknown evidence": ("troubleshoot", {"json": {"question": "Why?", "evidence": [str(uuid4())]}}, 422, "unknown-evidence"),
    "broken JSON": (
        "troubleshoot",
        {"content": b'{"question": "Why', "headers": {"Content-Type": "application/json"}},
        400,
        "malformed-json",
    ),
}


async def test_what_can_be_seen_at_the_door_is_refused_there(visitor: Visitor) -> None:
    async def send(path: str, options: dict[str, Any]) -> Any:
        return await visitor.request("POST", f"/api/v1/{path}", **options)

    answers = await asyncio.gather(*(send(path, options) for path, options, _, _ in REFUSED.values()))
    for (what, (_, _, status, code)), answer in zip(REFUSED.items(), answers, strict=True):
        problem = answer.json()
        assert (answer.status_code, problem["type"]) == (status, f"urn:faultmaven:problem:{code}"), what
        assert answer.headers["content-type"] == "application/problem+json", what
        assert problem["correlation_id"] == answer.headers["x-correlation-id"], what
    assert (await visitor.request("GET", "/api/v1/jobs")).json()["items"] == []


def blank_pdf() -> bytes:
    """A well-formed PDF whose only page shows nothing."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] >>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"xref\n0 4\n0000000000 65535 f \n%strailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (table, len(out))


UNREADABLE = {
    "garbage.log": random.Random(7).randbytes(50_000),
    "cut-off.log.gz": gzip.compress(incident.log())[:-200],
    "scan.pdf": blank_pdf(),
    "blank.log": b" \n\n \n",
}


async def test_a_file_that_cannot_be_read_fails_with_its_reason_and_the_question_goes_on_without_it(
    visitor: Visitor, system: Running
) -> None:
    good = incident.FILES[0]
    accepted = await visitor.ask(incident.QUESTION, good, *UNREADABLE.items())
    ids = {piece["name"]: piece["job_id"] for piece in accepted["evidence"]}
    report = await visitor.report(accepted)
    await visitor.completed(ids[good[0]])
    assert {each["file"] for one in report["hypotheses"] for each in one["citations"]} == {good[0]}
    assert report["verdict"] in {"confirmed", "likely"}
    failed = {piece["job_id"]: piece for piece in report["failed_evidence"]}
    assert failed.keys() == {ids[name] for name in UNREADABLE}
    await assert_failed(system, visitor, {ids[name]: "unreadable_content" for name in UNREADABLE})
    for name in UNREADABLE:
        assert failed[ids[name]]["name"] == neutral(UUID(ids[name]), name)  # nobody may read its own name before sanitize has
        assert failed[ids[name]]["reason"].startswith("classify: ")


async def test_a_log_that_is_not_utf_8_is_read_with_its_lines_in_place(visitor: Visitor) -> None:
    lines = incident.log().split(b"\n")
    lines[3:3] = [b'{"time": "2026-03-14T09:00:05Z", "level": "error", "msg": "b\xfcro \xff\xfe is closed", "service": "payments-api"}']
    report = await visitor.report(await visitor.ask(incident.QUESTION, ("latin.log", b"\n".join(lines))))
    cited = [each for one in report["hypotheses"] for each in one["citations"]]
    assert cited
    assert all(b"payments-api" in lines[each["line_start"] - 1] for each in cited)
    assert all(each["quote"][:40].encode() in lines[each["line_start"] - 1] for each in cited)


def directly(visitor: Visitor) -> dict[str, tuple[Document, str]]:
    """What a direct publisher may get wrong, with the code of the answer."""
    gone = {"area": "raw", "key": uuid4().hex, "size": 10, "sha256": "0" * 64}
    sent = {"tenant": visitor.tenant}
    return {
        "a blob that is missing": (event("ingest.submitted.v1", {"name": "a.log", "content": gone}, **sent), "missing_content"),
        "a question whose blob is missing": (event("troubleshoot.submitted.v1", {"content": gone}, **sent), "missing_content"),
        "an unknown version": (event("ingest.submitted.v99", {"name": "a.log", "text": "ERROR"}, **sent), "invalid_event"),
        "data that do not fit": (event("document.submitted.v1", {"name": "a.md"}, **sent), "invalid_event"),
        "text of nothing but blanks": (event("ingest.submitted.v1", {"name": "a.log", "text": " \n "}, **sent), "unreadable_content"),
        "a clean blob of somebody else": (
            event("ingest.submitted.v1", {"name": "a.log", "content": {**gone, "area": "clean"}}, **sent),
            "missing_content",
        ),
    }


async def test_a_direct_publisher_finds_the_reason_in_the_job_and_in_the_dead_letter(visitor: Visitor, system: Running) -> None:
    wrong = directly(visitor)
    await system.publish(*(body for body, _ in wrong.values()))
    await assert_failed(system, visitor, {body["subject"]: code for body, code in wrong.values()})


async def test_evidence_that_failed_before_the_question_came_is_named_in_its_report(visitor: Visitor, system: Running) -> None:
    wrong, good = directly(visitor)["a blob that is missing"][0], incident.FILES[0]
    await system.publish(wrong)
    assert (await visitor.ended(wrong["subject"]))["status"] == "failed"
    right = await visitor.hand_in(*good)
    report = await visitor.report(await visitor.ask(incident.QUESTION, evidence=(wrong["subject"], right)))
    assert [piece["job_id"] for piece in report["failed_evidence"]] == [wrong["subject"]]
    assert {each["file"] for one in report["hypotheses"] for each in one["citations"]} == {good[0]}


STRANGE: dict[str, tuple[bytes, str, str]] = {
    "no JSON": (b"{ this is no JSON", "ingest.submitted.v1", "classify"),
    "no event": (b'{"specversion": "1.0"}', "document.submitted.v1", "classify"),
    "no object": (b"[]", "troubleshoot.submitted.v1", "classify"),
    "a state that nobody knows": (json.dumps(event("ingest.burned.v1", {}, tenant="strange")).encode(), "ingest.burned.v1", "record"),
}


async def test_a_kind_that_nobody_knows_is_kept_and_counted(system: Running) -> None:
    before = json.loads((await system.command("stages", "list", "--json")).out)["unroutable"]
    await system.publish(json.dumps(event("weather.changed.v1", {}, tenant="strange")).encode(), key="weather.changed.v1")
    async with asyncio.timeout(30):
        while json.loads((await system.command("stages", "list", "--json")).out)["unroutable"] != before + 1:  # noqa: ASYNC110 # a queue
            await asyncio.sleep(0.2)


@pytest.mark.parametrize("what", STRANGE)
async def test_what_is_no_event_of_ours_becomes_a_dead_letter_with_stage_and_reason(system: Running, what: str) -> None:
    body, key, stage = STRANGE[what]
    before = {letter["id"] for letter in await system.letters(f"fm.{stage}.dead")}
    await system.publish(body, key=key)
    await system.tap.until(lambda: any(copy.exchange == "fm.dead" and _about(copy.event, key, stage, before) for copy in system.tap.copies))
    [letter] = [each for each in await system.letters(f"fm.{stage}.dead") if each["id"] not in before]
    assert (letter["stage"], letter["code"], letter["routing_key"]) == (stage, "invalid_event", key)
    assert letter["message"].startswith(("the body is no", "unknown event type or version"))
    assert letter["sealed"]
    assert "event" not in letter


def _about(letter: Document, key: str, stage: str, before: set[str]) -> bool:
    data = letter.get("data", {})
    return bool(data.get("routing_key") == key and data.get("stage") == stage and data["id"] not in before)


async def assert_failed(system: Running, visitor: Visitor, jobs: dict[str, str]) -> None:
    """Each job says why, and so does the letter of classify: for people in Mongo, for replaying in the stage's queue."""
    await asyncio.gather(*(visitor.ended(job) for job in jobs))
    letters = await system.letters("fm.classify.dead")
    for job, code in jobs.items():
        ended = await visitor.ended(job)
        assert (ended["status"], ended["error"]["stage"], ended["error"]["code"]) == ("failed", "classify", code), ended
        assert ended["error"]["message"]
        [kept] = [letter for letter in await system.buried(job) if letter["stage"] == "classify"]
        assert (kept["code"], kept["message"], kept["tenant"]) == (code, ended["error"]["message"], visitor.tenant)
        [lying] = [letter for letter in letters if letter["job_id"] == job]
        assert lying["message"] == kept["message"]
