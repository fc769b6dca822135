"""A consumer that is killed in the middle of its work costs time, and nothing else."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import psutil

from e2e import incident
from e2e.running import Running, Visitor

MIB = 1024 * 1024


def long_log() -> bytes:
    """A log of 5 MB: the same twenty minutes again and again."""
    once = incident.log()
    return once * (5 * MIB // len(once) + 1)


async def test_a_consumer_killed_in_the_middle_of_a_log_is_started_again_and_the_job_completes(system: Running, visitor: Visitor) -> None:
    crew, log = system.system.crew, long_log()
    pids = {name: crew.pid(name) for name in ("sanitize", "process")}
    before = dict(crew.restarts)
    job = await visitor.hand_in("long.log", log)

    await until(lambda: being_written(system, visitor.tenant))  # the sanitized twin, which is complete only at its end
    await kill(pids["sanitize"])
    assert system.tap.of(job, "ingest.sanitized.v1") == []

    await system.tap.until(lambda: system.tap.of(job, "ingest.sanitized.v1"))
    await until(lambda: busy(pids["process"]))
    await kill(pids["process"])
    assert system.tap.of(job, "ingest.processed.v1") == []

    ended = await visitor.completed(job)
    assert ended["result"]["receipt"]["lines"] == log.count(b"\n")
    assert {name: crew.restarts[name] - before[name] for name in pids} == {"sanitize": 1, "process": 1}
    assert all(crew.pid(name) not in {None, pid} for name, pid in pids.items())
    assert await system.buried(job) == []
    assert system.tap.of(job, exchange="fm.dead") == []
    assert len({event["id"] for event in system.tap.of(job, "ingest.sanitized.v1")}) == 1
    report = await visitor.report(await visitor.ask(incident.QUESTION, evidence=(job,)))
    assert report["verdict"] in {"confirmed", "likely"}


async def kill(pid: int | None) -> None:
    """End a process the hard way; its workers must go with it."""
    assert pid is not None
    workers = psutil.Process(pid).children(recursive=True)
    os.kill(pid, signal.SIGKILL)
    gone, alive = await asyncio.to_thread(psutil.wait_procs, workers, 20)
    assert gone
    assert not alive, alive


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what nobody announces."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 # files and other processes have no event to wait for
            await asyncio.sleep(0.01)


def being_written(system: Running, tenant: str) -> bool:
    """Whether a clean blob is on its way: the store writes it beside its place, under a name with `#`."""
    folder: Path = system.settings.home / "blobs" / "clean" / tenant
    return folder.is_dir() and any("#" in path.name for path in folder.iterdir())


def busy(pid: int | None) -> bool:
    """Whether a worker of a process computes."""
    return any(child.status() == psutil.STATUS_RUNNING for child in psutil.Process(pid).children(recursive=True))
