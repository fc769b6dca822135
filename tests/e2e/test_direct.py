"""Programs that publish straight onto the broker, without our SDK and without the HTTP door."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from e2e.running import Document, Running
from e2e.shelves import points
from faultmaven_events.schemas.report import IncidentReport

EXAMPLES = Path(__file__).parents[2] / "examples" / "publish"


def published(tenant: str) -> tuple[Document, Document]:
    """The evidence and the question of examples/publish, with ids of their own."""
    evidence, question = (json.loads((EXAMPLES / f"{name}.json").read_text()) for name in ("evidence", "question"))
    for event in (evidence, question):
        event |= {"id": str(uuid4()), "subject": str(uuid4()), "tenantid": tenant}
    question["data"]["evidence"] = [evidence["subject"]]
    return evidence, question


@pytest.mark.parametrize("question_first", [True, False], ids=["question first", "evidence first"])
async def test_published_evidence_and_question_meet_whichever_comes_first(system: Running, question_first: bool) -> None:
    visitor = system.visitor()
    evidence, question = published(visitor.tenant)
    first, second = (question, evidence) if question_first else (evidence, question)
    await system.publish(first)
    if question_first:
        await system.tap.until(lambda: system.tap.of(question["subject"], "troubleshoot.sanitized.v1"))
        assert system.tap.of(question["subject"], "troubleshoot.gathered.v1") == []
    else:
        await visitor.completed(evidence["subject"])
    await system.publish(second)
    job = await visitor.completed(question["subject"])
    report = IncidentReport.model_validate(job["result"]["report"])
    assert (job["correlation_id"], report.correlation_id) == ("alert-4711", "alert-4711")
    assert {each.citation.file for each in report.evidence} == {"checkout.log"}
    assert "connection refused" in job["result"]["markdown"]
    assert report.failed_evidence == ()


async def test_an_event_that_comes_three_times_has_one_effect(system: Running) -> None:
    visitor = system.visitor()
    evidence, question = published(visitor.tenant)
    await system.publish(*[evidence] * 3, *[question] * 3)
    await visitor.completed(evidence["subject"])
    await visitor.completed(question["subject"])
    await _settled(system, evidence["subject"], question["subject"])

    listed = (await visitor.request("GET", "/api/v1/jobs")).json()["items"]
    assert sorted(job["id"] for job in listed) == sorted([evidence["subject"], question["subject"]])
    job = await visitor.completed(evidence["subject"])
    stored = [point for point in await points(system.settings) if point["document_id"] == evidence["subject"]]
    assert len(stored) == job["result"]["vectors"] + 1  # its passages, and the document itself
    for subject in (evidence["subject"], question["subject"]):
        events = system.tap.of(subject, exchange="fm.events")
        sent, beside = {event["id"] for event in events}, {event["id"] for event in events if ".progressed." in event["type"]}
        logged, ran = await _rows(system, UUID(subject), "event_log"), await _rows(system, UUID(subject), "stage_runs")
        assert sorted(logged) == sorted(sent)
        assert len(ran) == len(set(ran)) == len(sent - beside) - 1  # no stage published the first event, and a phase is no stage
    assert await system.buried(evidence["subject"]) == []


async def _settled(system: Running, evidence: str, question: str) -> None:
    """Return when every copy has gone its way to the end: only then can be said that it changed nothing."""
    tap = system.tap

    def count(subject: str, type_: str) -> int:
        return len(tap.of(subject, type_))

    await tap.until(lambda: count(evidence, "ingest.completed.v1") == count(question, "troubleshoot.sanitized.v1") == 3)
    await _marker(system)  # it went through every queue behind the copies
    await tap.until(lambda: count(question, "troubleshoot.gathered.v1") == count(question, "troubleshoot.completed.v1"))
    await _marker(system)


async def _marker(system: Running) -> None:
    evidence, question = published("marker")
    await system.publish(evidence, question)
    await system.visitor("marker").completed(question["subject"])


async def _rows(system: Running, job: UUID, table: str) -> list[str]:
    assert system.settings.postgres_url
    connection = await asyncpg.connect(system.settings.postgres_url.get_secret_value())
    try:
        return [str(row["event_id"]) for row in await connection.fetch(f"SELECT event_id FROM {table} WHERE job_id = $1", job)]
    finally:
        await connection.close()


async def test_a_question_goes_on_without_evidence_that_never_comes(system: Running) -> None:
    visitor = system.visitor()
    evidence, question = published(visitor.tenant)
    never = str(uuid4())
    question["data"]["evidence"].append(never)
    question["time"] = datetime.now(UTC).isoformat()
    question["deadline"] = (datetime.now(UTC) + timedelta(seconds=12)).isoformat()
    await system.publish(evidence, question)
    report = IncidentReport.model_validate((await visitor.completed(question["subject"]))["result"]["report"])
    assert [str(piece.job_id) for piece in report.failed_evidence] == [never]
    assert {each.citation.file for each in report.evidence} == {"checkout.log"}
