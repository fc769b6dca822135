"""Reports and post-mortems over HTTP and at the command line: every form, every refusal, and with what pseudonyms stand for."""

import asyncio
import base64
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from tests.unit.reports.full import FULL

from faultmaven_events.consumers.sanitize.consumer import open_stage
from faultmaven_events.consumers.stage import Handler
from faultmaven_events.infra.blobs import Blobs, open_blobs
from faultmaven_events.infra.jobs import Ending, Projection
from faultmaven_events.infra.mongo import Database, open_mongo
from faultmaven_events.reports.html import POLICY
from faultmaven_events.schemas.event import Event
from faultmaven_events.settings import Settings
from http_door import open_ingress, problem
from samples import CLASSIFICATION, event

TENANT = "acme"
ANN = {"X-Tenant-Id": TENANT, "X-User-Id": "ann"}
RAW = "login <b>jane</b>@mail.example <jane.doe@mail.example> from 203.0.113.9"
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
MEDIA = {
    "json": "application/json",
    "md": "text/markdown; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "svg": "image/svg+xml; charset=utf-8",
}


@dataclass
class Bench:
    handle: Handler
    blobs: Blobs
    database: Database
    door: httpx.AsyncClient

    async def file(self) -> tuple[UUID, str]:
        """Bring a file through sanitize; returns its job and its sanitized text."""
        job = uuid4()
        data = {"name": "app.log", "content": await self.blobs.put(TENANT, "raw", job.hex, RAW.encode()), "case_id": "case-7"}
        classified = _event("ingest.classified.v1", job, data | {"classification": CLASSIFICATION}).stamped(stage="classify")
        (follower,) = await self.handle(classified)
        changes = [(_event("ingest.submitted.v1", job, data), None), (classified, None), (follower.stamped(stage="sanitize"), None)]
        assert await Projection(self.database).apply(changes) == [None] * 3
        return job, (await self.blobs.read(TENANT, follower.data.content)).decode()

    async def question(self, result: dict[str, Any] | None, *, kind: str = "troubleshoot", status: str = "completed") -> UUID:
        """A question with this result; without one it is still on its way, or it ended without."""
        job = uuid4()
        content = await self.blobs.put(TENANT, "raw", job.hex, b"why")
        data = {"content": content} | ({} if kind == "troubleshoot" else {"name": "a.log"})
        ending = None if result is None and status == "completed" else Ending(status, MOMENT, result=result)  # type: ignore[arg-type]  # a table
        assert await Projection(self.database).apply([(_event(f"{kind}.submitted.v1", job, data), ending)]) == [None]
        return job

    async def get(self, path: str, accept: str | None = None, **more: str) -> httpx.Response:
        return await self.door.get(f"/api/v1/jobs/{path}", headers=ANN | ({"Accept": accept} if accept else {}) | more)

    async def command(self, *words: str) -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "faultmaven_events", *words),
            env={**os.environ, "FM_API_URL": str(self.door.base_url), "COLUMNS": "200"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()


def _event(type_: str, job: UUID, data: dict[str, Any]) -> Event[Any]:
    made = event(type_, subject=job, tenantid=TENANT, time=MOMENT)
    filled: Event[Any] = made.model_copy(update={"data": type(made.data).model_validate(data)})
    return filled


def answered(**change: Any) -> dict[str, Any]:
    return {"report": FULL.model_copy(update=change).model_dump(mode="json"), "markdown": "# x"}


@asynccontextmanager
async def open_bench(settings: Settings) -> AsyncIterator[Bench]:
    async with (
        open_stage(settings) as handle,
        open_blobs(settings) as blobs,
        open_mongo(settings) as database,
        open_ingress(settings) as door,
    ):
        yield Bench(handle, blobs, database, door)


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    path = tmp_path / "vault-keys"
    path.write_text(base64.b64encode(os.urandom(32)).decode())
    return settings.model_copy(update={"vault_key_file": path})


async def test_a_report_comes_in_the_form_that_was_asked_for(settings: Settings) -> None:
    async with open_bench(settings) as bench:
        job = await bench.question(answered())
        for form, media in MEDIA.items():
            for found in (await bench.get(f"{job}/report?format={form}"), await bench.get(f"{job}/report", accept=media.partition(";")[0])):
                assert (found.status_code, found.headers["content-type"]) == (200, media)
                assert "default-src 'none'" in found.headers["content-security-policy"]
                again = await bench.get(f"{job}/report?format={form}", **{"If-None-Match": found.headers["etag"]})
                assert (again.status_code, again.content) == (304, b"")
        assert (await bench.get(f"{job}/report")).json() == answered()["report"]
        browser = await bench.get(f"{job}/report", accept="text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
        assert browser.headers["content-security-policy"] == f"{POLICY}; frame-ancestors 'none'; sandbox"
        assert FULL.headline in browser.text
        saved = await bench.get(f"{job}/report?format=html&download=true")
        assert saved.headers["content-disposition"] == f'attachment; filename="report-{job}.html"'
        for form in ("json", "md", "html"):
            draft = await bench.get(f"{job}/postmortem?format={form}")
            assert (draft.status_code, draft.headers["content-type"]) == (200, MEDIA[form])
            assert "draft" in draft.text
        assert (await bench.get(f"{job}/postmortem")).json()["aftermath"]["detect_s"] == 40.0

        out = settings.home / "kept.html"
        status, said, _ = await bench.command("report", str(job), "--out", str(out), "--tenant", TENANT)
        assert (status, said) == (0, f"written: {out}\n")
        assert out.read_text() == (await bench.get(f"{job}/report?format=html")).text
        assert out.stat().st_mode & 0o777 == 0o600
        status, said, _ = await bench.command("report", str(job), "--postmortem", "--tenant", TENANT)
        assert (status, said) == (0, (await bench.get(f"{job}/postmortem?format=md")).text)


async def test_what_has_no_report_is_refused_with_the_reason(settings: Settings) -> None:
    async with open_bench(settings) as bench:
        going, failed = await bench.question(None), await bench.question(None, status="failed")
        file = await bench.question({"content": {}}, kind="ingest")
        other = await bench.question({"report": {"headline": "of another version"}, "markdown": ""})
        done = await bench.question(answered())
        for job, code in ((going, "no-report"), (failed, "no-report"), (file, "no-report"), (uuid4(), "unknown-job")):
            for path in ("report", "postmortem", "identified/report", "identified/postmortem"):
                refused = await bench.get(f"{job}/{path}")
                assert problem(refused) == code
        assert (await bench.get(f"{going}/report")).headers["retry-after"] == "1"
        assert problem(await bench.get(f"{other}/report?format=html")) == "no-report"
        assert (await bench.get(f"{other}/report?format=json")).json() == {"headline": "of another version"}
        assert problem(await bench.get(f"{done}/report", accept="image/png")) == "not-acceptable"
        assert problem(await bench.get(f"{done}/report", accept="text/html;q=0")) == "not-acceptable"
        assert problem(await bench.get(f"{done}/postmortem?format=svg")) == "invalid-request"
        assert problem(await bench.get(f"{done}/report", **{"X-Tenant-Id": "umbrella"})) == "unknown-job"
        status, _, err = await bench.command("report", str(going), "--tenant", TENANT)
        assert status == 1
        assert "not answered yet" in err


async def test_who_may_gets_renderings_with_what_pseudonyms_stand_for_escaped_and_noted(settings: Settings) -> None:
    async with open_bench(settings) as bench:
        file, clean = await bench.file()
        assert "jane.doe" not in clean
        cited = FULL.hypotheses[0].citations[0].model_copy(update={"evidence_id": file, "quote": clean})
        first = FULL.hypotheses[0].model_copy(update={"citations": (cited,)})
        job = await bench.question(answered(headline=f"because: {clean}", hypotheses=(first,), claims=()))
        for form in MEDIA:
            plain = await bench.get(f"{job}/report?format={form}")
            assert "jane.doe" not in plain.text
        for path, forms in (("report", ("json", "md", "html")), ("postmortem", ("json", "md", "html"))):
            for form in forms:
                named = await bench.get(f"{job}/identified/{path}?format={form}")
                assert (named.status_code, named.headers["cache-control"]) == (200, "no-store")
                assert "etag" not in named.headers
                assert "jane.doe@mail.example" in named.text.replace("\\@", "@")
                assert "203.0.113.9" in named.text
                assert "&lt;b&gt;jane" in named.text or form != "html"
                assert "\\<b>jane" in named.text or form != "md"
        entries = (await bench.door.get(f"/api/v1/ops/dead-letters/audit?about={job}", headers=ANN)).json()["items"]
        assert [(e["by"], e["action"]) for e in entries] == [("ann", "identify")] * 6
        assert all(e["count"] > 0 for e in entries)
        report = json.loads((await bench.get(f"{job}/identified/report")).text)
        assert report["headline"] == f"because: {RAW}"
    async with open_bench(settings.model_copy(update={"vault_key_file": None})) as without:
        for path in ("report", "postmortem"):
            refused = await without.get(f"{job}/identified/{path}")
            assert (refused.status_code, problem(refused)) == (403, "reidentification-off")
