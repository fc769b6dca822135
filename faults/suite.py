"""The run: the rig is started, the reference made, case after case tried and judged, and everything counted once more at the end."""

import asyncio
import random
import statistics
import time
import traceback
from collections import Counter as Tally
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg

from faultmaven_events.infra.blobs import open_blobs
from faultmaven_events.infra.mongo import Database, open_mongo
from faults.accounts import Accounts
from faults.case import Case, NotRunError
from faults.cases import TABLE
from faults.content import Parcel, mix
from faults.facts import Key, Stores, debris
from faults.judgement import Verdict, judge_blobs, judge_points, key_of
from faults.load import Counter, open_counter
from faults.normal import differences
from faults.points.parent import Parent, open_parent
from faults.rig import Rig, environment, open_rig
from faults.settle import all_ended, all_quiet
from faults.trial import Reference, Trial

RETRY_SCALE: Final = 0.05
"""The retry ladder's delays are 50 ms, 0.75 s and 15 s instead of 1 s, 15 s and 5 min."""

LONGEST = 240.0
"""Seconds that a case of the short run may take: one that waits for ever is a defect too, of the case or of the system."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run."""

    seed: int
    only: tuple[str, ...] = ()
    long: bool = False
    jobs: int = 0
    repeat: int = 1

    @property
    def cases(self) -> list[Case]:
        """The cases, in the order of the table, each as often as it is wanted."""
        wanted = [case for case in TABLE.values() if (case.name in self.only if self.only else self.long or not case.long_only)]
        return [replace(case, name=f"{case.name}.{n}" if n else case.name) for n in range(self.repeat) for case in wanted]


@dataclass(slots=True)
class Sum:
    """What all cases together gave."""

    verdict: Verdict = field(default_factory=Verdict)
    cases: int = 0
    not_run: int = 0
    recoveries: list[float] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    keys: dict[UUID, Key] = field(default_factory=dict)
    """Every job that was compared, for the count at the end."""
    kept: Tally[str] = field(default_factory=Tally)
    """Jobs whose blobs must lie in the store, by tenant."""

    @property
    def line(self) -> str:
        """The last line, without the kills."""
        v = self.verdict
        slow = statistics.quantiles(self.recoveries, n=20, method="inclusive")[-1] if len(self.recoveries) > 1 else sum(self.recoveries)
        lost, twice, stuck = _subjects(v.lost), len(v.duplicates), len(v.stuck)
        return f"cases={self.cases} lost={lost} duplicate_effects={twice} stuck={stuck} recovery_p95_s={slow:.1f}"


