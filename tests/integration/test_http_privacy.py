"""Undoing pseudonyms, receipts, the allow list and destroying keys, over HTTP and at the command line, on what the stage really wrote."""

import asyncio
import base64
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from faultmaven_events.consumers.sanitize.consumer import open_stage
from faultmaven_events.consumers.stage import Handler
from faultmaven_events.infra.blobs import Blobs, open_blobs
from faultmaven_events.infra.jobs import Ending, Projection
from faultmaven_events.infra.leftovers import sweep_raw
from faultmaven_events.infra.letters import Letters
from faultmaven_events.infra.mongo import Database, open_mongo
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.letter import Letter
from faultmaven_events.settings import Settings
from http_door import open_ingress, problem
from samples import CLASSIFICATION, event

TENANT = "acme"
ANN = {"X-Tenant-Id": TENANT, "X-User-Id": "ann"}
SECRET = "hunter" + "2"
RAW = f"login JANE@mail.example password={SECRET}\r\nfrom 203.0.113.9 in /home/jdoe/x.py\nlast line"
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Bench:
    settings: Settings
    handle: Handler
    blobs: Blobs
    database: Database
    door: httpx.AsyncClient

    async def file(self, raw: str = RAW, *, case_id: str | None = None, tenant: str = TENANT) -> UUID:
        """Bring a file through sanitize, and end its job."""
        job = uuid4()
        content = await self.blobs.put(tenant, "raw", job.hex, raw.encode())
        data = {"name": "app.log", "content": content, "case_id": case_id}
        submitted = _event("ingest.submitted.v1", job, tenant, data)
        classified = _event("ingest.classified.v1", job, tenant, data | {"classification": CLASSIFICATION}).stamped(stage="classify")
        (follower,) = await self.handle(classified)
        sanitized = follower.stamped(stage="sanitize")
        result = {"content": follower.data.content.model_dump(), "receipt": follower.data.receipt.model_dump()}
        changes = [(submitted, None), (classified, None), (sanitized, Ending("completed", MOMENT, result=result))]
        assert await Projection(self.database).apply(changes) == [None] * 3
        return job

    async def question(self, evidence: UUID, text: str) -> UUID:
        """End a question whose report speaks of a file's tokens."""
        job = uuid4()
        citation = {"evidence_id": str(evidence), "line_start": 1, "quote": text}
        asked = _event("troubleshoot.submitted.v1", job, TENANT, {"content": await self.blobs.put(TENANT, "raw", job.hex, b"why")})
        ending = Ending("completed", MOMENT, result={"report": {"headline": f"because: {text}", "evidence": [citation]}, "markdown": text})
        assert await Projection(self.database).apply([(asked, ending)]) == [None]
        return job

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.door.get(path, headers=ANN | headers)

    async def audit(self, about: UUID) -> list[dict[str, Any]]:
        answer = await self.get(f"/api/v1/ops/dead-letters/audit?about={about}")
        entries: list[dict[str, Any]] = answer.json()["items"]
        return entries

    async def command(self, *words: str, **env: str) -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "faultmaven_events", *words),
            env={**os.environ, "FM_API_URL": str(self.door.base_url), "COLUMNS": "200", **env},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()


def _event(type_: str, job: UUID, tenant: str, data: dict[str, Any]) -> Event[Any]:
    made = event(type_, subject=job, tenantid=tenant, time=MOMENT)
    filled: Event[Any] = made.model_copy(update={"data": type(made.data).model_validate(data)})
    return filled


@asynccontextmanager
async def open_bench(settings: Settings, **at_door: Any) -> AsyncIterator[Bench]:
    async with (
        open_stage(settings) as handle,
        open_blobs(settings) as blobs,
        open_mongo(settings) as database,
        open_ingress(settings.model_copy(update=at_door)) as door,
    ):
        yield Bench(settings, handle, blobs, database, door)


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    path = tmp_path / "vault-keys"
    path.write_text(base64.b64encode(os.urandom(32)).decode())
    return settings.model_copy(update={"vault_key_file": path})


