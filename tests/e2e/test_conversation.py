"""A conversation: an incident, questions about its report, then new evidence. Offline, over HTTP, broker and stores."""

import json
from typing import Any

from e2e import incident
from e2e.running import Document, Running, Visitor, event
from faultmaven_events.schemas.report import IncidentReport
from faultmaven_events.topology import GIVES, PATHS

ANOTHER = (
    "postgres.log",
    b"".join(b"2026-03-14 09:%02d:00.000 UTC [77] LOG:  checkpoint complete: wrote 12 buffers\n" % minute for minute in range(20)),
)


async def following(visitor: Visitor, job: str, question: str, *files: tuple[str, bytes]) -> Document:
    """Ask a question that follows another; returns what was accepted."""
    asked = {"question": question, "follows": job}
    if files:
        answer = await visitor.request("POST", "/api/v1/troubleshoot", data=asked, files=[("files", file) for file in files])
    else:
        answer = await visitor.request("POST", "/api/v1/troubleshoot", json=asked)
    assert answer.status_code == 202, answer.text
    accepted: Document = answer.json()
    return accepted


async def test_an_incident_is_talked_about_until_new_evidence_comes(visitor: Visitor, system: Running) -> None:
    first = await visitor.ask(incident.QUESTION, *incident.FILES)
    report = await visitor.report(first)
    last = first["job_id"]
    for question, about in (("When did it start?", "when"), ("How do I fix it?", "fix"), ("And what did you rule out?", "alternatives")):
        accepted = await following(visitor, last, question)
        job = await visitor.completed(accepted["job_id"])
        told = job["result"]["report"]
        IncidentReport.model_validate(told)
        assert (told["question"], told["answer"]["about"], told["answer"]["answered_by"]) == (question, [about], "offline")
        assert told["answer"]["follows"] == first["job_id"]  # of a follow-up of a follow-up too
        assert (told["headline"], told["hypotheses"]) == (report["headline"], report["hypotheses"])
        assert {piece["integrity"] for piece in told["evidence"]} == {"verified"}
        assert set(told["answer"]["evidence_refs"]) <= {piece["evidence_id"] for piece in told["evidence"]}
        assert (job["follows"], job["evidence"]) == (last, [each["job_id"] for each in first["evidence"]])
        last = job["id"]
    assert told["conversation"] == {**told["conversation"], "messages": 6, "trimmed": 0}
    assert len(told["conversation"]["jobs"]) == 3
    assert report["root_cause"]["onset_time"][:16] in json.dumps(await _text(visitor, first["job_id"], "Since when?"))

    new = await following(visitor, last, "Why?", ANOTHER)
    answered = await visitor.report(new)
    assert answered["answer"] is None
    assert len((await visitor.completed(new["job_id"]))["evidence"]) == len(incident.FILES) + 1
    assert any(note.startswith("Earlier in this conversation") for note in answered["limitations"])
    assert answered["conversation"]["messages"] == 8


async def _text(visitor: Visitor, job: str, question: str) -> str:
    text: str = (await visitor.report(await following(visitor, job, question)))["answer"]["text"]
    return text


async def test_no_stage_forgets_what_a_question_follows(visitor: Visitor, system: Running) -> None:
    first = await visitor.ask(incident.QUESTION, *incident.FILES[1:])
    await visitor.completed(first["job_id"])
    accepted = await following(visitor, first["job_id"], "Is it over?")
    await visitor.completed(accepted["job_id"])
    types = [f"troubleshoot.{state}.v1" for state in ("submitted", *(GIVES[stage] for stage in PATHS["troubleshoot"][:-1]))]
    await system.tap.until(lambda: all(system.tap.of(accepted["job_id"], type_) for type_ in types))
    for type_ in types:
        assert system.tap.of(accepted["job_id"], type_)[0]["data"]["follows"] == first["job_id"], type_


async def test_a_question_about_something_else_is_an_investigation_of_the_same_evidence(visitor: Visitor) -> None:
    first = await visitor.ask(incident.QUESTION, *incident.FILES)
    await visitor.completed(first["job_id"])
    report = await visitor.report(await following(visitor, first["job_id"], "Does the mail server refuse logins?"))
    assert report["answer"] is None
    assert report["evidence"]
    assert report["conversation"]["jobs"] == [first["job_id"]]


async def test_a_redelivered_follow_up_has_the_same_bytes(visitor: Visitor, system: Running) -> None:
    first = await visitor.ask(incident.QUESTION, *incident.FILES)
    await visitor.completed(first["job_id"])
    job = (await following(visitor, first["job_id"], "Why?"))["job_id"]
    await visitor.completed(job)
    [embedded] = system.tap.of(job, "troubleshoot.embedded.v1")
    await system.publish(embedded)
    await system.tap.until(lambda: len(system.tap.of(job, "troubleshoot.reasoned.v1")) == 2)
    one, two = system.tap.of(job, "troubleshoot.reasoned.v1")
    assert (one["id"], one["data"]) == (two["id"], two["data"])


async def test_nobody_follows_the_question_of_another_tenant(visitor: Visitor, system: Running) -> None:
    first = await visitor.ask(incident.QUESTION, *incident.FILES[1:])
    await visitor.completed(first["job_id"])
    other = system.visitor()
    refused = await other.request("POST", "/api/v1/troubleshoot", json={"question": "Why?", "follows": first["job_id"]})
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:faultmaven:problem:unknown-question")
    # Nor by publishing past the door: the report of another tenant is as if it were not there.
    asked = event("troubleshoot.submitted.v1", {"text": "Why?", "follows": first["job_id"]}, tenant=other.tenant)
    await system.publish(asked)
    report: dict[str, Any] = (await other.completed(asked["subject"]))["result"]["report"]
    assert (report["answer"], report["evidence"]) == (None, [])
    assert any("not known here" in note for note in report["limitations"])
    assert "payments" not in json.dumps(report)


async def test_a_case_knows_its_earlier_report(visitor: Visitor) -> None:
    first = await visitor.request(
        "POST",
        "/api/v1/troubleshoot",
        data={"question": incident.QUESTION, "case_id": "INC-7"},
        files=[("files", file) for file in incident.FILES],
    )
    await visitor.completed(first.json()["job_id"])
    again = await visitor.request("POST", "/api/v1/troubleshoot", json={"question": "How sure are you?", "case_id": "INC-7"})
    report = await visitor.report(again.json())
    assert report["answer"]["follows"] == first.json()["job_id"]
    assert {piece["integrity"] for piece in report["evidence"]} == {"verified"}


async def test_a_follow_up_is_asked_at_the_command_line(visitor: Visitor, system: Running) -> None:
    first = await visitor.ask(incident.QUESTION, *incident.FILES[1:])
    await visitor.completed(first["job_id"])
    done = await system.command("submit", "How do I roll back?", "--follows", first["job_id"], "--tenant", visitor.tenant, "--json")
    assert done.status == 0, done.err
    assert json.loads(done.out)["answer"]["about"] == ["rollback"]
