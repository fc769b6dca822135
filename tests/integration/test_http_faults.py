import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from faultmaven_events.errors import SetupError
from faultmaven_events.infra.blobs import open_blobs
from faultmaven_events.infra.captions import Captions
from faultmaven_events.infra.jobs import Jobs
from faultmaven_events.infra.keys import required_key
from faultmaven_events.infra.mongo import open_mongo
from faultmaven_events.producers.http import admission
from faultmaven_events.producers.http.admission import Admission
from faultmaven_events.producers.http.app import create_app
from faultmaven_events.producers.http.gate import Gate
from faultmaven_events.producers.http.identity import Caller
from faultmaven_events.producers.http.intake import Upload, open_shelf
from faultmaven_events.producers.http.problems import Problem
from faultmaven_events.producers.http.submissions import Context, Submission, file
from faultmaven_events.producers.publish import Publisher, open_publisher
from faultmaven_events.settings import Settings
from http_door import FORM, count_jobs, environment, events, form, open_ingress, open_process, problem, stored

MIB = 1024 * 1024
FILE = 'name="file"; filename="a.log"'


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as held:  # bound and not listening: whoever connects is refused, and nobody else gets it
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


async def test_without_a_broker_nothing_is_accepted(settings: Settings, closed_port: int) -> None:
    away = settings.model_copy(update={"amqp_url": SecretStr(f"amqp://guest@127.0.0.1:{closed_port}/")})
    async with open_ingress(away, ready=False) as door:
        for answer in (
            await door.post("/api/v1/data", files={"file": ("a.log", b"ERROR")}),
            await door.post("/api/v1/knowledge/documents", files={"file": ("a.md", b"# A")}),
            await door.post("/api/v1/troubleshoot", json={"question": "Why?"}),
        ):
            assert (answer.status_code, problem(answer)) == (503, "broker-unavailable")
            assert int(answer.headers["retry-after"]) >= 1
        answer = await door.get("/api/v1/knowledge/search", params={"q": "pool"})
        assert (answer.status_code, problem(answer)) == (503, "search-unavailable")
        ready = await door.get("/health/ready")
        assert (ready.status_code, problem(ready)) == (503, "temporarily-unavailable")
        assert {name: check["ok"] for name, check in ready.json()["checks"].items()} == {
            "broker": False,
            "mongo": True,
            "blobs": True,
            "redis": True,
        }
        assert (await door.get("/health/live")).status_code == 200
    assert stored(settings) == []
    assert await count_jobs(settings) == 0


async def test_without_mongo_nothing_is_accepted(settings: Settings, closed_port: int) -> None:
    away = settings.model_copy(update={"mongo_url": SecretStr(f"mongodb://127.0.0.1:{closed_port}/away")})
    async with open_ingress(away, ready=False) as door:
        for path, sent in (("data", {"files": {"file": ("a.log", b"ERROR")}}), ("troubleshoot", {"json": {"question": "Why?"}})):
            async with asyncio.timeout(20):
                while (answer := await door.post(f"/api/v1/{path}", **sent)).json()["type"].endswith("broker-unavailable"):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)  # it is still connecting to the broker
            assert (answer.status_code, problem(answer)) == (503, "store-unavailable")
        ready = await door.get("/health/ready")
        assert [name for name, check in ready.json()["checks"].items() if not check["ok"]] == ["mongo"]
    assert stored(settings) == []
    assert await events(settings) == []


