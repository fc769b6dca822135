"""The composition root of consumers: any set of stages in one process, each with a connection of its own, through FastStream."""

import asyncio
import os
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import structlog
from aio_pika.abc import AbstractConnection
from faststream.rabbit import Channel, ExchangeType, RabbitBroker, RabbitExchange

from faultmaven_events import __version__, topology
from faultmaven_events.consumers.breaker import Breaker
from faultmaven_events.consumers.consumption import Consumption, open_lanes
from faultmaven_events.consumers.discard import discard
from faultmaven_events.consumers.guard import Guard
from faultmaven_events.consumers.health import Vitals, open_health
from faultmaven_events.consumers.heartbeat import beat
from faultmaven_events.consumers.orders import Orders
from faultmaven_events.consumers.outlets import Outlets
from faultmaven_events.consumers.pulse import open_pulse
from faultmaven_events.consumers.shell import Shell
from faultmaven_events.consumers.stage import Handler, room
from faultmaven_events.consumers.watchdog import watching
from faultmaven_events.errors import SetupError, Unavailable
from faultmaven_events.infra import telemetry
from faultmaven_events.infra.blobs import open_blobs
from faultmaven_events.infra.connection import named
from faultmaven_events.infra.control import Control, open_control
from faultmaven_events.infra.declare import Plan, declare, plan, rung_name
from faultmaven_events.infra.keys import required_key
from faultmaven_events.settings import Settings
from faultmaven_events.topology import BY_NAME, Stage

log = structlog.get_logger()


@asynccontextmanager
async def open_consumption(
    settings: Settings, stage: Stage, handler: Handler, orders: Orders | None = None, wanted: Plan | None = None
) -> AsyncIterator[Consumption]:
    """Consume a stage's queues with its handler until the context ends; then finish what is in hand.

    `wanted` is declared on the broker first, by default everything that the topology names.

    Raises:
        SetupError: no broker is named, or it does not answer.
    """
    if settings.amqp_url is None:
        raise SetupError("FM_AMQP_URL is not set: name a RabbitMQ, or run `faultmaven up`, which brings one")
    orders = orders or Orders(Control(None, settings.redis_prefix))
    broker = RabbitBroker(
        named(settings.amqp_url.get_secret_value(), f"faultmaven-{stage.name}"),
        default_channel=Channel(on_return_raises=True),
        reconnect_interval=1.0,
        logger=None,
        apply_types=False,
    )
    try:
        async with asyncio.timeout(30):
            connection = await broker.connect()
    except (TimeoutError, ConnectionError, OSError) as error:
        raise SetupError(f"RabbitMQ does not answer at FM_AMQP_URL: {type(error).__name__}") from None
    async with AsyncExitStack() as stack:
        stack.push_async_callback(broker.stop)
        # On a channel of its own: an exchange object remembers the first channel that declared it.
        async with connection.channel() as channel:
            await declare(channel, wanted or plan(scale=settings.retry_scale))
        blobs = await stack.enter_async_context(open_blobs(settings))
        shell = Shell(
            stage,
            handler,
            await _outlets(broker, connection, stage, settings.retry_scale),
            consumer=f"{__version__}/{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(2)}",
            clean_key=required_key(settings, "clean"),
            orders=orders,
            discard=partial(discard, blobs),
            scale=settings.retry_scale,
        )
        consumption = Consumption(shell, await open_lanes(stage, connection))
        if stage.name not in orders.paused:
            await consumption.resume()
        stack.push_async_callback(consumption.drain)
        yield consumption


async def _outlets(broker: RabbitBroker, connection: AbstractConnection, stage: Stage, scale: float) -> Outlets:
    # A publish to an exchange that is not there costs its channel: letters have one of their own, which is opened again without asking
    # for the exchange, so that nothing else stops when somebody takes fm.dead away.
    letters = await connection.channel(publisher_confirms=True, on_return_raises=True)

    async def exchange(name: str, type_: ExchangeType) -> Any:
        return await broker.declare_exchange(RabbitExchange(name, type=type_, durable=True, declare=False))

    return Outlets(
        events=await exchange(topology.EVENTS, ExchangeType.TOPIC),
        dead=await letters.get_exchange(topology.DEAD, ensure=False),
        rungs={rung * scale: await exchange(rung_name(rung * scale), ExchangeType.FANOUT) for rung in stage.rungs},
        direct=await exchange("", ExchangeType.DIRECT),
    )


def guarded(consumption: Consumption, orders: Orders) -> Guard:
    """Put a breaker on a stage."""
    guard = Guard(consumption, orders, Breaker(scale=consumption.shell.scale))
    consumption.shell.observe = guard.observe
    return guard


@asynccontextmanager
async def open_consumers(settings: Settings, stages: Sequence[str]) -> AsyncIterator[list[Consumption]]:
    """Run a set of stages in this process until the context ends."""
    async with AsyncExitStack() as stack:
        orders = Orders(await stack.enter_async_context(open_control(settings)))
        try:
            await orders.look()
        except Unavailable as error:
            log.info("orders_unknown", error=str(error))
        consumptions: list[Consumption] = []
        for name in stages:
            handler = await stack.enter_async_context(room(name)(settings))
            consumptions.append(await stack.enter_async_context(open_consumption(settings, BY_NAME[name], handler, orders)))

        guards = [guarded(each, orders) for each in consumptions]

        async def obey() -> None:
            for guard in guards:
                await guard.obey()

        for work in (beat(settings, consumptions), orders.follow(obey)):
            stack.callback(asyncio.create_task(work).cancel)
        try:
            yield consumptions
        finally:
            await asyncio.gather(*(each.drain() for each in consumptions))  # at once: they share one grace period


async def consume(settings: Settings, stages: Sequence[str]) -> None:
    """Run a set of stages until SIGTERM or Ctrl-C, then finish what is in hand.

    Raises:
        SetupError: an unknown stage, or a server or key that is missing.
    """
    unknown = sorted(set(stages) - set(BY_NAME))
    if unknown:
        raise SetupError(f"no such stage: {', '.join(unknown)}; there are {', '.join(BY_NAME)}")
    telemetry.configure_logs(settings)
    telemetry.configure_traces(settings, "+".join(stages))
    os.nice(settings.nice)  # before any worker process starts, so that they inherit it
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with alive(settings, stages):
        log.info("consuming", stages=list(stages), version=__version__)
        await stop.wait()
        log.info("stopping", stages=list(stages))


@asynccontextmanager
async def alive(settings: Settings, stages: Sequence[str]) -> AsyncIterator[list[Consumption]]:
    """Run a set of stages under the eyes of a watchdog, which ends this process when it makes no progress although work waits."""
    assert settings.amqp_url  # for mypy: no stage opens without
    vitals = Vitals()
    async with AsyncExitStack() as stack:
        if settings.metrics_port:
            stack.enter_context(open_health(vitals, settings.host, settings.metrics_port))
        consumptions = await stack.enter_async_context(open_consumers(settings, stages))
        vitals.consumptions = consumptions
        # After opening: loading models may block the loop.
        vitals.pulse = await stack.enter_async_context(open_pulse(settings.stall_s))
        url = settings.amqp_url.get_secret_value()
        vitals.watchdog = await stack.enter_async_context(watching(url, consumptions, settings.stall_s))
        yield consumptions
