"""A consumer that does nothing although work waits ends itself; one that cannot do anything, or need not, does not."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import aio_pika
import httpx
import pytest

from faultmaven_events import topology
from faultmaven_events.consumers import watchdog
from faultmaven_events.consumers.consumption import Consumption
from faultmaven_events.consumers.health import Vitals, open_health
from faultmaven_events.consumers.pulse import open_pulse
from faultmaven_events.consumers.run import open_consumption
from faultmaven_events.consumers.stage import Handler
from faultmaven_events.consumers.watchdog import watching
from faultmaven_events.errors import SetupError
from faultmaven_events.infra.declare import declare, plan
from faultmaven_events.infra.servers.place import HOST
from faultmaven_events.schemas.event import Event
from faultmaven_events.settings import Settings
from samples import event

STAGE = topology.BY_NAME["reason"]
"""A stage with a queue and a prefetch of two."""
PATIENCE = 3.0
PROGRAM = """
import asyncio, sys, time
from faultmaven_events.consumers.pulse import open_pulse
from faultmaven_events.consumers.run import open_consumption
from faultmaven_events.consumers.watchdog import watching
from faultmaven_events.settings import load
from faultmaven_events.topology import BY_NAME
async def answer(event):
    if event.correlationid == "hold":
        time.sleep(600)
    return []
async def main():
    settings = load()
    async with open_pulse(settings.stall_s), open_consumption(settings, BY_NAME[sys.argv[1]], answer) as consumption:
        async with watching(settings.amqp_url.get_secret_value(), [consumption], settings.stall_s):
            print("ready", flush=True)
            await asyncio.to_thread(sys.stdin.readline)
            for lane, queue in consumption.lanes:
                await queue.cancel(consumption.tags[queue.name])  # consumption itself believes that it still consumes
            print("forgotten", flush=True)
            await asyncio.sleep(600)
asyncio.run(main())
"""


async def nothing(_event: Event[Any]) -> Sequence[Event[Any]]:
    return []


@asynccontextmanager
async def broker(settings: Settings) -> AsyncIterator[aio_pika.abc.AbstractChannel]:
    assert settings.amqp_url
    async with await aio_pika.connect(settings.amqp_url.get_secret_value()) as connection:
        channel = await connection.channel()
        await declare(channel, plan(scale=settings.retry_scale))
        yield channel


async def send(channel: aio_pika.abc.AbstractChannel, count: int = 1, queue: str = STAGE.queues[0]) -> None:
    for _ in range(count):
        await channel.default_exchange.publish(aio_pika.Message(event("troubleshoot.embedded.v1").encode()), queue)


@pytest.fixture
async def consumer(settings: Settings) -> AsyncIterator[Process]:
    """A process of its own with one stage, whose watchdog waits three seconds."""
    from http_door import environment

    env = {**os.environ, **environment(settings.model_copy(update={"stall_s": PATIENCE}))}
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, STAGE.name, env=env, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    assert process.stdout
    async with asyncio.timeout(30):
        await process.stdout.readline()
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ended(process: Process) -> tuple[int, list[str]]:
    """Wait for the end of a process; returns its status and what it said on standard error."""
    async with asyncio.timeout(60):
        _, said = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode().splitlines()


async def test_a_consumer_that_the_broker_forgot_ends_itself_and_says_why(settings: Settings, consumer: Process) -> None:
    assert consumer.stdin
    assert consumer.stdout
    consumer.stdin.write(b"forget\n")
    await consumer.stdout.readline()
    async with broker(settings) as channel:
        await send(channel, 2)
        status, said = await ended(consumer)
    assert status == 70
    reason = json.loads(said[-1])
    assert reason["event"] == "consumer_stalled"
    assert reason["reason"].startswith("fm.reason holds 2 messages and gave this process none for")


async def test_a_loop_that_does_not_turn_ends_its_process_and_shows_where_it_is(settings: Settings, consumer: Process) -> None:
    async with broker(settings) as channel:
        await channel.default_exchange.publish(
            aio_pika.Message(event("troubleshoot.embedded.v1", correlationid="hold").encode()), STAGE.queues[0]
        )
        status, said = await ended(consumer)
    assert status == 70
    assert json.loads(said[-1])["reason"].startswith("the event loop has not turned for")
    assert any("in answer" in line for line in said)


async def test_a_process_that_stood_still_goes_on(settings: Settings, consumer: Process) -> None:
    async with broker(settings) as channel:
        consumer.send_signal(signal.SIGSTOP)
        await send(channel, 4)
        await asyncio.sleep(2 * PATIENCE)  # not a guess: that long must be too long
        consumer.send_signal(signal.SIGCONT)
        await empty(channel)
        assert consumer.returncode is None


async def empty(channel: aio_pika.abc.AbstractChannel) -> None:
    async with asyncio.timeout(30):
        while (await channel.declare_queue(STAGE.queues[0], passive=True)).declaration_result.message_count:  # noqa: ASYNC110 # a queue on a broker has no event to wait for
            await asyncio.sleep(0.05)


async def test_an_idle_consumer_and_one_with_its_hands_full_live_on(settings: Settings) -> None:
    release = asyncio.Event()

    async def slow(_event: Event[Any]) -> Sequence[Event[Any]]:
        await release.wait()
        return []

    async with broker(settings) as channel, watched(settings, slow) as (reasons, _):
        await asyncio.sleep(2 * PATIENCE)  # as above
        await send(channel, 5)
        await asyncio.sleep(2 * PATIENCE)
        assert reasons == []
        release.set()
        await empty(channel)


async def test_a_broker_that_answers_nobody_is_waited_for(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages wait and none is given, but nobody else is given any either: a restart would change nothing."""
    monkeypatch.setattr(watchdog, "ANSWER_S", 1.0)
    async with broker(settings) as channel, relayed(settings) as (relay, url), watched(settings, nothing, url) as (reasons, consumption):
        await relay.passed.wait()
        relay.open.clear()
        for _, queue in consumption.lanes:
            await queue.cancel(consumption.tags[queue.name])
        await send(channel, 2)
        await asyncio.sleep(3 * PATIENCE)
        assert reasons == []
        relay.open.set()
        async with asyncio.timeout(30):
            while not reasons:  # noqa: ASYNC110 # the watchdog ends the process, and so has no event to wait for
                await asyncio.sleep(0.1)
    assert "gave this process none" in reasons[0]


