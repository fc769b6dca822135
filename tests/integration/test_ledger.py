"""The conservation ledger on real servers: a real loss is found, named and mended, and nothing else is called one."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel

from faultmaven_events.consumers.record.project import ended
from faultmaven_events.consumers.record.reconciler import Reconciler
from faultmaven_events.consumers.record.writer import Writer
from faultmaven_events.infra.declare import declare, plan, rung_name
from faultmaven_events.infra.jobs import Ending, Jobs
from faultmaven_events.infra.lease import Lease
from faultmaven_events.infra.ledger.report import report
from faultmaven_events.infra.mongo import Database, ensure_indexes, open_mongo
from faultmaven_events.infra.timescale import Timeline, open_timeline
from faultmaven_events.producers.publish import message_of
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.job import Job
from faultmaven_events.schemas.ledger import Ledger
from faultmaven_events.schemas.registry import decode
from faultmaven_events.settings import Settings
from faultmaven_events.topology import EVENTS, PATHS, UNROUTABLE
from http_door import open_ingress
from samples import event

NOW = datetime.now(UTC).replace(microsecond=0)
GIVEN = {"classified": "classify", "sanitized": "sanitize", "processed": "process", "embedded": "embed", "completed": "record"}


@dataclass(frozen=True, slots=True)
class World:
    """The stores, the broker, and a reconciler that works when told; record's writer stands for its consumer."""

    settings: Settings
    database: Database
    timeline: Timeline
    writer: Writer
    channel: AbstractChannel
    reconciler: Reconciler

    async def publish(self, event: Event[Any], *, told: bool = True) -> None:
        """Publish an event; what record would do with it is done."""
        await (await self.channel.get_exchange(EVENTS)).publish(message_of(event), event.type)
        await (await self.channel.get_queue("fm.record")).purge()
        if told:
            ending = Ending("completed", event.time, result={}) if event.state in {"embedded", "reasoned"} else ended(event)
            await self.writer.write(event, ending)

    async def pass_time(self, **span: float) -> None:
        """Let a time go by in which nothing happens."""
        by = {
            name: {"$dateSubtract": {"startDate": f"${name}", "unit": "second", "amount": timedelta(**span).total_seconds()}}
            for name in _TIMES
        }
        await self.database["jobs"].update_many({}, [{"$set": {name: {"$cond": [f"${name}", value, None]} for name, value in by.items()}}])
        await self.database["jobs"].update_many({"arrived_at": None}, {"$unset": {"arrived_at": "", "stage": ""}})

    async def books(self) -> Ledger:
        """Reconcile twice, and return the ledger."""
        await self.reconciler.round()
        await self.reconciler.round()
        return await report(self.database, 24)

    async def alerts(self) -> list[tuple[str, str]]:
        """Take the alerts that were published: name and job."""
        queue, found = await self.channel.get_queue("fm.record"), []
        while (message := await queue.get(fail=False, no_ack=True)) is not None:
            alert = decode(message.body)
            found.append((alert.data.name, alert.data.facts["job"]))
        return found


_TIMES = ("touched_at", "arrived_at", "created_at")


@pytest.fixture
async def world(settings: Settings) -> AsyncIterator[World]:
    async with open_world(settings) as world:
        yield world


@asynccontextmanager
async def open_world(settings: Settings) -> AsyncIterator[World]:
    # Without the management's figures, which lag behind: whatever may be in hand gets the stage's deadline.
    settings = settings.model_copy(update={"management_url": None, "ledger_quiet_s": 1})
    assert settings.amqp_url
    async with (
        open_mongo(settings) as database,
        open_timeline(settings) as timeline,
        await aio_pika.connect(settings.amqp_url.get_secret_value()) as connection,
    ):
        await ensure_indexes(database)
        channel = await connection.channel()
        await declare(channel, plan())
        yield World(settings, database, timeline, Writer(database, timeline), channel, Reconciler(database, timeline, settings))


def travelled(kind: str = "ingest", upto: str = "completed") -> list[Event[Any]]:
    """The events of a job, in order, up to a state."""
    id, states = uuid4(), list(GIVEN)
    events = [event(f"{kind}.submitted.v1", subject=id)]
    facts: dict[str, Any] = {"subject": id, "waitedms": 1, "ranms": 1, "attempt": 1}
    return [*events, *(event(f"{kind}.{state}.v1", stage=GIVEN[state], **facts) for state in states[: states.index(upto) + 1])]


