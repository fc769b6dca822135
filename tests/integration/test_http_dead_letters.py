"""The workbench over HTTP and at the command line, with a bury process beside the ingress."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest

from contract.workbench import Workbench, open_workbench, until
from faultmaven_events.settings import Settings
from http_door import open_ingress, problem
from samples import event

PATH = "/api/v1/ops/dead-letters"
ANN = {"X-User-Id": "ann"}
SECRET = "hunter" + "2"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"retry_scale": 0.01})


@asynccontextmanager
async def open_both(settings: Settings, stage: str = "process") -> AsyncIterator[tuple[Workbench, httpx.AsyncClient]]:
    async with open_ingress(settings) as door, open_workbench(settings, stage) as workbench:
        yield workbench, door


async def died(workbench: Workbench, count: int, **attributes: Any) -> None:
    for _ in range(count):
        await workbench.bench.send(event("ingest.sanitized.v1", **attributes).encode())
    await workbench.buried(count)


async def ended(door: httpx.AsyncClient, location: str) -> dict[str, Any]:
    found: dict[str, Any] = {}

    async def over() -> bool:
        found.update((await door.get(location)).json())
        return found["state"] != "running"

    await until(over)
    return found


async def test_what_died_is_shown_grouped_listed_whole_and_exported(settings: Settings) -> None:
    async with open_both(settings) as (workbench, door):
        await died(workbench, 4, source="/partner/upload")
        await workbench.bench.send(SECRET.encode())
        await workbench.buried(5)
        groups = (await door.get(PATH, params={"view": "groups"})).json()["items"]
        assert {(group["code"], group["count"]) for group in groups} == {("missing_content", 4), ("invalid_event", 1)}
        (group,) = [group for group in groups if group["count"] == 4]
        assert (group["states"], group["tenants"], group["stage"]) == ({"dead": 4}, 1, "process")
        assert ("source", "/partner/upload", None) in {(each["field"], each["value"], each["elsewhere"]) for each in group["suspects"]}

        page = (await door.get(PATH, params={"limit": 3, "stage": "process"})).json()
        rest = (await door.get(PATH, params={"limit": 3, "cursor": page["next"]})).json()
        ids = [item["id"] for item in (*page["items"], *rest["items"])]
        assert (len(ids), len(set(ids)), rest["next"]) == (5, 5, None)
        for query, count in (
            ({"tenant": "acme"}, 4),
            ({"code": "invalid_event"}, 1),
            ({"state": "redriven"}, 0),
            ({"since": "2199-01-01T00:00:00Z"}, 0),
        ):
            assert len((await door.get(PATH, params=query)).json()["items"]) == count

        shown = (await door.get(f"{PATH}/{group['sample']}")).json()
        assert shown["event"]["source"] == "/partner/upload"
        assert len(shown["attempts"]) == 1
        lines = (await door.get(f"{PATH}/export")).text.splitlines()
        assert {json.loads(line)["id"] for line in lines} == set(ids)
        (poison,) = (await door.get(PATH, params={"code": "invalid_event"})).json()["items"]
        whole = (await door.get(f"{PATH}/{poison['id']}")).text
        assert json.loads(whole)["sealed_bytes"] == len(SECRET)
        assert SECRET not in whole + "".join(lines)
        assert "sealed" not in json.loads(whole)


async def test_a_group_is_redriven_over_http_and_the_audit_says_by_whom(settings: Settings) -> None:
    async with open_both(settings) as (workbench, door):
        await died(workbench, 3)
        dry = await door.post(f"{PATH}/redrives", json={"stage": "process", "dry_run": True})
        assert (dry.status_code, dry.json()["selected"], len(dry.json()["ids"])) == (200, 3, 3)
        assert dry.json()["portions"] == [{"stage": "process", "code": "missing_content", "count": 3}]
        workbench.sick.error = None
        started = await door.post(f"{PATH}/redrives", json={"stage": "process"}, headers=ANN)
        assert (started.status_code, started.json()["by"]) == (202, "ann")
        done = await ended(door, started.headers["location"])
        assert (done["state"], done["selected"], done["sent"]) == ("done", 3, 3)
        (entry,) = (await door.get(f"{PATH}/audit")).json()["items"]
        assert (entry["by"], entry["action"], entry["count"], entry["target"]["stage"]) == ("ann", "redrive", 3, "process")
        assert [each["id"] for each in (await door.get(f"{PATH}/redrives")).json()["items"]] == [done["id"]]
        stopped = await door.delete(started.headers["location"])
        assert stopped.json()["state"] == "done"


async def test_a_slow_redrive_is_cancelled(settings: Settings) -> None:
    async with open_both(settings) as (workbench, door):
        await died(workbench, 3)
        workbench.sick.error = None
        started = await door.post(f"{PATH}/redrives", json={"everything": True, "rate": 0.1})
        cancelled = (await door.delete(started.headers["location"], headers=ANN)).json()
        assert (cancelled["state"], cancelled["cancelled_by"]) == ("cancelled", "ann")
        assert await workbench.count(state="dead") >= 2


async def test_edit_and_discard(settings: Settings) -> None:
    async with open_both(settings) as (workbench, door):
        await died(workbench, 2)
        first, second = ((item["id"]) for item in (await door.get(PATH)).json()["items"])
        refused = await door.post(f"{PATH}/{first}/edits", json={"patch": [{"op": "replace", "path": "/tenantid", "value": SECRET}]})
        assert (refused.status_code, problem(refused)) == (422, "invalid-request")
        assert "changes tenantid" in refused.json()["errors"][0]["detail"]
        assert SECRET not in refused.text
        workbench.sick.error = None
        patch = [{"op": "replace", "path": "/data/name", "value": "mended.log"}]
        started = await door.post(f"{PATH}/{first}/edits", json={"patch": patch, "reason": "wrong name"}, headers=ANN)
        assert (await ended(door, started.headers["location"]))["sent"] == 1
        shown = (await door.get(f"{PATH}/{first}")).json()
        assert (shown["state"], shown["edited"], shown["decided_by"]) == ("redriven", True, "ann")
        assert [(entry["action"], entry["reason"]) for entry in shown["audit"]] == [("edit", "wrong name")]
        assert "mended" not in json.dumps(shown["audit"])
        again = await door.post(f"{PATH}/{first}/edits", json={"patch": patch})
        assert (again.status_code, problem(again)) == (409, "letter-decided")

        gone = await door.post(f"{PATH}/discards", json={"ids": [second], "reason": "a test of ours"}, headers=ANN)
        assert gone.json() == {"discarded": 1}
        shown = (await door.get(f"{PATH}/{second}")).json()
        assert (shown["state"], shown["reason"], shown["decided_by"]) == ("discarded", "a test of ours", "ann")


async def test_orders_that_make_no_sense_are_problems(settings: Settings) -> None:
    async with open_ingress(settings) as door:
        for method, path, body, status, code in (
            ("POST", "/redrives", {}, 422, "invalid-request"),
            ("POST", "/redrives", {"stage": "process", "rate": 0}, 422, "invalid-request"),
            ("POST", "/redrives", {"fingerprint": SECRET}, 422, "invalid-request"),
            ("POST", "/discards", {"stage": "process"}, 422, "invalid-request"),
            ("POST", "/discards", {"reason": "no letters"}, 422, "invalid-request"),
            ("POST", f"/{uuid4()}/edits", {"patch": []}, 422, "invalid-request"),
            ("POST", f"/{uuid4()}/edits", {"patch": [{"op": "replace", "path": "/x", "value": 1}]}, 404, "unknown-letter"),
            ("GET", f"/{uuid4()}", None, 404, "unknown-letter"),
            ("GET", f"/{SECRET}", None, 404, "unknown-letter"),
            ("GET", f"/redrives/{uuid4()}", None, 404, "unknown-redrive"),
            ("DELETE", f"/redrives/{SECRET}", None, 404, "unknown-redrive"),
            ("GET", f"?cursor={SECRET}", None, 422, "invalid-request"),
            ("GET", f"?state={SECRET}", None, 422, "invalid-request"),
        ):
            answer = await door.request(method, PATH + path, json=body)
            assert (answer.status_code, problem(answer)) == (status, code), (path, answer.text)
            assert SECRET not in answer.text.replace(answer.json()["instance"], "")
        assert problem(await door.post(f"{PATH}/redrives", content=b"{")) == "malformed-json"


async def test_the_command_line_does_the_same(settings: Settings) -> None:
    async with open_both(settings) as (workbench, door):
        await died(workbench, 3)

        async def dead(*words: str, status: int = 0) -> str:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "faultmaven_events", "dead", *words),
                env={**os.environ, "FM_API_URL": str(door.base_url), "COLUMNS": "200", "USER": "ann", "LOGNAME": "ann"},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            out, err = await process.communicate()
            assert process.returncode == status, err.decode()
            return out.decode()

        listed = await dead("list")
        assert "3 x process missing_content" in listed
        first, second, _ = (line.split()[0] for line in (await dead("list", "--letters")).splitlines()[1:])
        assert "attempt 1" in await dead("show", first)
        assert "3 letters would go" in await dead("redrive", "--stage", "process", "--dry-run")
        assert await workbench.count(state="dead") == 3
        assert await dead("discard", first, "--reason", "a test of ours") == "1 discarded\n"
        workbench.sick.error = None
        patch = json.dumps([{"op": "replace", "path": "/data/name", "value": "mended.log"}])
        assert "1 of 1 sent" in await dead("edit", second, "--patch", patch)
        assert "done: 1 of 1 sent" in await dead("redrive", "--all")
        assert await dead("list") == "nothing is dead\n"
        lines = [json.loads(line) for line in (await dead("export")).splitlines()]
        assert sorted(line["state"] for line in lines) == ["discarded", "redriven", "redriven"]
        audit = await dead("audit")
        assert all(f"ann          {action}" in audit for action in ("redrive", "edit", "discard"))
        await dead("redrive", status=2)
        await dead("show", str(uuid4()), status=1)
