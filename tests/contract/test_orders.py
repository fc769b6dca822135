"""Orders given to a stage, and its breaker, on real servers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from contract.bench import Bench, open_bench
from faultmaven_events.consumers.orders import Orders
from faultmaven_events.consumers.run import guarded
from faultmaven_events.errors import MissingContent, Throttled, UnreadableContent
from faultmaven_events.infra.blobs import open_blobs
from faultmaven_events.infra.control import open_control
from faultmaven_events.producers.publish import message_of
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.evidence import Classified
from faultmaven_events.schemas.registry import EVENTS, decode
from faultmaven_events.settings import Settings
from faultmaven_events.topology import BY_NAME
from samples import CLASSIFICATION, DATA, event

STAGE = BY_NAME["sanitize"]


class Deployment:
    """A handler that fails until it is mended."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.given: list[Event[Any]] = []

    async def __call__(self, given: Event[Any]) -> Sequence[Event[Any]]:
        self.given.append(given)
        if self.error:
            raise self.error
        return [given.follow("sanitize", "sanitized", EVENTS["ingest.sanitized.v1"].model_validate(DATA["ingest.sanitized.v1"]))]


@asynccontextmanager
async def open_ordered(settings: Settings, handler: Any) -> AsyncIterator[tuple[Bench, Orders]]:
    """A stage that follows orders and has a breaker."""
    async with open_control(settings) as control, open_bench(settings, STAGE, handler) as bench:
        orders = Orders(control)
        bench.shell.orders = orders
        guard = guarded(bench.consumption, orders)

        async def obey() -> None:
            await guard.obey()

        following = asyncio.create_task(follow(orders, obey))
        try:
            yield bench, orders
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


async def follow(orders: Orders, obey: Callable[[], Any]) -> None:
    while True:
        await orders.look()
        await obey()
        await asyncio.sleep(0.02)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 # what other processes do has no event to wait for
            await asyncio.sleep(0.02)


async def sent_by_us(bench: Bench, count: int) -> None:
    for _ in range(count):
        await bench.channel.default_exchange.publish(message_of(event("ingest.classified.v1")), STAGE.queues[0])


async def test_a_bad_deployment_pauses_its_stage_and_what_waited_is_done_after_it_is_mended(settings: Settings) -> None:
    broken = Deployment(MissingContent("a clean blob is gone"))
    async with open_ordered(settings, broken) as (bench, orders):
        alerts = await bench.channel.declare_queue("", exclusive=True)
        await alerts.bind("fm.events", "alert.#")
        await sent_by_us(bench, 60)
        await until(lambda: bench.consumption.paused)
        assert orders.control is not None
        await until(lambda: "sanitize" in orders.paused)
        assert orders.paused["sanitize"].by == "breaker"
        broken.error = None
        await until(lambda: not bench.consumption.paused)  # by a probe
        await bench.settled()
        died = 0
        while await bench.letters.get(fail=False, no_ack=True):
            died += 1
        done = 0
        while await bench.seen.get(fail=False, no_ack=True):
            done += 1
        assert died + done == 60
        assert 11 <= died < 60
        assert "sanitize" not in await orders.control.paused()
        told = [(await bench._next(alerts)).body]
        assert b"stage_paused" in told[0]
        while b"stage_resumed" not in told[-1]:  # a probe may have failed before it was mended
            told.append((await bench._next(alerts)).body)


async def test_files_that_nobody_can_read_do_not_stop_the_stage(settings: Settings) -> None:
    async with open_ordered(settings, Deployment(UnreadableContent("the file is empty"))) as (bench, _):
        await sent_by_us(bench, 40)
        for _ in range(40):
            await bench.next_letter()
        assert not bench.consumption.paused


async def test_a_person_pauses_a_stage_and_lets_it_go_on(settings: Settings) -> None:
    handler = Deployment()
    async with open_ordered(settings, handler) as (bench, orders):
        await orders.control.pause("sanitize", by="ann", reason="disk is being replaced")
        await until(lambda: bench.consumption.paused)
        await sent_by_us(bench, 3)
        await asyncio.sleep(0.5)
        assert handler.given == []
        await orders.control.resume("sanitize")
        for _ in range(3):
            await bench.next_event()


async def test_a_cancelled_job_ends_at_the_next_stage_and_its_content_is_gone(settings: Settings) -> None:
    handler = Deployment()
    async with open_blobs(settings) as blobs, open_ordered(settings, handler) as (bench, orders):
        content = await blobs.put("acme", "raw", "aa", b"secret")
        data = Classified.model_validate({"name": "a.log", "content": content, "classification": CLASSIFICATION})
        unwanted = event("ingest.classified.v1").model_copy(update={"data": data})
        await orders.control.cancel(unwanted.subject)
        await until(lambda: orders.unwanted(unwanted))
        await bench.send(unwanted.encode())
        await bench.settled()
        assert handler.given == []
        assert await bench.nothing_left()
        assert await blobs.find("acme", "raw", "aa") is None


async def test_a_job_that_must_wait_says_so(settings: Settings) -> None:
    slow = Deployment(Throttled("too many requests", after=1))
    async with open_ordered(settings, slow) as (bench, _):
        given = event("ingest.classified.v1")
        await bench.send(given.encode())
        note = decode((await bench.next_note()).body)
        assert (note.type, note.subject) == ("ingest.delayed.v1", given.subject)
        assert (note.data.error.stage, note.data.error.code, note.data.error.attempts) == ("sanitize", "throttled", 1)
        slow.error = None
        await bench.next_event()


async def test_without_the_dead_letter_exchange_the_rest_goes_on_and_the_letter_comes_later(settings: Settings) -> None:
    class Picky(Deployment):
        async def __call__(self, given: Event[Any]) -> Sequence[Event[Any]]:
            if given.tenantid == "broken":
                raise UnreadableContent("the file is empty")
            return await super().__call__(given)

    async with open_ordered(settings, Picky()) as (bench, _):
        await bench.channel.exchange_delete("fm.dead")
        poison = event("ingest.classified.v1", tenantid="broken")
        await bench.send(poison.encode())
        for _ in range(15):  # more than a message may be delivered
            await bench.send(event("ingest.classified.v1").encode())
            await bench.next_event()
            await asyncio.sleep(0.1)
        dead = await bench.channel.declare_exchange("fm.dead", "topic", durable=True)
        await bench.letters.bind(dead, f"letter.{STAGE.name}")
        found = decode((await bench.next_letter()).body)
        assert (found.data.code, found.data.event_id) == ("unreadable_content", poison.id)
        assert await bench.nothing_left()
