"""A flood of one tenant, on a real broker: the others pass, and the flood is worked off all the same."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from contract.bench import open_bench
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.registry import EVENTS
from faultmaven_events.settings import Settings
from faultmaven_events.topology import BY_NAME
from samples import DATA, event

STAGE = BY_NAME["sanitize"]
FLOOD = 12
LONG_AGO = timedelta(seconds=30)


class Slow:
    """Holds what the flooding tenant sent until it is let go."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()
        self.done: list[Event[Any]] = []

    async def __call__(self, given: Event[Any]) -> Sequence[Event[Any]]:
        if given.tenantid == "flood":
            await self.let_go.wait()
        self.done.append(given)
        return [given.follow("sanitize", "sanitized", EVENTS["ingest.sanitized.v1"].model_validate(DATA["ingest.sanitized.v1"]))]


def waiting(tenant: str, **attributes: Any) -> bytes:
    return event("ingest.classified.v1", tenantid=tenant, time=datetime.now(UTC) - LONG_AGO, **attributes).encode()


async def test_a_file_of_another_tenant_passes_a_flood_that_is_stuck(settings: Settings) -> None:
    slow = Slow()
    async with open_bench(settings, STAGE, slow) as bench:
        for _ in range(FLOOD):
            await bench.send(waiting("flood"))
        await bench.send(waiting("calm"))
        got = await bench.next_event()
        assert b'"tenantid":"calm"' in got.body
        assert [each.tenantid for each in slow.done] == ["calm"]
        slow.let_go.set()
        for _ in range(FLOOD):
            assert b'"tenantid":"flood"' in (await bench.next_event()).body
        assert await bench.nothing_left()


async def test_what_a_person_waits_for_stays_in_its_lane_even_in_a_flood(settings: Settings) -> None:
    slow = Slow()
    async with open_bench(settings, STAGE, slow) as bench:
        for _ in range(FLOOD):
            await bench.send(waiting("flood", urgent=True))
        async with asyncio.timeout(15):
            while bench.shell.in_flight < STAGE.lanes[0].prefetch:  # noqa: ASYNC110 # a broker has no event for "delivered"
                await asyncio.sleep(0.02)
        crowd = STAGE.crowd
        assert crowd is not None
        queue = await bench.channel.declare_queue(STAGE.queue(crowd), passive=True)
        assert queue.declaration_result.message_count == 0
        slow.let_go.set()
        for _ in range(FLOOD):
            await bench.next_event()


async def test_a_question_does_not_stand_behind_files(settings: Settings) -> None:
    slow = Slow()
    async with open_bench(settings, STAGE, slow) as bench:
        for _ in range(FLOOD):
            await bench.send(waiting("flood", urgent=True))  # they fill the lane of files
        asked = event("troubleshoot.classified.v1", tenantid="calm", time=datetime.now(UTC) - LONG_AGO)
        await bench.send(asked.encode(), key=STAGE.queue(STAGE.lanes[1]))
        assert b'"tenantid":"calm"' in (await bench.next_event()).body
        slow.let_go.set()
        for _ in range(FLOOD):
            await bench.next_event()
