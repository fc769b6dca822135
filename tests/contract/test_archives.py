"""A message from which many events follow, on a real broker: the last one goes when the others are confirmed."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import aio_pika

from contract.bench import open_bench
from faultmaven_events import topology
from faultmaven_events.schemas.event import Event, derive
from faultmaven_events.schemas.registry import EVENTS, decode
from faultmaven_events.settings import Settings
from faultmaven_events.topology import BY_NAME
from samples import DATA, event

FILES = 5


async def archive(given: Event[Any]) -> Sequence[Event[Any]]:
    """What classify gives for an archive."""
    begun = given.follow("classify", "submitted", EVENTS["ingest.submitted.v1"].model_validate(DATA["ingest.submitted.v1"]))
    jobs = [derive(given.id, str(number)) for number in range(FILES)]
    children = [begun.model_copy(update={"id": derive(job, "ingress/0"), "subject": job}) for job in jobs]
    return [*children, given.follow("classify", "classified", EVENTS["ingest.classified.v1"].model_validate(DATA["ingest.classified.v1"]))]


async def test_while_there_is_no_room_for_its_files_an_archive_makes_way_and_then_goes_on(settings: Settings) -> None:
    stage = BY_NAME["classify"]
    async with open_bench(settings, stage, archive) as bench:
        own = await bench.channel.get_queue(stage.queues[0])
        await own.unbind(topology.EVENTS, "ingest.submitted.*")  # what it publishes shall not come back to it here
        full = await bench.channel.declare_queue(
            f"full-{uuid4().hex}", durable=True, arguments={"x-max-length": 0, "x-overflow": "reject-publish"}
        )
        await full.bind(topology.EVENTS, "ingest.submitted.*")
        given = event("ingest.submitted.v1")
        await bench.send(given.encode())
        note = decode((await bench.next_note()).body)
        assert (note.state, note.data.error.code) == ("delayed", "unavailable")
        await full.delete()
        seen = await _all(bench.seen)
        assert [each.state for each in seen].count("classified") == 1
        last = next(each for each in seen if each.state == "classified")
        assert (last.subject, last.stage) == (given.subject, "classify")
        children = {each.id: each for each in seen if each.state == "submitted"}
        assert len(children) == FILES
        assert {each.stage for each in children.values()} == {None}  # no run of classify for a job that it has not seen yet


async def _all(queue: aio_pika.abc.AbstractQueue) -> list[Event[Any]]:
    found: list[Event[Any]] = []
    async with asyncio.timeout(60):
        while not any(each.state == "classified" for each in found):
            message = await queue.get(fail=False, no_ack=True)
            if message is None:
                await asyncio.sleep(0.05)
            else:
                found.append(decode(message.body))
    return found