async def test_a_message_that_is_gone_is_named_and_told_once_and_mended_when_it_comes_again(world: World) -> None:
    submitted = event("ingest.submitted.v1")
    await world.publish(submitted)
    await world.pass_time(hours=1)
    assert (await world.books()).open == 0  # it waits in fm.classify
    await (await world.channel.get_queue("fm.classify")).purge()

    await world.reconciler.round()
    assert (await report(world.database, 24)).open == 0  # suspected: the next round decides
    books = await world.books()
    assert [(gap.why, gap.job, gap.place) for gap in books.gaps] == [("lost", submitted.subject, "classify")]
    assert str(submitted.subject) in books.gaps[0].sentence
    assert await world.alerts() == [("ledger_gap", str(submitted.subject))]
    await world.books()
    assert await world.alerts() == []

    await world.publish(submitted, told=False)
    message = await (await world.channel.get_queue("fm.classify")).get(no_ack=True)
    assert message is not None
    await world.publish(decode(message.body).follow("classify", "classified", event("ingest.classified.v1").data).stamped(stage="classify"))
    assert (await world.books()).open == 0
    assert await world.alerts() == [("ledger_mended", str(submitted.subject))]


async def test_what_was_published_and_never_heard_of_again_is_lost_too(world: World) -> None:
    job = accepted()
    await Jobs(world.database).accept(job)
    await world.pass_time(hours=1)
    assert [(gap.why, gap.job) for gap in (await world.books()).gaps] == [("lost", job.id)]


async def test_a_job_on_the_retry_ladder_is_not_lost_until_its_message_is(world: World) -> None:
    await world.publish(event("ingest.submitted.v1"))
    rung = await world.channel.get_exchange(rung_name(300))
    message = await (await world.channel.get_queue("fm.classify")).get(no_ack=True)
    assert message is not None
    await rung.publish(aio_pika.Message(message.body), "fm.classify")
    await world.pass_time(minutes=4)
    assert (await world.books()).open == 0
    await (await world.channel.get_queue(rung_name(300))).purge()
    assert (await world.books()).open == 1


async def test_a_job_that_waits_for_a_server_that_is_away_is_not_lost_however_long_that_takes(world: World) -> None:
    submitted = event("ingest.submitted.v1")
    await world.publish(submitted)
    told = event("ingest.delayed.v1", subject=submitted.subject)
    away = told.data.error.model_copy(update={"code": "unavailable", "attempts": 3})
    await world.publish(told.model_copy(update={"data": told.data.model_copy(update={"error": away})}))
    rung = await world.channel.get_exchange(rung_name(15))
    await (await world.channel.get_queue("fm.classify")).purge()
    await rung.publish(aio_pika.Message(submitted.encode()), "nowhere")
    await world.pass_time(hours=9)
    assert (await world.books()).open == 0


async def test_a_question_that_waits_for_its_evidence_is_not_lost(world: World) -> None:
    sanitized = event("troubleshoot.sanitized.v1", stage="sanitize")
    await world.publish(sanitized)
    await (await world.channel.get_queue("fm.gather")).purge()
    gathering = {"_id": sanitized.id, "tenant": "acme", "job": sanitized.subject, "state": None, "told": False, "evidence": [uuid4()]}
    await world.database["gatherings"].insert_one(gathering)
    await world.pass_time(hours=1)
    assert (await world.books()).open == 0
    await world.database["gatherings"].delete_many({})
    assert [gap.place for gap in (await world.books()).gaps] == ["gather"]


async def test_a_stage_that_is_paused_loses_nothing_and_the_ledger_says_why_it_cannot_tell(world: World) -> None:
    await world.publish(event("ingest.submitted.v1"))
    await world.pass_time(hours=1)
    books = await world.books()
    assert books.open == 0
    assert books.unjudged["ingest classify"] == "1 waiting in fm.classify, and none was dealt with lately"


async def test_an_event_that_only_the_event_log_lacks_is_found_and_mended_when_it_is_recorded_again(world: World) -> None:
    events = travelled()
    for each in events:
        await world.publish(each)
    await world.pass_time(minutes=10)
    assert (await world.books()).open == 0
    books = await report(world.database, 24)
    assert books.checked_until is not None
    async with world.timeline.connect() as connection:
        await connection.execute("DELETE FROM event_log WHERE event_id = $1", events[2].id)
    await world.database["ledger"].delete_many({})  # everything is compared anew
    books = await world.books()
    assert [(gap.why, gap.place, gap.event_id) for gap in books.gaps] == [("unlogged", "sanitized", events[2].id)]
    await world.timeline.record([(events[2], "done")])
    assert (await world.books()).open == 0


