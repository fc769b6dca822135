"""What a consumer survives: standing still, and content that eats memory."""

import asyncio
import os
import signal
from collections.abc import Sequence
from typing import Any

import httpx
import psutil

from contract.bench import open_bench
from faultmaven_events.infra.pool import open_pool
from faultmaven_events.infra.servers.supervisor import open_system
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.registry import decode
from faultmaven_events.settings import Settings
from faultmaven_events.topology import BY_NAME
from samples import event

LOG = b"2026-01-05T14:02:11Z ERROR order-api connection pool exhausted\n" * 40


async def test_a_stopped_consumer_is_replaced_and_its_job_completes(settings: Settings) -> None:
    told: list[str] = []
    settings = settings.model_copy(update={"stall_s": 4.0})
    async with (
        open_system(settings.home, settings, told.append, 0) as system,
        httpx.AsyncClient(base_url=system.api_url, timeout=90, trust_env=False) as client,
    ):
        victim = system.crew.pid("process")
        assert victim
        os.kill(victim, signal.SIGSTOP)
        job = (await client.post("/api/v1/data", files={"file": ("a.log", LOG)})).json()["job_id"]
        async with asyncio.timeout(120):
            while (status := await status_of(client, job)) in {"accepted", "running"}:  # noqa: ASYNC110 # polled, as clients do
                await asyncio.sleep(0.2)
            while system.crew.pid("process") in {victim, None}:  # noqa: ASYNC110 # another process has no event to wait for
                await asyncio.sleep(0.1)
        assert status == "completed"
        assert not psutil.pid_exists(victim)
        assert system.crew.restarts == {"serve": 0, "flow": 0, "sanitize": 0, "process": 1, "embed": 0, "reason": 0}
    assert any(line.startswith("process gave no sign of life for") and "started again" in line for line in told)


async def status_of(client: httpx.AsyncClient, job: str) -> str:
    status: str = (await client.get(f"/api/v1/jobs/{job}")).json()["status"]
    return status


def eat(megabytes: int) -> int:
    return len(bytearray(megabytes << 20))


async def test_content_that_eats_memory_is_a_dead_letter_and_no_outage(settings: Settings) -> None:
    well = asyncio.Event()
    async with open_pool(memory_mb=512) as pool:

        async def read(event: Event[Any]) -> Sequence[Event[Any]]:
            await pool.run(eat, 2048 if event.correlationid == "huge" else 1, timeout=60)
            well.set()
            return []

        async with open_bench(settings, BY_NAME["process"], read) as bench:
            await bench.send(event("ingest.sanitized.v1", correlationid="huge").encode())
            letter = decode((await bench.next_letter()).body).data
            assert (letter.code, len(letter.attempts)) == ("content_too_large", 1)
            assert letter.message == "reading the content needed more memory than a worker may have"
            await bench.send(event("ingest.sanitized.v1").encode())
            async with asyncio.timeout(60):
                await well.wait()
            assert await bench.nothing_left()
