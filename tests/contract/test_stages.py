"""One contract for every stage: whatever comes in, the outcome is one of acknowledged, retried or dead, and always with a reason."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contract.bench import gives, open_bench, sever
from faultmaven_events import topology
from faultmaven_events.consumers.attempts import ATTEMPTS
from faultmaven_events.errors import PermanentError, TransientError, UnreadableContent
from faultmaven_events.producers.contracts import takes
from faultmaven_events.schemas.event import MEDIA_TYPE, Event
from faultmaven_events.schemas.letter import Letter
from faultmaven_events.schemas.registry import EVENTS, decode
from faultmaven_events.settings import Settings
from faultmaven_events.topology import PATHS, STAGES, Stage
from samples import event

pytestmark = pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)


def arriving(stage: Stage, **attributes: Any) -> Event[Any]:
    """Return an event of the first type that the stage takes, on its path where it has one."""
    if stage.source == topology.DEAD:
        return event("dead.letter.v1", **attributes)
    types = [name for name in EVENTS if takes(stage, name)]
    return event(next((name for name in types if stage.name in PATHS.get(name.split(".")[0], ())), types[0]), **attributes)


def letter_of(body: bytes) -> Letter:
    found: Letter = decode(body).data
    return found


class Handler:
    """Records what it was given, fails as told, then answers with the stage's event."""

    def __init__(self, stage: Stage, *failures: Exception) -> None:
        self.stage, self.failures = stage, list(failures)
        self.given: list[Event[Any]] = []

    async def __call__(self, event: Event[Any]) -> Sequence[Event[Any]]:
        if event.source == f"/faultmaven/{self.stage.name}":
            return []  # record takes every event, its own too
        self.given.append(event)
        if self.failures:
            raise self.failures.pop(0)
        return [gives(self.stage, event)]


