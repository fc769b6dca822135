"""More work than one can do, and dead letters by the thousand."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import psutil

from faults.case import case
from faults.content import sample
from faults.facts import Facts
from faults.load import events_of
from faults.settle import of_prefix
from faults.trial import Trial

GROWTH_MB: Final = 300
"""How much the processes of one post or server may grow together while a burst lasts."""


@case("burst")
async def burst(trial: Trial) -> None:
    """Ten times the usual load comes at once while one stage works at a tenth of its pace; no process grows without bound."""
    count = 1000 if trial.long else 100
    slow = trial.rig.posts["sanitize"]
    async with _memory(trial) as grown, _slowed(trial, slow.name):
        await trial.hand_in(sample(trial.parcels, count, trial.source))
        await asyncio.sleep(10 if trial.long else 3)
    trial.over()
    await trial.ended()
    trial.notes.append("grown by MB: " + " ".join(f"{name} {most:.0f}" for name, most in sorted(grown.items(), key=lambda g: -g[1])[:5]))
    for name, most in grown.items():
        trial.expect(most < GROWTH_MB, f"{name} grew by {most:.0f} MB")


@asynccontextmanager
async def _slowed(trial: Trial, stage: str) -> AsyncIterator[None]:
    """Let a stage run for a tenth of the time: SIGSTOP and SIGCONT in turn, on the process and its workers."""

    async def brake() -> None:
        while True:
            for number, seconds in ((signal.SIGSTOP, 0.45), (signal.SIGCONT, 0.05)):
                for process in trial.rig.posts[stage].tree():
                    with suppress(psutil.NoSuchProcess):
                        process.send_signal(number)
                await asyncio.sleep(seconds)

    braking = asyncio.create_task(brake())
    try:
        yield
    finally:
        braking.cancel()
        await asyncio.gather(braking, return_exceptions=True)
        for process in trial.rig.posts[stage].tree():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)


@asynccontextmanager
async def _memory(trial: Trial) -> AsyncIterator[dict[str, float]]:
    """Yield by how many MB each post and server has grown at most, filled in while the block lasts."""
    before, most = trial.rig.resident(), dict[str, float]()

    async def look() -> None:
        while True:
            for name, bytes_ in trial.rig.resident().items():
                most[name] = max(most.get(name, 0.0), (bytes_ - before.get(name, bytes_)) / 2**20)
            await asyncio.sleep(0.5)

    looking = asyncio.create_task(look())
    try:
        yield most
    finally:
        looking.cancel()


@case("redrive")
async def redrive(trial: Trial) -> None:
    """Many jobs expired; all their dead letters (4,000 in the long run) are redriven at once, and who does it is killed meanwhile."""
    count = 4000 if trial.long else 60
    parcels = [
        parcel for parcel in trial.parcels if parcel.way == "amqp" and parcel.kind in {"ingest", "document"} and not parcel.unreadable
    ]
    past = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    for parcel in sample(parcels, count, trial.source):
        for each in events_of(parcel, trial.accounts.correlation(), deadline=past):
            await trial.counter.publish(each)
            trial.accounts.accepted[UUID(each["subject"])] = parcel.key
    await trial.ended()
    known = await of_prefix(trial.database, trial.accounts.prefix)
    expired = sum(status == "expired" for _, status in known.values())
    trial.expect(expired == count, f"{expired} of {count} jobs with a past deadline expired")
    body = {"code": "deadline_exceeded", "rate": 500}
    async with trial.rig.http.post(f"{trial.rig.api_url}/api/v1/ops/dead-letters/redrives", json=body) as answer:
        trial.expect(answer.status == 202, f"the workbench answered {answer.status}: {(await answer.text())[:200]}")
        operation = UUID((await answer.json())["id"])
    await asyncio.sleep(0.5)
    trial.rig.posts["bury"].kill()
    trial.over()

    async def done() -> bool:
        found = await trial.database["redrives"].find_one({"_id": operation})
        completed = {"correlation_id": {"$regex": f"^{trial.accounts.prefix}"}, "status": "completed"}
        return bool(found and found["state"] == "done" and await trial.database["jobs"].count_documents(completed) == count)

    await trial.until(done, f"the operation ends, and {count} redriven jobs complete")
    trial.forgive = _redriven
    await trial.rig.ready(["bury"])


def _redriven(wanted: Facts, found: Facts) -> Facts:
    """Return the facts of a redriven job without what its first ending left: one failure, one letter, which is redriven."""

    def without(values: list[Any], gone: Any) -> list[Any]:
        return [value for i, value in enumerate(values) if not (value == gone and i == values.index(gone))]

    letters = [each for each in found["letters"] if (each[1], each[4]) != ("deadline_exceeded", "redriven")]
    lost = "" if len(found["letters"]) - len(letters) == 1 else "no letter of its own"
    kind = found["job"]["kind"]
    return {
        **found,
        "letters": [*letters, *([lost] if lost else [])],
        "events": without(found["events"], f"{kind}.failed.v1"),
        "runs": without(found["runs"], "bury failed"),
        "arrival": wanted["arrival"],  # gather keeps what it heard first, and no question waited here
    }