async def test_an_event_that_record_never_got_is_found_and_mended_when_it_comes(world: World) -> None:
    *others, completed = travelled()
    for each in others:
        await world.publish(each)
    await world.publish(completed, told=False)
    await world.pass_time(minutes=10)
    books = await world.books()
    assert [(gap.why, gap.job, gap.place) for gap in books.gaps] == [("unrecorded", completed.subject, "completed")]
    assert await world.alerts() == [("ledger_gap", str(completed.subject))]
    await world.publish(completed)
    assert (await world.books()).open == 0
    assert await world.alerts() == [("ledger_mended", str(completed.subject))]


async def test_what_was_accepted_and_not_published_is_published_though_the_door_is_down(world: World) -> None:
    job = accepted()
    submitted = event("ingest.submitted.v1", subject=job.id)
    await Jobs(world.database).accept(job, outbox=submitted.encode())
    await world.database["jobs"].update_many({}, {"$set": {"outbox_at": NOW - timedelta(minutes=1)}})
    assert (await report(world.database, 24)).kinds[0].unpublished == 1
    await world.reconciler.round()
    message = await (await world.channel.get_queue("fm.classify")).get(no_ack=True)
    assert message is not None
    assert decode(message.body) == submitted
    books = await report(world.database, 24)
    assert (books.kinds[0].unpublished, books.kinds[0].running) == (0, 1)


async def test_every_accepted_job_is_counted_where_it_is_and_the_books_are_kept_in_timescale(world: World) -> None:
    for upto, count in (("classified", 3), ("processed", 2), ("completed", 4)):
        for _ in range(count):
            for each in travelled(upto=upto):
                await world.publish(each)
    await world.publish(event("ingest.cancelled.v1"))
    await world.reconciler.round()
    books = (await report(world.database, 24)).kinds[0]
    assert (books.accepted, books.running, books.completed, books.cancelled) == (10, 5, 4, 1)
    assert [(line.given, line.done, line.here, line.missing) for line in books.stages][1:] == [
        (9, 6, 3, 0),
        (6, 6, 0, 0),
        (6, 4, 2, 0),
        (4, 4, 0, 0),
    ]
    async with world.timeline.connect() as connection:
        row = await connection.fetchrow("SELECT * FROM ledger WHERE kind = 'ingest'")
    assert (row["accepted"], row["completed"], row["gaps"], row["unroutable"]) == (10, 4, 0, 0)
    assert [line["stage"] for line in json.loads(row["stages"])] == list(PATHS["ingest"])


async def test_only_one_process_keeps_the_books(world: World) -> None:
    first, second = Lease(world.database, "ledger", "one", 30), Lease(world.database, "ledger", "two", 30)
    assert [await first.hold(), await second.hold(), await first.hold()] == [True, False, True]
    await first.give_up()
    assert await second.hold()
    lapsed = Lease(world.database, "lapsed", "one", -1)
    assert await lapsed.hold()
    assert await Lease(world.database, "lapsed", "two", 30).hold()


async def test_the_ledger_over_http_and_at_the_command_line(world: World) -> None:
    lost, other = event("ingest.submitted.v1"), event("ingest.submitted.v1", tenantid="other")
    for each in (lost, other):
        await world.publish(each)
    await (await world.channel.get_queue("fm.classify")).purge()
    await world.pass_time(hours=1)
    await world.channel.default_exchange.publish(aio_pika.Message(b"{}"), UNROUTABLE)
    await world.books()
    async with open_ingress(world.settings) as client:
        whole = Ledger.model_validate((await client.get("/api/v1/ops/ledger")).json())
        assert (whole.open, whole.unroutable, whole.kinds[0].accepted) == (2, 1, 2)
        mine = Ledger.model_validate((await client.get("/api/v1/ops/ledger", params={"tenant": "other"})).json())
        assert [gap.job for gap in mine.gaps] == [other.subject]
        assert (await client.get("/api/v1/ops/ledger", params={"hours": 0})).status_code == 422
        status, said = await command(str(client.base_url), "ledger")
        assert status == 1
        assert f"Job {lost.subject} stands still in classify" in said
        assert "fm.unroutable holds 1: " in said
        await world.database["ledger_gaps"].delete_many({})
        status, said = await command(str(client.base_url), "ledger", "--json", "--tenant", "other")
        assert (status, json.loads(said)["open"]) == (0, 0)


def accepted() -> Job:
    facts = {"tenant": "acme", "user": "ann", "kind": "ingest", "status": "accepted", "progress": 0, "correlation_id": "c", "version": 0}
    return Job.model_validate({**facts, "id": uuid4(), "created_at": NOW, "updated_at": NOW})


async def command(api: str, *arguments: str) -> tuple[int, str]:
    """Run the command line; return its exit status and what it prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "faultmaven_events", *arguments, "--api", api, stdout=-1, env={**os.environ, "COLUMNS": "200"}
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()
