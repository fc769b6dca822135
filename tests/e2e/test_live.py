"""A question is followed live through the running system: over a WebSocket, and at the command line."""

import asyncio
import json
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedOK

from e2e import incident
from e2e.running import Running, Visitor


async def heard(system: Running, visitor: Visitor, job: str) -> list[dict[str, Any]]:
    """Follow a job over a WebSocket to its end."""
    url = f"{system.system.api_url.replace('http', 'ws')}/api/v1/jobs/{job}/ws"
    told = []
    async with asyncio.timeout(90), connect(url, additional_headers={"X-Tenant-Id": visitor.tenant}, proxy=None) as socket:
        try:
            while True:
                told.append(json.loads(await socket.recv()))
        except ConnectionClosedOK:
            return told


async def test_a_question_is_followed_to_the_answer_that_is_stored(system: Running, visitor: Visitor) -> None:
    accepted = await visitor.ask(incident.QUESTION, *incident.FILES)
    told = await heard(system, visitor, accepted["job_id"])
    job = await visitor.completed(accepted["job_id"])
    by_kind = {kind: [each["data"] for each in told if each["type"] == kind] for kind in ("job", "phase", "answer", "end")}
    assert [each["type"] for each in told[-3:]] == ["job", "answer", "end"]
    assert by_kind["job"][-1]["status"] == "completed"
    assert len({state["version"] for state in by_kind["job"]}) == len(by_kind["job"]) > 1
    assert by_kind["phase"] == job["phases"]
    assert by_kind["answer"][0]["headline"] == job["result"]["report"]["headline"]


async def test_watch_follows_a_job_and_its_status_is_the_jobs(system: Running, visitor: Visitor) -> None:
    accepted = await visitor.ask(incident.QUESTION, *incident.FILES)
    person, program = await asyncio.gather(
        system.command("watch", accepted["job_id"], "--tenant", visitor.tenant),
        system.command("watch", accepted["job_id"], "--tenant", visitor.tenant, "--json"),
    )
    report = (await visitor.completed(accepted["job_id"]))["result"]["report"]
    assert (person.status, program.status) == (0, 0), person.err
    assert report["headline"] in person.out
    assert person.out.rstrip().endswith("completed")
    assert [json.loads(line)["type"] for line in program.out.splitlines()][-2:] == ["answer", "end"]

    unknown = await system.command("watch", accepted["job_id"], "--tenant", "somebody-else")
    assert (unknown.status, unknown.out) == (1, "")
    assert "no such job" in unknown.err
