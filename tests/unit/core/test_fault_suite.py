"""The fault suite's own eyes: it must see what is lost, doubled or different, and nothing else; and hit the point that it aims at."""

import asyncio
import os
import random
import signal
from typing import Any
from uuid import UUID, uuid4

import pytest
from faults.content import mix, sample
from faults.judgement import Verdict, judge, judge_blobs, judge_points
from faults.normal import differences, normal
from faults.points.watched import DELIVERING, Mode, Point, Watched, watching

JOB = uuid4()
KEY = ("acme", "ingest", "app.log")


def facts(**changes: Any) -> dict[str, Any]:
    return {
        "job": {"kind": "ingest", "name": "app.log", "status": "completed"},
        "result": {"findings": 3},
        "letters": [],
        "arrival": None,
        "gathering": None,
        "events": ["ingest.completed.v1", "ingest.submitted.v1"],
        "twice": [],
        "runs": ["classify done"],
        **changes,
    }


def judged(**changes: Any) -> Verdict:
    return judge({KEY: facts()}, {JOB: "acme"}, {JOB: "acme"}, {JOB: facts(**changes)})


def test_a_job_that_equals_its_reference_is_no_violation() -> None:
    assert judged().violations == []


@pytest.mark.parametrize(
    "changes",
    [
        {"events": ["ingest.submitted.v1"]},
        {"runs": []},
        {"result": {"findings": 2}},
        {"job": {"kind": "ingest", "name": "app.log", "status": "failed"}},
        {"arrival": {"result": {}}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_effect_that_is_missing_or_another_one_is_a_loss(changes: dict[str, Any]) -> None:
    verdict = judged(**changes)
    assert len(verdict.lost) == 1
    assert verdict.duplicates == []


@pytest.mark.parametrize(
    "changes",
    [
        {"events": ["ingest.completed.v1", "ingest.completed.v1", "ingest.submitted.v1"]},
        {"runs": ["classify done", "classify done"]},
        {"letters": [("classify", "crashed", "Crash", "0", "dead")]},
        {"twice": ["ingest.completed.v1"]},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_effect_that_is_there_twice_is_a_duplicate(changes: dict[str, Any]) -> None:
    verdict = judged(**changes)
    assert len(verdict.duplicates) == 1
    assert verdict.lost == []


def test_an_accepted_job_that_does_not_exist_is_lost() -> None:
    assert len(judge({KEY: facts()}, {JOB: "acme"}, {}, {}).lost) == 1


def test_points_and_blobs_are_counted_both_ways() -> None:
    verdict = Verdict()
    judge_points("job", [{"text": "a"}, {"text": "b"}], [{"text": "b"}, {"text": "b"}], verdict)
    judge_blobs({"clean/acme": 4}, {"clean/acme": 3, "raw/acme": 1}, verdict)
    assert len(verdict.lost) == len(verdict.duplicates) == 2


def test_two_runs_of_one_content_are_equal_without_their_ids_and_times() -> None:
    def stored(job: UUID, at: str) -> dict[str, Any]:
        made = f"- **Digest of the inputs:** `{job.hex * 2}`\n- **Job:** {job}, asked {at}, correlation run-{job.hex[:8]}"
        return {"job_id": str(job), "created_at": at, "blob": uuid4().hex, "markdown": made, "sum": "ab" * 32, "at": "2026-03-14"}

    a, b = (
        normal(stored(job, at), {str(job): "<job>"}) for job, at in ((uuid4(), "2026-03-14T10:00:00Z"), (uuid4(), "2026-03-15T11:01:02Z"))
    )
    assert a == b
    assert a["markdown"] == "- **Digest of the inputs:** `<moment>`\n- **Job:** <job>, asked <moment>"
    assert a["sum"] == "ab" * 32
    assert differences(a, {**b, "at": "2026-03-15"}) == ['at: wanted "2026-03-14", found "2026-03-15"']


def test_a_seed_gives_the_same_parcels_and_no_two_seeds_the_same_tenants() -> None:
    assert mix(7) == mix(7)
    assert not {parcel.key for parcel in mix(7)} & {parcel.key for parcel in mix(8)}
    parcels = mix(7)
    assert {parcel.key for parcel in sample(parcels, len(parcels), random.Random(1))} == {parcel.key for parcel in parcels}


STEPS = 5
"""Waits of the little delivery below: two of its own, three of the task that it starts."""


async def delivery(done: list[str]) -> None:
    async def inner() -> None:
        for step in range(3):
            await asyncio.sleep(0)
            done.append(f"inner {step}")

    done.append("begun")
    await asyncio.sleep(0)
    done.append("waited")
    await asyncio.create_task(inner())
    done.append("ended")


def lived(at: int, mode: Mode) -> tuple[int, list[str]]:
    """Run the delivery in a forked process that dies at a point; returns the signal that ended it, and what it had done."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        done: list[str] = []

        async def live() -> None:
            point = Point(at, mode, lambda: os.write(write, "\n".join(done).encode()) and None, armed=True)
            asyncio.get_running_loop().set_task_factory(watching(point))
            DELIVERING.set(True)
            await Watched(delivery(done), point)
            os.write(write, "\n".join([*done, str(point.count)]).encode())

        try:
            asyncio.run(live())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as told:
        text = told.read()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), text.splitlines()


def test_every_wait_of_a_delivery_and_of_its_tasks_is_a_point_of_death() -> None:
    status, done = lived(0, "suspended")
    assert (status, done[-2:]) == (0, ["ended", str(STEPS)])
    modes: tuple[Mode, Mode] = ("suspended", "resumed")
    deaths = [lived(at, mode) for at in range(1, STEPS + 1) for mode in modes]
    assert {status for status, _ in deaths} == {-signal.SIGKILL}
    assert {len(done) for _, done in deaths} == {1, 2, 3, 4, 5}
    assert lived(STEPS + 1, "suspended")[0] == 0
