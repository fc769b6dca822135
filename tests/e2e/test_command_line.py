"""The command line against the running system, as a person or a script uses it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from e2e import incident
from e2e.running import Finished, Running, event
from faultmaven_events.infra.servers.place import free_ports

ROOT = Path(__file__).parents[2]
CITED = {"file", "line_start", "line_end"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an incident's files."""
    for name, data in (*incident.FILES, ("pool.md", incident.RUNBOOK)):
        (tmp_path / name).write_bytes(data)
    return tmp_path


def evidence(folder: Path) -> list[str]:
    return [str(folder / name) for name, _ in incident.FILES]


def parsed(finished: Finished) -> Any:
    assert finished.status == 0, finished.err
    return json.loads(finished.out)


async def test_submit_prints_the_finished_report_alone_as_json(system: Running, folder: Path) -> None:
    report = parsed(await system.command("submit", incident.QUESTION, *evidence(folder), "--json", "--tenant", "cli-submit"))
    first = report["hypotheses"][0]
    assert first["statement"]
    assert (first["component"], first["category"]) == ("payments-api", "config")
    assert first["onset"].startswith("2026-03-14T09:1")
    assert first["citations"]
    for citation in first["citations"]:
        assert citation.keys() >= CITED
        lines = (folder / citation["file"]).read_text().count("\n")
        assert 1 <= citation["line_start"] <= citation["line_end"] <= lines


async def test_submit_shows_each_stage_and_prints_the_report_for_people(system: Running, folder: Path) -> None:
    shown = await system.command("submit", incident.QUESTION, *evidence(folder), "--tenant", "cli-people")
    assert shown.status == 0, shown.err
    assert "payments-api.log" in shown.out
    for stage in ("classify", "sanitize", "gather", "process", "embed", "reason"):
        assert stage in shown.err
    assert "completed" in shown.err


async def test_documents_are_added_and_found(system: Running, folder: Path) -> None:
    added = parsed(await system.command("add", str(folder / "pool.md"), "--json", "--tenant", "cli-add"))
    assert [(job["name"], job["status"]) for job in added] == [("pool.md", "completed")]
    found, shown, nothing = await asyncio.gather(
        system.command("search", "requests wait for a connection", "--json", "--tenant", "cli-add"),
        system.command("search", "requests wait for a connection", "--tenant", "cli-add"),
        system.command("search", "requests wait for a connection", "--tenant", "cli-nobody"),
    )
    assert parsed(found)["hits"][0]["name"] == "pool.md"
    assert "pool.md:" in shown.out
    assert (nothing.status, nothing.out) == (0, "nothing found\n")


async def test_jobs_are_listed_and_shown(system: Running) -> None:
    visitor = system.visitor()
    job = await visitor.completed(await visitor.hand_in("orders.csv", incident.metrics(2)))
    listed, shown, page, one = await asyncio.gather(
        system.command("jobs", "--tenant", visitor.tenant),
        system.command("jobs", job["id"], "--tenant", visitor.tenant),
        system.command("jobs", "--json", "--kind", "ingest", "--status", "completed", "--tenant", visitor.tenant),
        system.command("jobs", job["id"], "--json", "--tenant", visitor.tenant),
    )
    assert job["id"] in listed.out
    assert "orders.csv" in listed.out
    assert all(stage in shown.out for stage in ("classify", "sanitize", "process", "embed", "record"))
    assert [item["id"] for item in parsed(page)["items"]] == [job["id"]]
    assert parsed(one) == job


async def test_an_event_is_checked_and_published(system: Running, tmp_path: Path) -> None:
    visitor = system.visitor()
    published = event("ingest.submitted.v1", {"name": "a.log", "text": "2026-03-14T09:00:00Z ERROR disk full\n"}, tenant=visitor.tenant)
    (tmp_path / "event.json").write_text(json.dumps(published))
    (tmp_path / "wrong.json").write_text(json.dumps(published | {"data": {"name": "a.log"}}))
    checked, wrong, sent = await asyncio.gather(
        system.command("publish", "--check", str(tmp_path / "event.json")),
        system.command("publish", str(tmp_path / "wrong.json")),
        system.command("publish", str(tmp_path / "event.json")),
    )
    assert (checked.status, checked.out.split(":")[0]) == (0, "valid")
    assert (sent.status, sent.out) == (0, f"published: ingest.submitted.v1 {published['id']} job={published['subject']}\n")
    assert_one_sentence(wrong, "does not fit its schema")
    assert (await visitor.completed(published["subject"]))["name"] == "a.log"


