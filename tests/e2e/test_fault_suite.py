"""The fault suite on the running system, with nothing broken: its reference holds, and it sees what somebody did to a store."""

import asyncio
from collections.abc import Collection
from uuid import UUID, uuid4

import aiohttp
import asyncpg
from faults.accounts import Accounts
from faults.content import Parcel, mix
from faults.facts import Facts, Key, Stores
from faults.judgement import judge, judge_points, key_of
from faults.load import open_counter
from faults.settle import all_ended

from e2e.running import Running
from faultmaven_events.infra.blobs import open_blobs
from faultmaven_events.infra.mongo import open_mongo

PARCELS = (0, 5, 11, 12, 14)
"""Two logs, two runbooks, a question without evidence; over HTTP and on the broker."""


async def test_the_fault_suite_finds_content_alike_and_sees_what_is_missing_doubled_or_changed(system: Running) -> None:
    settings, run = system.settings, uuid4().hex[:8]
    assert settings.amqp_url
    assert settings.postgres_url
    parcels = [mix(int(run, 16))[number] for number in PARCELS]
    async with (
        aiohttp.ClientSession() as http,
        open_counter(http, system.system.api_url, settings.amqp_url.get_secret_value()) as counter,
        open_mongo(settings) as database,
        open_blobs(settings) as blobs,
        asyncpg.create_pool(settings.postgres_url.get_secret_value(), min_size=1, max_size=2) as pool,
    ):
        stores = Stores(database, pool, blobs, settings.home / "vectors")

        async def ran(prefix: str, parcels: list[Parcel]) -> tuple[dict[UUID, str], dict[UUID, Facts]]:
            accounts = Accounts(prefix)
            await asyncio.gather(*(counter.hand_in(parcel, accounts) for parcel in parcels))
            assert await all_ended(database, prefix, accounts.accepted, 60) == set()
            return accounts.accepted, await announced(stores, accounts.accepted)

        first, facts = await ran(f"{run}-a-", parcels)
        points = await stores.points()
        reference: dict[Key, Facts] = {key_of(first[id], found): {**found, "points": points.get(id, [])} for id, found in facts.items()}
        again, facts = await ran(f"{run}-b-", parcels)
        verdict = judge(reference, again, again, facts)
        points = await stores.points()
        for id, found in facts.items():
            judge_points("job", reference[key_of(again[id], found)]["points"], points.get(id, []), verdict)
        assert verdict.violations == []

        gone, doubled, changed, *_ = sorted(again)
        await pool.execute("DELETE FROM stage_runs WHERE job_id = $1 AND stage = 'sanitize'", gone)
        await pool.execute("INSERT INTO event_log SELECT * FROM event_log WHERE job_id = $1 AND type LIKE '%.sanitized.v1'", doubled)
        await database["jobs"].update_one({"_id": changed}, {"$set": {"status": "running"}})
        verdict = judge(reference, again, again, await stores.facts(again))
        assert len(verdict.lost) == 2
        assert str(gone) in "".join(verdict.lost)
        assert str(changed) in "".join(verdict.lost)
        assert {str(doubled) in line for line in verdict.duplicates} == {True}


async def announced(stores: Stores, ids: Collection[UUID]) -> dict[UUID, Facts]:
    """Return the facts once the last event of every job is in the log: it comes after the job's end."""
    async with asyncio.timeout(60):
        while True:
            found = await stores.facts(ids)
            if all(any(type_.endswith(".completed.v1") for type_ in facts["events"]) for facts in found.values()):
                return found
            await asyncio.sleep(0.1)
