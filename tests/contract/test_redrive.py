"""Dead letters on their way again: each effect once, whoever is killed, however often somebody asks."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL
from typing import Any
from uuid import UUID, uuid4

import aio_pika
import pytest

from contract.workbench import Workbench, open_workbench, until
from faultmaven_events.consumers.bury.copies import Copies
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.redrive import PATCH
from faultmaven_events.schemas.registry import decode
from faultmaven_events.settings import Settings
from http_door import environment
from samples import event

POISON = int(os.environ.get("FM_TEST_POISON", "400"))
"""Events that die; the fault suite asks for more."""


async def poisoned(workbench: Workbench, count: int) -> list[Event[Any]]:
    """Let events die, and wait until all are buried."""
    sent = [event("ingest.sanitized.v1") for _ in range(count)]
    for each in sent:
        await workbench.bench.send(each.encode())
    await workbench.buried(count)
    return sent


async def published(workbench: Workbench, type_: str, count: int) -> list[Event[Any]]:
    """Take events that left the stage, or bury, until there are so many of a type."""
    found: list[Event[Any]] = []
    while len(found) < count:
        each = decode((await workbench.bench.next_event()).body)
        if each.type == type_:
            found.append(each)
    return found


async def test_poison_is_mended_and_redriven_in_one_go_and_each_effect_happens_once(settings: Settings) -> None:
    async with open_workbench(settings) as workbench:
        sent = await poisoned(workbench, POISON)
        (group,) = await workbench.groups.list(_all())
        assert (group.count, group.code, group.stage) == (POISON, "missing_content", "process")
        dry = await workbench.redrives.start(by="ann", fingerprint=group.fingerprint, dry_run=True)
        assert (dry.selected, dry.state, len(dry.ids)) == (POISON, "done", min(POISON, 1000))
        assert await workbench.count(state="dead") == POISON
        workbench.sick.error = None
        done = await workbench.ended(await workbench.redrives.start(by="ann", fingerprint=group.fingerprint, rate=1000))
        assert (done.state, done.selected, done.sent, done.skipped, done.failed) == ("done", POISON, POISON, 0, 0)
        await until(lambda: _handled(workbench, POISON))
        assert workbench.sick.runs == {each.id: 1 for each in sent}
        assert all(each.generation == 1 for each in workbench.sick.given.values())
        assert await workbench.count(state="redriven", decided_by="ann") == POISON
        again = await workbench.redrives.start(by="ann", fingerprint=group.fingerprint)
        assert (again.selected, (await workbench.ended(again)).sent) == (0, 0)
        assert sum(workbench.sick.runs.values()) == POISON


async def test_a_worker_that_is_killed_in_the_middle_doubles_and_loses_nothing(settings: Settings) -> None:
    async with open_workbench(settings, bury=False) as workbench:
        sent = [event("ingest.sanitized.v1") for _ in range(120)]
        for each in sent:
            await workbench.bench.send(each.encode())
        for _ in sent:
            await workbench.letters.keep(decode((await workbench.bench.next_letter()).body).data, workbench.clean_key)
        workbench.sick.error = None
        started = await workbench.redrives.start(by="ann", stage="process", rate=60)
        for kept in (20, 60):
            process = await _worker(settings)
            try:
                await until(lambda kept=kept: workbench.holds(kept, state="redriven"))  # type: ignore[misc]
            finally:
                process.kill()
                await process.wait()
        operation = await workbench.redrives.get(started.id)
        assert operation is not None
        assert operation.state == "running"
        process = await _worker(settings)
        try:
            done = await workbench.ended(started)
        finally:
            process.kill()
            await process.wait()
        assert (done.state, done.selected, done.sent, done.skipped, done.failed) == ("done", 120, 120, 0, 0)
        await until(lambda: _handled(workbench, 120))
        assert workbench.sick.runs.keys() == {each.id for each in sent}
        assert len(workbench.sick.effects) == 120
        assert await workbench.count() == await workbench.count(state="redriven") == 120


async def test_a_crash_between_sending_and_noting_it_sends_the_same_event_again(settings: Settings) -> None:
    async with open_workbench(settings) as workbench:
        await poisoned(workbench, 10)
        workbench.sick.error = None
        started = await workbench.redrives.start(by="ann", everything=True, rate=1000)
        await workbench.ended(started)
        await until(lambda: _handled(workbench, 10))
        effects = set(workbench.sick.effects)
        # What a worker leaves behind that was killed after the broker had confirmed, and before it wrote that down.
        unnoted = {"$set": {"state": "dead", "redrive.outcome": None}, "$unset": {"decided_at": "", "decided_by": ""}}
        await workbench.database["dead_letters"].update_many({}, unnoted)
        await workbench.database["redrives"].update_one({"_id": started.id}, {"$set": {"state": "running"}})
        done = await workbench.ended(started)
        assert (done.state, done.selected, done.sent) == ("done", 10, 10)
        await until(lambda: _twice(workbench))
        assert workbench.sick.effects == effects
        assert all(each.generation == 1 for each in workbench.sick.given.values())
        assert await workbench.count() == await workbench.count(state="redriven") == 10


async def test_an_event_that_dies_again_is_a_new_letter_that_names_its_predecessor(settings: Settings) -> None:
    async with open_workbench(settings) as workbench:
        (sent,) = await poisoned(workbench, 1)
        (first,), _ = await workbench.letters.list(_all())
        for generation in (1, 2):
            await workbench.ended(await workbench.redrives.start(by="ann", stage="process"))
            await workbench.buried(generation + 1)
            newest = (await workbench.letters.list(_all()))[0][0]
            assert (newest.generation, newest.event_id, newest.state) == (generation, sent.id, "dead")
            assert newest.predecessor == first.id
            first = newest
        failed = await published(workbench, "ingest.failed.v1", 3)
        assert sorted(each.generation for each in failed) == [0, 1, 2]
        assert len({each.id for each in failed}) == 3
        notes = [decode((await workbench.bench.next_note()).body) for _ in range(2)]
        assert [(note.type, note.generation) for note in notes] == [("ingest.redriven.v1", 1), ("ingest.redriven.v1", 2)]


async def test_what_dies_while_it_is_redriven_is_not_sent_round_and_round(settings: Settings) -> None:
    async with open_workbench(settings) as workbench:
        await poisoned(workbench, 5)
        done = await workbench.ended(await workbench.redrives.start(by="ann", everything=True, rate=1000))
        assert (done.selected, done.sent) == (5, 5)
        await workbench.buried(10)
        assert await workbench.count(state="dead", generation=1) == 5
        assert await workbench.count() == 10


async def test_a_letter_that_ended_no_job_is_dead_again_under_its_own_id(settings: Settings) -> None:
    async with open_workbench(settings, "record") as workbench:
        sent = event("ingest.sanitized.v1")
        await workbench.bench.send(sent.encode())
        await workbench.buried(1)
        await workbench.ended(await workbench.redrives.start(by="ann", stage="record"))
        await until(lambda: workbench.holds(1, deaths=2, state="dead"))
        assert await workbench.count() == 1
        workbench.sick.error = None
        await workbench.ended(await workbench.redrives.start(by="ann", stage="record"))
        await until(lambda: _handled(workbench, 1))
        assert await workbench.count(state="redriven") == 1
        assert workbench.sick.given[sent.id].generation == 0


async def test_a_cancelled_operation_leaves_the_rest_dead(settings: Settings) -> None:
    async with open_workbench(settings) as workbench:
        await poisoned(workbench, 30)
        workbench.sick.error = None
        started = await workbench.redrives.start(by="ann", stage="process", rate=10)
        await until(lambda: workbench.holds(3, state="redriven"))
        cancelled = await workbench.redrives.cancel(started.id, "bob")
        assert cancelled is not None
        assert (cancelled.state, cancelled.cancelled_by) == ("cancelled", "bob")
        rest = await workbench.redrives.start(by="ann", stage="process", rate=1000)
        done = await workbench.ended(rest)
        assert 0 < done.sent < 30
        await until(lambda: _handled(workbench, 30))
        assert len(workbench.sick.effects) == 30


async def test_operations_at_the_same_time_do_not_take_the_same_letter(settings: Settings) -> None:
    async with open_workbench(settings) as workbench:
        await poisoned(workbench, 20)
        workbench.sick.error = None
        started = [await workbench.redrives.start(by=by, stage="process", rate=100) for by in ("ann", "bob")]
        done = [await workbench.ended(each) for each in started]
        assert sum(each.sent for each in done) == 20
        await until(lambda: _handled(workbench, 20))
        assert set(workbench.sick.runs.values()) == {1}


async def test_jobs_that_ended_and_poison_are_skipped_with_a_reason(settings: Settings) -> None:
    async with open_workbench(settings) as workbench:
        cancelled, completed, _ = await poisoned(workbench, 3)
        await workbench.bench.send(b"no event at all")
        await workbench.buried(4)
        for job, status in ((cancelled, "cancelled"), (completed, "completed")):
            await workbench.database["jobs"].insert_one({"_id": job.subject, "tenant": job.tenantid, "status": status})
        workbench.sick.error = None
        done = await workbench.ended(await workbench.redrives.start(by="ann", everything=True, rate=1000))
        assert (done.selected, done.sent, done.skipped, done.failed) == (4, 1, 3, 0)
        assert {reason.split(":")[0] for reason in done.reasons} == {
            "its job was cancelled",
            "its job is completed",
            "it is still no valid event",
        }
        await until(lambda: _handled(workbench, 1))
        assert await workbench.count(state="dead") == 3


async def test_what_was_sealed_goes_on_its_way_and_is_shown_to_nobody(settings: Settings) -> None:
    async with open_workbench(settings, "classify") as workbench:
        raw = json.loads(event("troubleshoot.submitted.v1").encode())
        raw["data"] = {"text": "my password is hunter2"}
        await workbench.bench.send(json.dumps(raw).encode())
        await workbench.buried(1)
        (letter,), _ = await workbench.letters.list(_all())
        assert letter.sealed_bytes == len(json.dumps(raw))
        assert "hunter2" not in letter.model_dump_json()
        assert letter.sealed is None
        workbench.sick.error = None
        await workbench.ended(await workbench.redrives.start(by="ann", ids=[letter.id]))
        await until(lambda: _handled(workbench, 1))
        assert workbench.sick.given[UUID(raw["id"])].data.text == "my password is hunter2"
        assert b"hunter2" not in json.dumps([d async for d in workbench.letters.export(_all())], default=str).encode()


async def test_an_edited_event_is_sent_as_a_new_one_with_an_audit_record(settings: Settings) -> None:
    async with open_workbench(settings) as workbench:
        (sent,) = await poisoned(workbench, 1)
        (letter,), _ = await workbench.letters.list(_all())
        workbench.sick.error = None
        patch = PATCH.validate_python([{"op": "replace", "path": "/data/name", "value": "mended.log"}])
        started = await workbench.redrives.edit(letter.id, patch, by="ann", clean_key=workbench.clean_key, reason="wrong name")
        assert (await workbench.ended(started)).sent == 1
        await until(lambda: _handled(workbench, 1))
        (given,) = workbench.sick.given.values()
        assert (given.data.name, given.subject, given.causationid, given.generation) == ("mended.log", sent.subject, sent.id, 1)
        kept = await workbench.letters.get(letter.id)
        assert kept is not None
        assert (kept.state, kept.edited, kept.decided_by) == ("redriven", True, "ann")
        entry = await workbench.database["audit"].find_one({"action": "edit"})
        assert entry is not None
        assert (entry["by"], entry["reason"], entry["target"]["changes"]) == (
            "ann",
            "wrong name",
            [{"op": "replace", "path": "/data/name"}],
        )
        assert "mended" not in str(entry)


async def test_a_patch_that_does_not_fit_leaves_the_letter_dead_and_says_why(settings: Settings) -> None:
    async with open_workbench(settings) as workbench:
        await poisoned(workbench, 1)
        (letter,), _ = await workbench.letters.list(_all())
        patch = PATCH.validate_python([{"op": "replace", "path": "/tenantid", "value": "evil"}])
        done = await workbench.ended(await workbench.redrives.edit(letter.id, patch, by="ann", clean_key=workbench.clean_key))
        assert (done.sent, done.skipped, list(done.reasons.values())) == (0, 1, [1])
        assert "changes tenantid" in next(iter(done.reasons))
        assert await workbench.count(state="dead") == 1


async def test_what_is_discarded_stays_and_is_not_redriven(settings: Settings) -> None:
    async with open_workbench(settings) as workbench:
        await poisoned(workbench, 3)
        (letter, *_), _ = await workbench.letters.list(_all())
        assert await workbench.letters.discard(_selected(letter.id), by="ann", reason="a test of ours") == 1
        workbench.sick.error = None
        done = await workbench.ended(await workbench.redrives.start(by="ann", stage="process", rate=1000))
        assert done.sent == 2
        kept = await workbench.letters.get(letter.id)
        assert kept is not None
        assert (kept.state, kept.reason, kept.decided_by) == ("discarded", "a test of ours", "ann")


async def test_nothing_named_is_nothing_selected(settings: Settings) -> None:
    async with open_workbench(settings, bury=False) as workbench:
        with pytest.raises(ValueError, match="name letters"):
            await workbench.redrives.start(by="ann")
        assert (await workbench.redrives.start(by="ann", ids=[uuid4()], dry_run=True)).selected == 0


async def test_a_copy_lies_in_the_dead_letter_queue_until_somebody_decides(settings: Settings) -> None:
    async with open_workbench(settings) as workbench:
        await poisoned(workbench, 6)
        (letter, *_), _ = await workbench.letters.list(_all())
        await until(lambda: workbench.has_copies(6))
        await workbench.letters.discard(_selected(letter.id), by="ann", reason="no use")
        await until(lambda: workbench.has_copies(5))
        workbench.sick.error = None
        await workbench.ended(await workbench.redrives.start(by="ann", everything=True, rate=1000))
        await until(lambda: workbench.has_copies(0))


async def test_letters_that_mongo_lost_are_taken_from_their_copies(settings: Settings) -> None:
    async with open_workbench(settings) as workbench:
        await poisoned(workbench, 3)
        await workbench.database["dead_letters"].delete_many({})
        await until(lambda: workbench.holds(3, state="dead"))
        await until(lambda: workbench.has_copies(3))


async def test_no_dead_letter_queue_keeps_more_copies_than_its_bound(settings: Settings) -> None:
    async with open_workbench(settings) as workbench:
        await poisoned(workbench, 6)
        await until(lambda: workbench.has_copies(6))
        copies = Copies(workbench.database, workbench.clean_key, kept=4)
        assert settings.amqp_url
        async with await aio_pika.connect(settings.amqp_url.get_secret_value()) as connection:
            for _ in range(2):
                await copies.compare(connection)
        await until(lambda: workbench.has_copies(4))
        assert await workbench.count(state="dead") == 6


async def test_a_letter_that_bury_itself_gives_up_on_is_in_the_workbench(settings: Settings) -> None:
    async with open_workbench(settings) as workbench:
        await workbench.bench.send(b"not even a letter", key="fm.bury")
        await until(lambda: workbench.holds(1, stage="bury", code="invalid_event"))


async def test_numbers_that_bson_cannot_hold_do_not_lose_a_letter(settings: Settings) -> None:
    async with open_workbench(settings) as workbench:
        raw = {**json.loads(event("ingest.sanitized.v1").encode()), "extension": 2**70}
        await workbench.bench.send(json.dumps(raw).encode())
        await workbench.buried(1)
        (letter,), _ = await workbench.letters.list(_all())
        assert letter.event is None
        assert letter.sealed_bytes
        workbench.sick.error = None
        await workbench.ended(await workbench.redrives.start(by="ann", ids=[letter.id]))
        await until(lambda: _handled(workbench, 1))


def _all() -> Any:
    from faultmaven_events.schemas.buried import Wanted

    return Wanted()


def _selected(id: UUID) -> Any:
    from faultmaven_events.schemas.redrive import Selection

    return Selection(ids=(id,))


async def _handled(workbench: Workbench, count: int) -> bool:
    return len(workbench.sick.runs) >= count


async def _twice(workbench: Workbench) -> bool:
    return set(workbench.sick.runs.values()) == {2}


async def _worker(settings: Settings) -> asyncio.subprocess.Process:
    program = """
import asyncio
from faultmaven_events.consumers.bury.worker import Worker
from faultmaven_events.infra.keys import required_key
from faultmaven_events.infra.mongo import open_mongo
from faultmaven_events.settings import load
async def work():
    async with open_mongo(load()) as database:
        await Worker(database, load(), required_key(load(), "clean"), lease=2).run()
asyncio.run(work())
"""
    env = {**os.environ, **environment(settings)}
    return await asyncio.create_subprocess_exec(sys.executable, "-c", program, env=env, stdout=DEVNULL, stderr=DEVNULL)
