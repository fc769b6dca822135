"""The great load of the long run: small jobs without end while workers and the broker are killed."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from faults.case import case
from faults.content import Parcel, sample
from faults.settle import open_ids
from faults.trial import Trial

WINDOW: Final = 400
"""Jobs that are kept under way."""
CLIENTS: Final = 32
WORKERS_KILLED, BROKERS_KILLED = 24, 3
TOLD_EVERY_S: Final = 10.0


@case("great-load", long_only=True)
async def great_load(trial: Trial) -> None:
    """Small jobs without end, while workers are killed at random, 24 in all, and the broker three times."""
    great = Great(trial, iter(sample(trial.parcels, trial.jobs, trial.source)))
    counting = asyncio.create_task(great.count())
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(great.strike())
            for _ in range(CLIENTS):
                group.create_task(great.client())
    finally:
        counting.cancel()
    await trial.rig.ready()


@dataclass(slots=True)
class Great:
    """The load, the counting and the blows."""

    trial: Trial
    parcels: Iterator[Parcel]
    ended: int = 0
    began: float = field(default_factory=time.monotonic)

    async def client(self) -> None:
        """Hand in until enough is accepted; wait while too much is under way."""
        accepted = self.trial.accounts.accepted
        for parcel in self.parcels:
            if len(accepted) >= self.trial.jobs:
                return
            while len(accepted) - self.ended > WINDOW:
                await asyncio.sleep(0.2)
            await self.trial.counter.hand_in(parcel, self.trial.accounts)

    async def count(self) -> None:
        """Count what has ended, asking only after what had not; tell how it goes."""
        seen, told, left = 0, time.monotonic(), set[UUID]()
        while True:
            with suppress(Exception):  # a store that is away is asked again
                accepted = list(self.trial.accounts.accepted)
                left = await open_ids(self.trial.database, left | set(accepted[seen:]))
                seen, self.ended = len(accepted), len(accepted) - len(left)
            if time.monotonic() - told > TOLD_EVERY_S:
                told = time.monotonic()
                self.tell(len(left))
            await asyncio.sleep(1)

    def tell(self, left: int) -> None:
        """Say how it goes."""
        passed, kills = time.monotonic() - self.began, self.trial.rig.kills + self.trial.rig.broker_kills
        rate = f"{self.ended / passed:.0f}/s"
        self.trial.tell(f"    {passed:6.0f} s  {self.ended} of {self.trial.jobs} jobs ended, {rate}, {kills} kills, {left} under way")

    async def strike(self) -> None:
        """Kill a worker or the broker each time another part of the jobs has ended."""
        rig, source = self.trial.rig, self.trial.source
        blows = ["worker"] * WORKERS_KILLED + ["broker"] * BROKERS_KILLED
        source.shuffle(blows)
        for number, blow in enumerate(blows, 1):
            while self.ended < self.trial.jobs * number / (len(blows) + 1):
                await asyncio.sleep(0.5)
            if blow == "worker":
                while not source.choice(rig.stages).kill():
                    await asyncio.sleep(0.1)
            else:
                await rig.servers.broker.kill()
                rig.broker_kills += 1
                await rig.servers.broker.start()
            self.trial.over()