async def test_topology_and_contract_are_as_published(system: Running) -> None:
    shown, plan, checked, contract = await asyncio.gather(
        system.command("topology", "show"),
        system.command("topology", "show", "--json"),
        system.command("topology", "check"),
        system.command("contracts", "check", str(ROOT / "docs" / "generated")),
    )
    assert "fm.classify" in shown.out
    assert "fm.classify.dead" in {queue["name"] for queue in parsed(plan)["queues"]}
    assert (checked.status, checked.out) == (0, "the broker holds all of it\n")
    assert (contract.status, contract.out) == (0, "the files match the code\n")


async def test_doctor_finds_every_dependency_of_a_running_system(system: Running) -> None:
    pytest.importorskip("faultmaven_events.infra.servers.probe")
    probes = parsed(await system.command("doctor", "--json"))
    assert all(probe["found"] for probe in probes), probes
    assert all(probe["reachable"] is not False for probe in probes), probes


WRONG = {
    "a file that is not there": (("submit", "Why?", "no-such.log"), {}, "no-such.log"),
    "an empty question": (("submit", " "), {}, "empty"),
    "an unknown status": (("jobs", "--status", "lost"), {}, "status"),
    "an event that is not there": (("publish", "no-such.json"), {}, "no-such.json cannot be read"),
    "a kind of document that is not taken": (("add", "program.exe"), {}, "not taken"),
    "an empty file": (("submit", "Why?", "empty.log"), {}, "empty"),
    "a setting that does not fit": (("jobs",), {"FM_PORT": "high"}, "FM_PORT"),
    "a broker that is not there": (("topology", "check"), {"FM_AMQP_URL": "amqp://127.0.0.1:{port}/x"}, "RabbitMQ does not answer"),
    "a broker that is not there, to publish": (
        ("publish", "event.json"),
        {"FM_AMQP_URL": "amqp://127.0.0.1:{port}/x"},
        "RabbitMQ does not answer",
    ),
    "a broker's address that is none": (("topology", "check"), {"FM_AMQP_URL": "nonsense"}, "RabbitMQ does not answer"),
    "no system that runs": (("jobs",), {"FM_API_URL": "http://127.0.0.1:{port}"}, "is `faultmaven up` running?"),
    "an unknown stage": (("consume", "clasify"), {}, "no such stage: clasify"),
}


async def test_whatever_is_wrong_is_said_in_one_sentence(system: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, data in {"program.exe": b"MZ", "empty.log": b"", "a.log": b"ERROR disk full\n"}.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "event.json").write_text(json.dumps(event("ingest.submitted.v1", {"name": "a", "text": "a"}, tenant="a")))
    port = str(free_ports(1)[0])
    several = asyncio.Semaphore(4)

    async def run(words: tuple[str, ...], environment: dict[str, str]) -> Finished:
        async with several:
            return await system.command(*words, **{name: value.format(port=port) for name, value in environment.items()})

    ended = await asyncio.gather(*(run(words, environment) for words, environment, _ in WRONG.values()))
    for (what, (_, _, says)), finished in zip(WRONG.items(), ended, strict=True):
        assert_one_sentence(finished, says, what)


def assert_one_sentence(finished: Finished, says: str, what: str = "") -> None:
    """Nothing on standard output; on standard error what is wrong, in a line, or in typer's box for a wrong use of the command line."""
    assert (finished.status, finished.out) in {(1, ""), (2, "")}, (what, finished)
    assert "Traceback" not in finished.err, (what, finished.err)
    assert says in finished.err, (what, finished.err)
    lines = finished.err.strip().splitlines()
    assert len(lines) == 1 or (finished.status == 2 and lines[0].startswith("Usage:")), (what, finished.err)