async def _submission(settings: Settings) -> tuple[Submission, Upload]:
    who = Caller("default", "anonymous", "order-42", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    id = uuid7()
    async with open_blobs(settings) as blobs:
        content = await blobs.put(who.tenant, "raw", id.hex, b"ERROR pool exhausted")
    upload = Upload(id, "a.log", "text/plain", content)
    captions = Captions(required_key(settings, "raw"))
    return file(who, upload, "ingest", datetime.now(UTC), captions=captions, context=Context(), collection="case"), upload


async def test_what_was_accepted_while_the_broker_went_away_is_published_later(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "PATIENCE", 0.0)
    submission, _ = await _submission(settings)
    async with open_mongo(settings) as database, open_blobs(settings) as blobs:
        jobs = Jobs(database)
        async with open_shelf(blobs, "default") as shelf:
            await Admission(jobs, Gate(Publisher())).admit(submission, shelf)  # a publisher that is not connected refuses
        assert len(stored(settings)) == await count_jobs(settings) == 1
        async with open_publisher(settings) as publisher:
            sweeper = Admission(jobs, Gate(publisher))
            assert await sweeper.sweep() == 1
            assert await sweeper.sweep() == 0
    assert [event.encode() for event in await events(settings)] == [submission.event.encode()]


async def test_a_young_job_is_left_to_the_request_that_publishes_it(settings: Settings) -> None:
    submission, _ = await _submission(settings)
    async with open_mongo(settings) as database, open_publisher(settings) as publisher:
        jobs = Jobs(database)
        await jobs.accept(submission.job, submission.event.encode())
        assert await Admission(jobs, Gate(publisher)).sweep() == 0


async def test_a_refused_request_never_runs_later(settings: Settings, closed_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mongo answers neither the insert nor the removal: the job is struck, and goes away once Mongo is back."""
    monkeypatch.setattr(admission, "PATIENCE", 0.0)
    submission, _ = await _submission(settings)
    away = settings.model_copy(update={"mongo_url": SecretStr(f"mongodb://127.0.0.1:{closed_port}/away?serverSelectionTimeoutMS=300")})
    async with (
        open_mongo(away) as gone,
        open_mongo(settings) as database,
        open_publisher(settings) as publisher,
        open_blobs(settings) as blobs,
    ):
        door = Admission(Jobs(gone), Gate(publisher))
        with pytest.raises(Problem) as caught:
            async with open_shelf(blobs, "default") as shelf:
                await door.admit(submission, shelf)
        assert caught.value.code == "store-unavailable"
        await Jobs(database).accept(submission.job, submission.event.encode())  # the insert had arrived after all
        door._jobs = Jobs(database)
        assert await door.sweep() == 0
    assert await count_jobs(settings) == 0
    assert await events(settings) == []


async def test_the_door_closes_for_a_while_after_the_broker_refused(settings: Settings) -> None:
    now = 100.0
    submission, _ = await _submission(settings)
    async with open_publisher(settings) as publisher:
        gate = Gate(publisher, clock=lambda: now)
        assert gate.reason() is None
        assert publisher._connection is not None
        await publisher._connection.close()
        with pytest.raises(Exception, match=r"confirm|connected"):
            await gate.publish(submission.event)
        assert gate.reason() is not None
        with pytest.raises(Problem):
            gate.check()


async def test_memory_does_not_grow_with_the_size_of_an_upload(settings: Settings) -> None:
    async with open_process(settings) as (door, process):
        await upload(door, 1 * MIB)
        before = peak_memory(process.pid)
        await upload(door, 80 * MIB)
        assert peak_memory(process.pid) < 200 * MIB
        assert peak_memory(process.pid) - before < 60 * MIB
    assert sum(path.stat().st_size for path in stored(settings)) > 81 * MIB


async def upload(door: httpx.AsyncClient, size: int) -> None:
    async def body() -> AsyncIterator[bytes]:
        head, tail = form((FILE, b"|")).split(b"|")
        yield head
        for _ in range(size // 65_536):
            yield b"x" * 65_536
        yield tail

    assert (await door.post("/api/v1/data", content=body(), headers=FORM)).status_code == 202


def peak_memory(pid: int) -> int:
    """The most bytes that a process ever had resident."""
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def start(settings: Settings) -> str:
    """The last line of a start that fails."""
    program = "from faultmaven_events.settings import load; from faultmaven_events.producers.http.app import serve; serve(load())"
    variables = {**os.environ, **environment(settings)}
    done = subprocess.run([sys.executable, "-c", program], env=variables, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    return done.stderr.splitlines()[-1]


def test_a_start_that_cannot_work_says_why_in_one_sentence(tmp_path: Path) -> None:
    assert "needs FM_RAW_KEY" in start(Settings(home=tmp_path, port=0))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"cannot listen on 127.0.0.1 port {port}: Address already in use" in start(Settings(home=tmp_path, port=port))


async def test_a_lifespan_without_its_settings_fails_with_the_reason(tmp_path: Path) -> None:
    app = create_app(Settings(home=tmp_path))
    with pytest.raises(SetupError):
        async with app.router.lifespan_context(app):
            pass