async def test_an_event_becomes_the_next_one_and_headers_are_carried(stage: Stage, settings: Settings) -> None:
    deadline = datetime.now(UTC) + timedelta(hours=1)
    sent = arriving(stage, userid="ann", deadline=deadline, traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01")
    async with open_bench(settings, stage, Handler(stage)) as bench:
        await bench.send(sent.encode())
        message = await bench.next_event()
        got = decode(message.body)
        assert (got.subject, got.tenantid, got.userid, got.correlationid) == (sent.subject, sent.tenantid, "ann", sent.correlationid)
        assert (got.deadline, got.traceparent, got.causationid) == (deadline, sent.traceparent, sent.id)
        assert (got.stage, got.attempt) == (stage.name, 1)
        assert got.waitedms is not None
        assert got.ranms is not None
        assert message.routing_key == got.type
        assert message.content_type == MEDIA_TYPE
        assert message.delivery_mode == 2
        assert message.message_id == str(got.id)
        assert await bench.nothing_left()


@pytest.mark.parametrize(
    "body",
    [b"not json: password=hunter2", b'{"type":"ingest.submitted.v99","data":"password=hunter2"}'],
    ids=["bad-json", "unknown-version"],
)
async def test_what_is_no_event_dies_at_once_with_its_reason_and_sealed(stage: Stage, body: bytes, settings: Settings) -> None:
    handler = Handler(stage)
    async with open_bench(settings, stage, handler) as bench:
        await bench.send(body)
        message = await bench.next_letter()
        letter = letter_of(message.body)
        assert (letter.stage, letter.code, len(letter.attempts)) == (stage.name, "invalid_event", 1)
        assert letter.sealed
        assert b"hunter2" not in message.body
        assert handler.given == []
        assert await bench.nothing_left()


async def test_a_permanent_error_dies_at_once_and_publishes_nothing(stage: Stage, settings: Settings) -> None:
    sent = arriving(stage)
    handler = Handler(stage, UnreadableContent("the file is empty"))
    async with open_bench(settings, stage, handler) as bench:
        await bench.send(sent.encode())
        letter = letter_of((await bench.next_letter()).body)
        assert (letter.code, letter.message, letter.error) == ("unreadable_content", "the file is empty", "UnreadableContent")
        assert letter.job_id == sent.subject
        assert len(handler.given) == 1
        assert await bench.nothing_left()


async def test_a_transient_error_is_tried_again_until_it_works(stage: Stage, settings: Settings) -> None:
    sent = arriving(stage)
    handler = Handler(stage, TransientError("away"), RuntimeError("boom"))
    async with open_bench(settings, stage, handler) as bench:
        await bench.send(sent.encode())
        got = decode((await bench.next_event()).body)
        assert got.attempt == 3
        assert handler.given == [sent, sent, sent]
        assert await bench.nothing_left()


async def test_an_error_that_never_heals_dies_with_every_attempt_on_record(stage: Stage, settings: Settings) -> None:
    handler = Handler(stage, *[TransientError("away")] * 9)
    async with open_bench(settings, stage, handler) as bench:
        await bench.send(arriving(stage).encode())
        letter = letter_of((await bench.next_letter()).body)
        assert len(letter.attempts) == len(stage.rungs) + 1 == len(handler.given)
        assert letter.message == f"gave up after {len(letter.attempts)} attempts: away"
        assert await bench.nothing_left()


async def test_a_duplicate_gives_the_same_event_again(stage: Stage, settings: Settings) -> None:
    sent = arriving(stage)
    async with open_bench(settings, stage, Handler(stage)) as bench:
        await bench.send(sent.encode())
        await bench.send(sent.encode())
        first, second = decode((await bench.next_event()).body), decode((await bench.next_event()).body)
        assert first.id == second.id
        assert first.data == second.data


async def test_after_the_deadline_a_stage_on_the_jobs_path_does_not_run(stage: Stage, settings: Settings) -> None:
    sent = arriving(stage, deadline=datetime.now(UTC) - timedelta(seconds=5))
    handler = Handler(stage)
    async with open_bench(settings, stage, handler) as bench:
        await bench.send(sent.encode())
        if stage.name in PATHS.get(sent.kind, ()) and stage.name != "record":
            letter = letter_of((await bench.next_letter()).body)
            assert letter.code == "deadline_exceeded"
            assert handler.given == []
        else:  # what only records or joins still does so: a late job must be told that it is late
            assert decode((await bench.next_event()).body).causationid == sent.id
        assert await bench.nothing_left()


async def test_a_handler_that_hangs_is_ended_and_tried_again(stage: Stage, settings: Settings) -> None:
    from dataclasses import replace

    calls = 0

    async def handler(event: Event[Any]) -> Sequence[Event[Any]]:
        nonlocal calls
        if event.source == f"/faultmaven/{stage.name}":
            return []
        calls += 1
        if calls == 1:
            await asyncio.sleep(60)
        return [gives(stage, event)]

    async with open_bench(settings, replace(stage, deadline=0.2), handler) as bench:
        await bench.send(arriving(stage).encode())
        assert decode((await bench.next_event()).body).attempt == 2


async def test_a_connection_lost_before_the_acknowledgement_brings_the_message_again(stage: Stage, settings: Settings) -> None:
    sent = arriving(stage)
    started = asyncio.Event()
    given: list[Event[Any]] = []

    async def handler(event: Event[Any]) -> Sequence[Event[Any]]:
        if event.source == f"/faultmaven/{stage.name}":
            return []
        given.append(event)
        if len(given) == 1:
            started.set()
            await asyncio.sleep(60)
        return [gives(stage, event)]

    async with open_bench(settings, stage, handler) as bench:
        await bench.send(sent.encode())
        await started.wait()
        await sever(settings, f"faultmaven-{stage.name}")
        assert decode((await bench.next_event()).body).causationid == sent.id
        assert len(given) >= 2  # at least once is what a broker promises
        assert all(event == sent for event in given)


async def test_a_forged_attempts_header_does_no_harm(stage: Stage, settings: Settings) -> None:
    sent = arriving(stage)
    async with open_bench(settings, stage, Handler(stage)) as bench:
        await bench.send(sent.encode(), headers={ATTEMPTS: json.dumps([{"nonsense": 1}])})
        assert decode((await bench.next_event()).body).attempt == 1


def test_every_error_is_either_permanent_or_transient(stage: Stage) -> None:
    from faultmaven_events import errors

    ours = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, errors.FaultmavenError)]
    assert stage
    assert all(issubclass(e, (PermanentError, TransientError)) for e in ours if e not in {errors.FaultmavenError, errors.SetupError})