def tell(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


async def run(home: Path, plan: Plan) -> int:
    """Run a plan; returns the exit status."""
    began = time.monotonic()
    tell(f"faults: seed={plan.seed} ({'long' if plan.long else 'short'}); the same again: --seed {plan.seed}")
    total = Sum()
    async with AsyncExitStack() as stack:
        rig = await stack.enter_async_context(open_rig(home, _quiet, retry_scale=RETRY_SCALE))
        counter = await stack.enter_async_context(open_counter(rig.http, rig.api_url, rig.urls.amqp))
        database = await stack.enter_async_context(open_mongo(rig.settings))
        blobs = await stack.enter_async_context(open_blobs(rig.settings))
        pool = await stack.enter_async_context(asyncpg.create_pool(rig.urls.postgres, min_size=0, max_size=2))
        await database["jobs"].create_index("correlation_id", name="faults")
        stores = Stores(database, pool, blobs, home / "vectors")
        inside = environment(home, rig.settings, rig.urls, raw=True)
        parent = await stack.enter_async_context(open_parent(inside, home / "log" / "points.log"))
        bench = Bench(rig, counter, stores, database, mix(plan.seed), parent, plan)
        tell(f"ready after {time.monotonic() - began:.0f} s")
        reference = await bench.reference(total)
        for case in plan.cases:
            await bench.attempt(case, reference, total)
        await bench.audit(reference, total)
        kills, broker_kills = rig.kills + parent.kills, rig.broker_kills
    for line in (*total.verdict.violations, *total.other)[:200]:
        tell(f"VIOLATION {line}")
    tell(f"faults: jobs={total.verdict.jobs} kills={kills + broker_kills} {total.line}")
    extra = [f"seed={plan.seed}", f"not_run={total.not_run}", f"took_s={time.monotonic() - began:.0f}"]
    tell(f"        {' '.join(extra)}; of the kills {broker_kills} were the broker's")
    return 1 if total.verdict.violations or total.other else 0


def _quiet(_: str) -> None:
    return


@dataclass(slots=True)
class Bench:
    """What all cases share."""

    rig: Rig
    counter: Counter
    stores: Stores
    database: Database
    parcels: tuple[Parcel, ...]
    parent: Parent
    plan: Plan

    def trial(self, name: str) -> Trial:
        """Return what a case works with; its choices depend on the seed and its name alone."""
        return Trial(
            self.rig,
            self.counter,
            self.stores,
            self.database,
            self.parcels,
            random.Random(f"{self.plan.seed}/{name}"),
            Accounts(f"faults-{name}-"),
            self.parent,
            long=self.plan.long,
            jobs=self.plan.jobs,
            tell=tell,
        )

    async def reference(self, total: Sum) -> Reference:
        """Run every content undisturbed, twice: the first run is the reference, the second shows that it is one.

        Raises:
            RuntimeError: the two runs differ, or do not end.
        """
        runs = []
        for name in ("reference", "repeated"):
            trial = self.trial(name)
            await trial.hand_in(self.parcels)
            left = await all_ended(self.database, trial.accounts.prefix, trial.accounts.accepted, 120)
            held = await all_quiet(self.rig, 60)
            if left or held:
                raise RuntimeError(f"the undisturbed run does not end: {len(left)} jobs, queues {held}")
            found = await self.stores.facts(trial.accounts.accepted)
            points = await self.stores.points()
            by_key = {key_of(trial.accounts.accepted[id], facts): {**facts, "points": points.get(id, [])} for id, facts in found.items()}
            runs.append(by_key)
            self._keep(total, {id: key_of(trial.accounts.accepted[id], facts) for id, facts in found.items()})
            total.verdict.jobs += len(found)
        first, second = runs
        unstable = [f"{key}: {line}" for key in first for line in differences(_sorted(first[key]), _sorted(second.get(key, {})))]
        if unstable:
            raise RuntimeError("the same content gives different results:\n" + "\n".join(unstable[:20]))
        jobs = Tally(key[0] for key in total.keys.values())
        sizes = {parcel.key: parcel.jobs for parcel in self.parcels}
        counted, _ = debris(self.rig.blobs)
        per_job = {place: many / jobs[place.split("/")[1]] for place, many in counted.items()}
        tell(f"reference: {len(first)} jobs of {len(sizes)} parcels, the same twice")
        return Reference(first, per_job)

    async def attempt(self, case: Case, reference: Reference, total: Sum) -> None:
        """Run one case, judge it, and say how it went."""
        began = time.monotonic()
        trial = self.trial(case.name)
        async with trial.stack:
            try:
                async with asyncio.timeout(None if trial.long else LONGEST):
                    await case.run(trial)
            except NotRunError as reason:
                total.not_run += 1
                tell(f"{case.name:<20} not run: {reason}")
                return
            except Exception as error:  # noqa: BLE001 # a case that breaks must not take the others with it
                trial.violations.append(f"the case itself broke: {type(error).__name__}: {error}\n{traceback.format_exc()[-1500:]}")
            verdict = await trial.verdict(reference)
        total.cases += 1
        total.recoveries += trial.recoveries
        self._keep(total, {} if trial.own_disk else trial.keys)
        self._add(total, verdict, case.name)
        total.other += [f"{case.name}: {line}" for line in trial.violations]
        wrong = len(verdict.violations) + len(trial.violations)
        told = [f"{verdict.jobs} jobs", *trial.notes]
        told += [f"recovered in {max(trial.recoveries):.1f} s"] if trial.recoveries else []
        told += [f"{trial.accounts.refused} refused"] if trial.accounts.refused else []
        told += [f"{trial.accounts.broken_off} broken off"] if trial.accounts.broken_off else []
        tell(f"{case.name:<20} {'ok' if not wrong else f'{wrong} VIOLATIONS':<6} {time.monotonic() - began:5.1f} s  {', '.join(told)}")
        for line in (*verdict.violations, *trial.violations)[:6]:
            tell(f"    {line[:600]}")
        if wrong:
            await self.rig.ready()

    async def audit(self, reference: Reference, total: Sum) -> None:
        """Compare the vector store and the blobs of all cases with the reference."""
        verdict = Verdict()
        points = await self.stores.points()
        for id, key in total.keys.items():
            judge_points(f"job {id} ({key[0]}, {key[2]})", reference.facts[key]["points"], points.get(id, []), verdict)
        counted, half = debris(self.rig.blobs)
        wanted = {place: per_job * total.kept[place.split("/")[1]] for place, per_job in reference.blobs.items()}
        judge_blobs(wanted, {place: many for place, many in counted.items() if place in reference.blobs}, verdict)
        self._add(total, verdict, "audit")
        how = f"{len(verdict.violations)} VIOLATIONS" if verdict.violations else "ok"
        left = f"; {len(half)} half-written blobs of killed writers lie about" if half else ""
        tell(f"{'audit':<20} {how}, points and blobs of {len(total.keys)} jobs{left}")
        for line in verdict.violations[:6]:
            tell(f"    {line[:600]}")

    @staticmethod
    def _keep(total: Sum, keys: dict[UUID, Key]) -> None:
        total.keys |= keys
        total.kept.update(key[0] for key in keys.values())

    @staticmethod
    def _add(total: Sum, verdict: Verdict, name: str) -> None:
        total.verdict.jobs += verdict.jobs
        total.verdict.lost += [f"{name}: {line}" for line in verdict.lost]
        total.verdict.duplicates += [f"{name}: {line}" for line in verdict.duplicates]
        total.verdict.stuck += [f"{name}: {line}" for line in verdict.stuck]


def _subjects(lines: list[str]) -> int:
    """Count the jobs that sentences speak of: a lost job lacks many effects."""
    return len({line.split(" (")[0] for line in lines})


def _sorted(facts: dict[str, object]) -> dict[str, object]:
    points = facts.get("points", [])
    return {**facts, "points": sorted(points, key=repr) if isinstance(points, list) else points}
