"""What people order about jobs, in the running system: why is it not done, cancel, retry, how did it come about."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from redis.asyncio import Redis

from e2e import incident
from e2e.running import Document, Running, Visitor


@asynccontextmanager
async def paused(system: Running, visitor: Visitor, stage: str) -> AsyncIterator[None]:
    """Pause a stage, as a person does, and wait until its consumers have obeyed."""
    answer = await visitor.request("POST", f"/api/v1/ops/stages/{stage}/pause", json={"reason": "a test"})
    assert answer.status_code == 202, answer.text
    assert system.settings.redis_url is not None
    try:
        await asyncio.sleep(6)  # a look and a heartbeat after the order: what was said before is of an earlier pause
        async with asyncio.timeout(30), Redis.from_url(system.settings.redis_url.get_secret_value()) as redis:
            keys = [key async for key in redis.scan_iter(f"{system.settings.redis_prefix}:consumer:{stage}:*")]
            while not all(json.loads(value)["paused"] for value in await redis.mget(keys) if value):  # noqa: ASYNC110 # heartbeats
                await asyncio.sleep(0.2)
        yield
    finally:
        await visitor.request("POST", f"/api/v1/ops/stages/{stage}/resume")


async def until_waiting(visitor: Visitor, job: str, condition: str, stage: str) -> Document:
    """Return a job once it says that it waits so and there."""
    async with asyncio.timeout(60):
        while True:
            found: Document = (await visitor.request("GET", f"/api/v1/jobs/{job}")).json()
            said = found["waiting"]
            if said and (said["condition"], said["stage"]) == (condition, stage):
                return found
            assert found["finished_at"] is None, found["error"]
            await asyncio.sleep(0.1)


async def test_a_job_that_is_cancelled_in_the_middle_stops_there_and_leaves_no_text(system: Running, visitor: Visitor) -> None:
    clean = system.settings.home / "blobs" / "clean" / visitor.tenant
    async with paused(system, visitor, "process"):
        job = await visitor.hand_in("payments-api.log", incident.log(2))
        waiting = await until_waiting(visitor, job, "paused", "process")
        assert "a test" in waiting["waiting"]["explanation"]
        twin = max(files(clean), key=lambda path: path.stat().st_size)
        cancelled = await system.command("cancel", job, "--reason", "wrong file", "--tenant", visitor.tenant)
        assert (cancelled.status, cancelled.out) == (0, f"job {job} is being cancelled\n")
        ended = await visitor.ended(job)
        assert (ended["status"], ended["result"]) == ("cancelled", None)
        await asyncio.sleep(5)  # consumers ask for orders every two seconds
    await until_gone(twin)
    assert system.tap.of(job, "ingest.processed.v1") == []
    assert await system.buried(job) == []
    again = await visitor.request("POST", f"/api/v1/jobs/{job}/cancel")
    assert again.status_code == 409


def files(folder: Path) -> list[Path]:
    """Return the blobs of a tenant."""
    return [path for path in folder.iterdir() if path.is_file()]


async def until_gone(path: Path) -> None:
    """Wait for a blob to be deleted."""
    async with asyncio.timeout(60):
        while path.exists():  # noqa: ASYNC110, ASYNC240 # a file has no event to wait for; it lies on this machine
            await asyncio.sleep(0.1)


async def test_a_question_does_not_wait_for_evidence_that_was_cancelled(system: Running, visitor: Visitor) -> None:
    log = await visitor.hand_in("payments-api.log", incident.log(12))
    await visitor.completed(log)
    async with paused(system, visitor, "process"):
        gone = await visitor.hand_in("gateway.csv", incident.metrics(12))
        await until_waiting(visitor, gone, "paused", "process")
        question = (await visitor.ask(incident.QUESTION, evidence=(log, gone)))["job_id"]
        asked = await until_waiting(visitor, question, "gathering", "gather")
        assert "gateway.csv" in asked["waiting"]["explanation"]
        assert (await visitor.request("POST", f"/api/v1/jobs/{gone}/cancel")).status_code == 202
        assert (await visitor.ended(gone))["status"] == "cancelled"
    report = (await visitor.completed(question))["result"]["report"]
    assert "it was cancelled" in json.dumps(report)


async def test_a_job_that_failed_completes_after_its_cause_is_mended_and_it_is_retried(system: Running, visitor: Visitor) -> None:
    raw = system.settings.home / "blobs" / "raw" / visitor.tenant
    async with paused(system, visitor, "classify"):
        job = await visitor.hand_in("payments-api.log", incident.log(2))
        await until_waiting(visitor, job, "paused", "classify")
        [blob] = files(raw)
        blob.rename(blob.parent.parent / "lost")
    failed = await visitor.ended(job)
    assert (failed["status"], failed["error"]["code"]) == ("failed", "missing_content")
    (blob.parent.parent / "lost").rename(blob)
    retried = await system.command("retry", job, "--tenant", visitor.tenant, "--json")
    assert retried.status == 0, retried.err
    async with asyncio.timeout(60):
        while (await visitor.request("GET", f"/api/v1/jobs/{job}")).json()["status"] == "failed":  # noqa: ASYNC110 # the other side's work
            await asyncio.sleep(0.1)
    completed = await visitor.completed(job)
    assert completed["generation"] == 1
    assert [past["status"] for past in completed["history"]] == ["failed"]
    way = (await visitor.request("GET", f"/api/v1/jobs/{job}/lineage")).json()
    assert way["unbroken"], way["breaks"]
    assert [(death["stage"], death["state"]) for death in way["deaths"]] == [("classify", "redriven")]


async def test_a_report_is_traced_back_to_what_was_handed_in(system: Running, visitor: Visitor) -> None:
    question = (await visitor.ask(incident.QUESTION, *incident.FILES))["job_id"]
    await visitor.completed(question)
    async with asyncio.timeout(30):
        while (await visitor.request("GET", f"/api/v1/jobs/{question}/lineage")).json()["hops"][-1]["state"] != "done":  # noqa: ASYNC110
            await asyncio.sleep(0.1)  # `completed` itself comes to record last
    traced = await system.command("lineage", question, "--tenant", visitor.tenant)
    assert traced.status == 0, traced.out
    assert traced.out.count("unbroken") == 1 + len(incident.FILES)
    way = (await visitor.request("GET", f"/api/v1/jobs/{question}/lineage")).json()
    assert all(hop["follows"] and hop["input_sha256"] and hop["output_sha256"] for hop in way["hops"])
    assert all(piece["unbroken"] for piece in way["evidence"])
    assert way["hops"][-2]["stores"]


async def test_why_is_answered_in_sentences(system: Running, visitor: Visitor) -> None:
    async with paused(system, visitor, "sanitize"):
        job = await visitor.hand_in("payments-api.log", incident.log(2))
        await until_waiting(visitor, job, "paused", "sanitize")
        said = await system.command("jobs", job, "--why", "--tenant", visitor.tenant)
    assert said.status == 0, said.err
    assert said.out.startswith("paused in sanitize for")
    assert "faultmaven stages resume sanitize" in said.out
    await visitor.completed(job)
    after = await system.command("jobs", job, "--why", "--tenant", visitor.tenant)
    assert after.out == "It is completed.\n"
