"""A question with its evidence is answered by a report in which every claim can be looked up."""

import asyncio
import hashlib
import json
from itertools import pairwise
from typing import Any

import httpx

from e2e import incident
from e2e.quotes import holds
from e2e.running import Running, Visitor
from faultmaven_events.consumers.sanitize.pseudonyms import TOKEN
from faultmaven_events.schemas.report import IncidentReport
from faultmaven_events.topology import PATHS


def citations(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [piece["citation"] for piece in report["evidence"]] + [each for one in report["hypotheses"] for each in one["citations"]]


async def test_a_question_is_answered_with_quotes_that_stand_where_the_report_says(visitor: Visitor) -> None:
    runbook = await visitor.document("pool.md", incident.RUNBOOK, title="Connection pool exhausted")
    await visitor.completed(runbook)
    accepted = await visitor.ask(incident.QUESTION, *incident.FILES)
    job = await visitor.completed(accepted["job_id"])
    report, markdown = job["result"]["report"], job["result"]["markdown"]

    assert IncidentReport.model_validate(report).job_id.hex == accepted["job_id"].replace("-", "")
    assert report["verdict"] in {"confirmed", "likely"}
    assert report["headline"] in markdown
    assert report["root_cause"]["component"] == "payments-api"
    assert report["failed_evidence"] == []

    files, cited = dict(incident.FILES), citations(report)
    assert {each["file"] for each in cited} == set(files)
    for each in cited:
        assert holds(files[each["file"]], each), each
    whole = [each for each in cited if each["line_start"] == each["line_end"] and not TOKEN.search(each["quote"])]
    assert whole
    for each in whole:
        line = files[each["file"]].decode().split("\n")[each["line_start"] - 1]
        assert each["quote_sha256"] == hashlib.sha256(line.encode()).hexdigest(), each

    assert [ref["document"] for ref in report["knowledge_refs"]]
    chunks = [hit["chunk_id"] for hit in await visitor.search("connection pool exhausted", collection="user")]
    assert {ref["chunk_id"] for ref in report["knowledge_refs"]} <= set(chunks)


async def test_every_fact_that_the_report_states_has_verified_evidence(visitor: Visitor) -> None:
    report = await visitor.report(await visitor.ask(incident.QUESTION, *incident.FILES))
    verified = {piece["evidence_id"] for piece in report["evidence"] if piece["integrity"] == "verified"}
    facts = [claim for claim in report["claims"] if claim["kind"] == "fact"]
    assert facts
    assert all(claim["verified"] and claim["evidence_refs"] and verified.issuperset(claim["evidence_refs"]) for claim in facts)


async def test_the_same_question_about_the_same_evidence_has_the_same_answer(visitor: Visitor) -> None:
    first, second = [
        await visitor.report(each) for each in await asyncio.gather(*(visitor.ask(incident.QUESTION, *incident.FILES) for _ in range(2)))
    ]
    for changing in ("job_id", "created_at", "correlation_id", "provenance"):
        first.pop(changing), second.pop(changing)
    ids = {each["evidence_id"] for each in citations(first)}, {each["evidence_id"] for each in citations(second)}
    texts = [json.dumps(report) for report in (first, second)]
    texts = [_without(text, own) for text, own in zip(texts, ids, strict=True)]
    assert texts[0] == texts[1]


def _without(text: str, ids: set[str]) -> str:
    for id in ids:
        text = text.replace(id, "-")
    return text


async def test_who_prefers_to_wait_gets_the_report_as_the_answer(visitor: Visitor) -> None:
    answer = await visitor.request(
        "POST",
        "/api/v1/troubleshoot",
        data={"question": incident.QUESTION},
        files=[("files", incident.FILES[0])],
        headers={"Prefer": "wait=30"},
    )
    assert (answer.status_code, answer.headers["preference-applied"]) == (200, "wait=30")
    assert answer.json()["status"] == "completed"
    assert answer.headers["location"] == f"/api/v1/jobs/{answer.json()['id']}"
    IncidentReport.model_validate(answer.json()["result"]["report"])


async def test_a_job_that_has_not_changed_is_not_sent_again(visitor: Visitor) -> None:
    job = await visitor.completed(await visitor.hand_in("a.csv", incident.metrics(2)))
    shown = await visitor.request("GET", f"/api/v1/jobs/{job['id']}")
    again = await visitor.request("GET", f"/api/v1/jobs/{job['id']}", headers={"If-None-Match": shown.headers["etag"]})
    assert (shown.status_code, again.status_code, again.content) == (200, 304, b"")


async def test_a_stream_shows_each_stage_in_order_and_ends(visitor: Visitor, system: Running) -> None:
    accepted = await visitor.ask(incident.QUESTION, *incident.FILES)
    seen = await _followed(system.client, accepted["job_id"], visitor.tenant)
    assert {tuple(run["stage"] for run in job["stages"]) for job in seen} == {PATHS["troubleshoot"]}
    done = [{run["stage"] for run in job["stages"] if run["state"] == "done"} for job in seen]
    assert all(before <= after for before, after in pairwise(done)), done
    assert [job["progress"] for job in seen] == sorted(job["progress"] for job in seen)
    assert len({len(stages) for stages in done}) > 1  # it was shown on its way, not only at its end
    assert (seen[-1]["status"], done[-1], seen[-1]["progress"]) == ("completed", set(PATHS["troubleshoot"]), 1.0)
    ran = [run["at"] for run in seen[-1]["stages"]]
    assert ran == sorted(ran)


async def _followed(client: httpx.AsyncClient, job: str, tenant: str) -> list[dict[str, Any]]:
    async with asyncio.timeout(90), client.stream("GET", f"/api/v1/jobs/{job}/events", headers={"X-Tenant-Id": tenant}) as stream:
        return [json.loads(line.removeprefix("data:")) async for line in stream.aiter_lines() if line.startswith("data:")]