async def test_who_may_sees_what_pseudonyms_stand_for_and_the_audit_says_so(settings: Settings) -> None:
    async with open_bench(settings) as bench:
        job = await bench.file(case_id="case-7")
        shown = await bench.get(f"/api/v1/jobs/{job}/identified/text")
        assert shown.text == RAW.replace(SECRET, "SECRET_password")
        assert shown.headers["cache-control"] == "no-store"
        twin = (await bench.get(f"/api/v1/jobs/{job}")).json()
        assert "JANE" not in str(twin)
        (entry,) = await bench.audit(job)
        assert (entry["by"], entry["action"], entry["count"]) == ("ann", "identify", 3)
        assert entry["target"] == {"id": str(job), "tenant": TENANT, "case": "case-7"}

        stranger = await bench.get(f"/api/v1/jobs/{job}/identified", **{"X-Tenant-Id": "umbrella"})
        assert (stranger.status_code, problem(stranger)) == (404, "unknown-job")

        receipt = (await bench.get(f"/api/v1/jobs/{job}/receipt")).json()
        tokens = [mark["token"] for mark in receipt["marks"] if mark["type"] != "SECRET_PASSWORD"]
        asked = await bench.question(job, f"{tokens[0]} came from {tokens[1]}")
        report = (await bench.get(f"/api/v1/jobs/{asked}/identified")).json()
        assert report["job"]["result"]["report"]["headline"] == "because: JANE@mail.example came from 203.0.113.9"
        assert report["job"]["result"]["markdown"] == "JANE@mail.example came from 203.0.113.9"
        assert (report["values"], report["ambiguous"], report["sealed"]) == (6, [], [])
        status, out, _ = await bench.command("jobs", str(asked), "--identified", "--json", "--tenant", TENANT)
        assert (status, "JANE@mail.example" in out) == (0, True)


async def test_an_ingress_without_the_key_undoes_nothing(settings: Settings) -> None:
    async with open_bench(settings, vault_key_file=None) as bench:
        job = await bench.file()
        for path in ("identified", "identified/text"):
            refused = await bench.get(f"/api/v1/jobs/{job}/{path}")
            assert (refused.status_code, problem(refused)) == (403, "reidentification-off")
        assert await bench.audit(job) == []


async def test_a_destroyed_key_is_destroyed_for_good_and_the_audit_proves_it(settings: Settings) -> None:
    async with open_bench(settings, vault_key_file=None) as without, open_bench(settings) as bench:
        job, other = await bench.file(case_id="case-7"), await bench.file(case_id="case-8")
        alone = await bench.file()
        for count in (1, 0):
            done = await without.door.delete("/api/v1/ops/vault/cases/case-7", params={"reason": "asked by its owner"}, headers=ANN)
            assert done.json() == {"shredded": {"tenant": TENANT, "case": "case-7"}, "objects": count}
        gone = await bench.get(f"/api/v1/jobs/{job}/identified/text")
        assert (gone.status_code, problem(gone)) == (410, "shredded")
        assert (await bench.get(f"/api/v1/jobs/{job}/identified")).json()["sealed"] == [str(job)]
        assert "JANE" in (await bench.get(f"/api/v1/jobs/{other}/identified/text")).text
        entries = (await bench.get("/api/v1/ops/dead-letters/audit")).json()["items"]
        assert [entry["action"] for entry in reversed(entries)][:4] == ["shred", "shredded", "shred", "shredded"]
        assert entries[-1]["reason"] == "asked by its owner"

        refused = await bench.door.delete(f"/api/v1/ops/vault/jobs/{other}", params={"reason": "x"}, headers=ANN)
        assert (refused.status_code, problem(refused)) == (422, "invalid-request")
        status, out, err = await bench.command("vault", "shred", "--job", str(alone), "--yes", "--tenant", TENANT)
        assert (status, "destroyed" in out) == (0, True), err
        assert (await bench.get(f"/api/v1/jobs/{alone}/identified/text")).status_code == 410


async def test_a_rotation_needs_no_restart_and_frees_the_old_key(settings: Settings) -> None:
    async with open_bench(settings) as bench:
        job = await bench.file()
        path = settings.vault_key_file
        assert path
        assert settings.mongo_url
        env = {"FM_VAULT_KEY_FILE": str(path), "FM_MONGO_URL": settings.mongo_url.get_secret_value(), "FM_HOME": str(settings.home)}
        status, out, err = await bench.command("vault", "rotate", "--new", **env)
        assert (status, out) == (0, "1 data keys wrapped anew, 0 were already, 0 cannot be opened\n"), err
        new, old = path.read_text().split()
        assert path.stat().st_mode & 0o077 == 0
        path.write_text(new)
        assert "JANE" in (await bench.get(f"/api/v1/jobs/{job}/identified/text")).text
        assert "JANE" in (await bench.get(f"/api/v1/jobs/{await bench.file()}/identified/text")).text
        path.write_text(old)
        away = await bench.get(f"/api/v1/jobs/{job}/identified")
        assert (away.status_code, problem(away)) == (503, "temporarily-unavailable")