@asynccontextmanager
async def watched(settings: Settings, handler: Handler, url: str | None = None) -> AsyncIterator[tuple[list[str], Consumption]]:
    """Consume and watch in this process; yields what the watchdog says, and the consumption."""
    assert settings.amqp_url
    reasons: list[str] = []
    async with (
        open_consumption(settings, STAGE, handler) as consumption,
        watching(url or settings.amqp_url.get_secret_value(), [consumption], PATIENCE, reasons.append),
    ):
        yield reasons, consumption


class Relay:
    """A way to the broker that can be closed without anybody being told."""

    def __init__(self, host: str, port: int) -> None:
        self._to = host, port
        self.open, self.passed = asyncio.Event(), asyncio.Event()
        self.open.set()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection(*self._to)
        await asyncio.gather(self._pass(reader, ours), self._pass(theirs, writer), return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await self.open.wait()
                self.passed.set()
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def relayed(settings: Settings) -> AsyncIterator[tuple[Relay, str]]:
    assert settings.amqp_url
    parts = urlsplit(settings.amqp_url.get_secret_value())
    assert parts.hostname
    assert parts.port
    relay = Relay(parts.hostname, parts.port)
    server = await asyncio.start_server(relay, HOST)
    port = server.sockets[0].getsockname()[1]
    try:
        yield relay, urlunsplit(parts._replace(netloc=parts.netloc.replace(f":{parts.port}", f":{port}")))
    finally:
        relay.open.set()
        server.close()


async def test_health_tells_an_orchestrator_what_is_wrong(settings: Settings) -> None:
    vitals = Vitals()
    assert settings.amqp_url
    with open_health(vitals, HOST, 0) as port:
        async with httpx.AsyncClient(base_url=f"http://{HOST}:{port}", trust_env=False) as client:
            assert (await client.get("/health/live")).json() == {"status": "healthy"}
            starting = await client.get("/health/ready")
            assert (starting.status_code, starting.json()["reason"]) == (503, "it is starting")

            async with open_consumption(settings, STAGE, nothing) as consumption:
                vitals.consumptions = [consumption]
                async with watching(settings.amqp_url.get_secret_value(), [consumption], PATIENCE, print) as vitals.watchdog:
                    async with asyncio.timeout(30):
                        while not (ready := await client.get("/health/ready")).is_success:  # noqa: ASYNC110 # asked as an orchestrator does
                            await asyncio.sleep(0.1)
                    assert ready.json()["stages"] == {"reason": {"in_flight": 0, "handled": 0, "paused": False}}

                    vitals.watchdog.stalled = "fm.reason holds 2 messages"
                    for path in ("live", "ready"):
                        stalled = await client.get(f"/health/{path}")
                        assert (stalled.status_code, stalled.json()["reason"]) == (503, "fm.reason holds 2 messages")

            assert "fm_stage_events_total" in (await client.get("/metrics")).text
            assert (await client.get("/anything")).status_code == 404


def test_a_metrics_port_that_is_taken_is_one_sentence() -> None:
    with (
        open_health(Vitals(), HOST, 0) as port,
        pytest.raises(SetupError, match=f"port {port}.*FM_METRICS_PORT"),
        open_health(Vitals(), HOST, port),
    ):
        pass


async def test_health_answers_while_the_loop_does_not_turn() -> None:
    async with open_pulse(600) as pulse:
        with open_health(Vitals(pulse=pulse), HOST, 0) as port:
            answer = await asyncio.to_thread(_ask, port)
            assert answer == 200
            pulse._missed = 60  # as its thread counts when no beat comes
            assert _ask(port) == 503  # from the loop's own thread, which is what keeps it from turning


def _ask(port: int) -> int:
    return httpx.get(f"http://{HOST}:{port}/health/live", trust_env=False).status_code


async def test_the_watchdog_is_told_of_what_the_broker_did_not_confirm(settings: Settings) -> None:
    told: list[tuple[str, ...]] = []
    assert settings.amqp_url
    async with open_consumption(settings, STAGE, nothing) as consumption:
        consumption.shell.observe = lambda *about, ours: told.append(about)
        async with watching(settings.amqp_url.get_secret_value(), [consumption], PATIENCE, print) as dog:
            for _ in range(3):
                consumption.shell.observe("left", None, "acme", ours=True)
            assert dog._judge._refused == 3
            consumption.shell.observe("done", None, "acme", ours=True)
            assert dog._judge._refused == 0
    assert [outcome for outcome, *_ in told] == ["left"] * 3 + ["done"]
