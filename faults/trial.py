"""One case on the rig: work is handed in, something is broken and mended, then everything is counted."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from faultmaven_events.infra.mongo import Database
from faults.accounts import Accounts
from faults.content import Parcel, sample
from faults.facts import Facts, Key, Stores
from faults.judgement import Verdict, judge, key_of
from faults.load import Counter
from faults.points.parent import Parent
from faults.rig import Rig
from faults.settle import all_ended, all_quiet, explain, of_prefix, open_ids

PATIENCE_S: Final = 75.0
"""How long jobs may take to end after the fault is over, before they count as stuck; the long run allows more."""
RECENT: Final = 5000
"""Jobs among which those are looked for that were under way when a fault was over."""
AT_ONCE: Final = 16
"""Clients that hand in side by side."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What an undisturbed run leaves behind."""

    facts: Mapping[Key, Facts]
    blobs: Mapping[str, float]
    """Blobs per parcel, by `<area>/<tenant>`."""


@dataclass(slots=True)
class Trial:
    """What a case works with."""

    rig: Rig
    counter: Counter
    stores: Stores
    database: Database
    parcels: Sequence[Parcel]
    source: random.Random
    accounts: Accounts
    parent: Parent
    long: bool
    notes: list[str] = field(default_factory=list)
    recoveries: list[float] = field(default_factory=list)
    apart: set[UUID] = field(default_factory=set)
    """Jobs whose end the case itself checks: they have no reference."""
    violations: list[str] = field(default_factory=list)
    """What the case itself found wrong."""
    jobs: int = 0
    """Of the great load."""
    tell: Callable[[str], None] = print
    forgive: Callable[[Facts, Facts], Facts] = lambda _wanted, found: found
    """What the case itself brought about, taken out of a job's facts before they are compared."""
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    """What stays open until the case is judged."""
    own_disk: bool = False
    """Whether the blobs of this case lie on a file system of their own, which is gone after it."""
    keys: dict[UUID, Key] = field(default_factory=dict)
    """What each job is that was compared with the reference."""
    _watching: list[asyncio.Task[None]] = field(default_factory=list)

    async def hand_in(self, parcels: Sequence[Parcel], *, over: float = 0.0) -> None:
        """Hand parcels in, `AT_ONCE` clients side by side, spread over some seconds."""
        gate = asyncio.Semaphore(AT_ONCE)
        began = time.monotonic()

        async def one(index: int, parcel: Parcel) -> None:
            await asyncio.sleep(max(0.0, began + over * index / len(parcels) - time.monotonic()))
            async with gate:
                await self.counter.hand_in(parcel, self.accounts)

        async with asyncio.TaskGroup() as clients:
            for index, parcel in enumerate(parcels):
                clients.create_task(one(index, parcel))

    def load(self, count: int, *, over: float) -> "asyncio.Task[None]":
        """Begin to hand in a random choice of parcels; await the task for its end."""
        return asyncio.create_task(self.hand_in(sample(self.parcels, count, self.source), over=over))

    def pick(self, kind: str, way: str | None = None) -> list[Parcel]:
        """Return the parcels of a kind that have files which can be read."""
        return [p for p in self.parcels if p.kind == kind and way in {None, p.way} and p.files and not p.unreadable]

    def over(self) -> None:
        """Say that the fault is over: from now on it is measured how long it takes until all that was accepted so far has ended."""
        self._watching.append(asyncio.create_task(self._recovery(list(self.accounts.accepted)[-RECENT:], time.monotonic())))

    @asynccontextmanager
    async def held(self, *stages: str, deadly: bool = False) -> AsyncIterator[None]:
        """Take stages away while the block lasts: what is for them stays in their queues. `deadly`: what comes after is a recovery."""
        posts = [self.rig.posts[stage] for stage in stages]
        await asyncio.gather(*(post.stop() for post in posts))
        try:
            yield
        finally:
            for post in posts:
                post.start()
        if deadly:
            self.over()
        await self.rig.ready(stages)

    async def ended(self) -> None:
        """Wait until every job of this case has ended, within the patience."""
        await all_ended(self.database, self.accounts.prefix, self.accounts.accepted, self.patience)

    async def until(self, condition: Callable[[], Awaitable[bool]], sentence: str) -> None:
        """Wait for what must become true; a violation when it does not."""
        deadline = time.monotonic() + self.patience
        while not await condition():
            if time.monotonic() > deadline:
                self.violations.append(f"not true: {sentence}")
                return
            await asyncio.sleep(0.1)

    async def fails(self, jobs: Sequence[UUID], code: str) -> None:
        """Wait until jobs have failed with an error's code, with one letter each."""
        await all_ended(self.database, "nobody", dict.fromkeys(jobs, ""), self.patience)
        for id, facts in (await self.stores.facts(jobs, blobs=False)).items():
            error = facts["job"]["error"] or {}
            self.expect(error.get("code") == code, f"job {id} ended {facts['job']['status']} with {error}, not failed with {code}")
            self.expect(
                len({each[0] for each in facts["letters"]}) == len(facts["letters"]) > 0, f"job {id} has letters {facts['letters']}"
            )

    @property
    def patience(self) -> float:
        """Seconds that things may take."""
        return PATIENCE_S * (8 if self.long else 1)

    def expect(self, condition: object, sentence: str) -> None:
        """Note a violation unless a condition holds."""
        if not condition:
            self.violations.append(sentence)

    async def _recovery(self, accepted: Sequence[UUID], since: float) -> None:
        left: set[UUID] = set(accepted)
        while left:
            with suppress(Exception):  # the store may be the one that was broken; it is asked again
                left = await open_ids(self.database, left)
            if left:
                await asyncio.sleep(0.1)
        self.recoveries.append(time.monotonic() - since)

    async def verdict(self, reference: Reference) -> Verdict:
        """Wait for the end of everything, then compare with the reference."""
        patience = self.patience
        left = await all_ended(self.database, self.accounts.prefix, self.accounts.accepted, patience)
        held = {} if left else await all_quiet(self.rig, patience)
        for task in self._watching:
            task.cancel()
        known = await of_prefix(self.database, self.accounts.prefix)
        tenants = {id: tenant for id, (tenant, _) in known.items()}
        judged = tenants.keys() - left - self.apart
        found = await self.stores.facts(judged)
        accepted = {id: tenant for id, tenant in self.accounts.accepted.items() if id not in left | self.apart}
        for id, facts in found.items():
            wanted = reference.facts.get(key_of(tenants[id], facts))
            found[id] = self.forgive(wanted, facts) if wanted else facts
        verdict = judge(reference.facts, accepted, tenants, found)
        self.keys = {id: key_of(tenants[id], facts) for id, facts in found.items()}
        verdict.jobs = len(accepted.keys() | tenants.keys())
        for id in sorted(left)[:10]:
            verdict.stuck.append(await explain(self.rig, id, tenants.get(id) or self.accounts.accepted[id]))
        verdict.stuck += [f"{len(left) - 10} more"] if len(left) > 10 else []
        verdict.stuck += [f"{name} still holds {many} messages" for name, many in held.items()]
        return verdict