async def test_a_reviewer_allows_a_finding_and_takes_it_back(settings: Settings) -> None:
    async with open_bench(settings) as bench:
        raw = "mail build@mail.example\npassword=enabled1\nbuild@mail.example jane@mail.example\n"
        job = await bench.file(raw)

        async def allow(**order: Any) -> httpx.Response:
            return await bench.door.post("/api/v1/ops/allowances", json={"job_id": str(job), **order}, headers=ANN)

        for order, status, code in (
            ({}, 422, "invalid-request"),
            ({"line": 9}, 404, "unknown-mark"),
            ({"token": "nobody"}, 404, "unknown-mark"),
            ({"line": 2}, 422, "invalid-request"),
            ({"line": 2, "force": True}, 422, "invalid-request"),
            ({"line": 0}, 422, "invalid-request"),
        ):
            refused = await allow(**order)
            assert (refused.status_code, problem(refused)) == (status, code), order
        added = await allow(line=1, reason="an address of ours")
        assert added.status_code == 201
        forced = await allow(line=2, force=True, reason="a switch, no password")
        assert forced.json()["type"] == "SECRET_PASSWORD"
        later = await bench.file(raw)
        text = (await bench.get(f"/api/v1/jobs/{later}/receipt")).json()
        assert text["receipt"]["allowed"] == {"EMAIL_ADDRESS": 2, "SECRET_PASSWORD": 1}
        assert text["receipt"]["counts"] == {"EMAIL_ADDRESS": 1}
        other = await bench.file(raw, tenant="umbrella")
        counts = (await bench.get(f"/api/v1/jobs/{other}/receipt", **{"X-Tenant-Id": "umbrella"})).json()["receipt"]["counts"]
        assert counts == {"EMAIL_ADDRESS": 3, "SECRET_PASSWORD": 1}

        status, out, _ = await bench.command("allow", "list", "--tenant", TENANT)
        assert (status, out.count("\n"), "an address of ours" in out) == (0, 2, True)
        for answer in (200, 404):
            gone = await bench.door.delete(f"/api/v1/ops/allowances/{added.json()['digest']}", headers=ANN)
            assert gone.status_code == answer
        assert (await bench.get("/api/v1/ops/allowances")).json()["items"][0]["digest"] == forced.json()["digest"]
        assert [entry["action"] for entry in await bench.audit(job)] == ["allow", "allow"]


async def test_where_several_findings_fit_the_answer_says_which(settings: Settings) -> None:
    async with open_bench(settings) as bench:
        job = await bench.file("build@mail.example jane@mail.example\n")
        order = {"job_id": str(job), "line": 1}
        refused = await bench.door.post("/api/v1/ops/allowances", json=order, headers=ANN)
        assert (refused.status_code, problem(refused)) == (409, "ambiguous-mark")
        assert refused.json()["errors"][0]["detail"] == "line 1 column 1"
        assert (await bench.door.post("/api/v1/ops/allowances", json=order | {"column": 1}, headers=ANN)).status_code == 201


async def test_raw_content_of_jobs_that_ended_goes_after_a_time_and_of_others_stays(settings: Settings) -> None:
    async with open_blobs(settings) as blobs, open_mongo(settings) as database:
        old, now = datetime.now(UTC) - timedelta(hours=100), datetime.now(UTC)
        folder = settings.home / "blobs" / "raw"
        for tenant in ("ended", "busy", "new"):
            await blobs.put(tenant, "raw", "a", b"x")
        for tenant in ("ended", "busy"):
            os.utime(folder / tenant / "a", (old.timestamp(), old.timestamp()))
        waiting = _event("ingest.submitted.v1", uuid4(), "busy", {"name": "a.log", "text": "x"}).stamped(time=old)
        failed = _event("ingest.submitted.v1", uuid4(), "ended", {"name": "a.log", "text": "x"}).stamped(time=old)
        await Projection(database).apply([(waiting, None), (failed, Ending("cancelled", old))])
        assert await sweep_raw(blobs.store, database, 72, now) == 1
        assert sorted(path.parent.name for path in folder.rglob("a")) == ["busy", "new"]
        assert await sweep_raw(blobs.store, database, 9, now) == 1  # even the oldest unfinished job holds nothing for ever
        assert [path.parent.name for path in folder.rglob("a")] == ["new"]


async def test_a_discarded_letter_takes_its_raw_content_with_it(settings: Settings) -> None:
    async with open_bench(settings) as bench:
        letters = {}
        for name in ("given-up", "kept"):
            content = await bench.blobs.put(TENANT, "raw", name, b"x")
            dead = _event("ingest.classified.v1", uuid4(), TENANT, {"name": "a.log", "content": content, "classification": CLASSIFICATION})
            made = event("dead.letter.v1").data.model_dump() | {"id": uuid4(), "stage": "sanitize", "event": dead.model_dump(mode="json")}
            letters[name] = Letter.model_validate(made | {"tenant": TENANT})
            await Letters(bench.database).keep(letters[name], bytes(32))
        order = {"ids": [str(letters["given-up"].id)], "reason": "a test of ours"}
        assert (await bench.door.post("/api/v1/ops/dead-letters/discards", json=order, headers=ANN)).json() == {"discarded": 1}
        assert [path.name for path in (settings.home / "blobs" / "raw" / TENANT).iterdir()] == ["kept"]
