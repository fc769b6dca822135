"""The composition root of consumers: any set of stages in one process, each with its own connection, through FastStream."""

import asyncio
import json
import os
import secrets
import signal
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import structlog
from aio_pika.abc import AbstractIncomingMessage
from faststream import AckPolicy
from faststream.rabbit import Channel, ExchangeType, QueueType, RabbitBroker, RabbitExchange, RabbitQueue
from prometheus_client import start_http_server
from redis.asyncio import Redis
from redis.exceptions import RedisError

from faultmaven_events import __version__, topology
from faultmaven_events.consumers.shell import Outlets, Shell
from faultmaven_events.consumers.stage import Handler, room
from faultmaven_events.errors import SetupError
from faultmaven_events.infra import telemetry
from faultmaven_events.infra.declare import declare, plan, rung_name
from faultmaven_events.infra.keys import required_key
from faultmaven_events.producers.publish import named
from faultmaven_events.settings import Settings
from faultmaven_events.topology import BY_NAME, Stage

GRACE = 20.0
"""Seconds that a stopping process gives to what it has in its hands."""

BEAT, BEAT_TTL = 3.0, 12
"""Seconds between heartbeats, and until a silent consumer counts as gone."""

log = structlog.get_logger()


async def _as_it_is(message: Any) -> Any:
    """FastStream's decoder: hand the message on undecoded; the shell decodes once, and decides what a failure means."""
    return message


@asynccontextmanager
async def open_shell(settings: Settings, stage: Stage, handler: Handler) -> AsyncIterator[Shell]:
    """Consume a stage's queue with its handler until the context ends; then finish what is in hand.

    Raises:
        SetupError: no broker is named, or it does not answer.
    """
    if settings.amqp_url is None:
        raise SetupError("FM_AMQP_URL is not set: name a RabbitMQ, or run `faultmaven up`, which brings one")
    instance = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(2)}"
    confirmed = Channel(on_return_raises=True)
    broker = RabbitBroker(
        named(settings.amqp_url.get_secret_value(), f"faultmaven-{stage.name}"),
        default_channel=confirmed,
        graceful_timeout=GRACE,
        reconnect_interval=1.0,
        logger=None,
        apply_types=False,
    )
    try:
        async with asyncio.timeout(30):
            connection = await broker.connect()
    except (TimeoutError, ConnectionError, OSError) as error:
        raise SetupError(f"RabbitMQ does not answer at FM_AMQP_URL: {type(error).__name__}") from None
    try:
        # On a channel of its own: an exchange object remembers the first channel that declared it.
        async with connection.channel() as channel:
            await declare(channel, plan(scale=settings.retry_scale))
        outlets = await _outlets(broker, stage, settings.retry_scale)
        shell = Shell(stage, handler, outlets, f"{__version__}/{instance}", required_key(settings, "clean"), settings.retry_scale)

        async def deliver(message: Any) -> None:
            raw: AbstractIncomingMessage = message.raw_message
            await shell.deliver(raw)

        broker.subscriber(
            RabbitQueue(stage.queue, queue_type=QueueType.QUORUM, declare=False),
            channel=Channel(prefetch_count=stage.prefetch, on_return_raises=True),
            ack_policy=AckPolicy.MANUAL,
            decoder=_as_it_is,
            no_reply=True,
        )(deliver)
        await broker.start()
        yield shell
    finally:
        await broker.stop()


async def _outlets(broker: RabbitBroker, stage: Stage, scale: float) -> Outlets:
    async def exchange(name: str, type_: ExchangeType) -> Any:
        return await broker.declare_exchange(RabbitExchange(name, type=type_, durable=True, declare=False))

    return Outlets(
        events=await exchange(topology.EVENTS, ExchangeType.TOPIC),
        dead=await exchange(topology.DEAD, ExchangeType.TOPIC),
        rungs={rung * scale: await exchange(rung_name(rung * scale), ExchangeType.FANOUT) for rung in stage.rungs},
    )


async def _beat(settings: Settings, shells: Sequence[Shell]) -> None:
    """Tell Redis that the stages live and when they last made progress. Redis is never truth: without it nothing else changes."""
    if settings.redis_url is None:
        return
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        while True:
            with suppress(RedisError, OSError):
                for shell in shells:
                    idle = round(time.monotonic() - shell.progressed_at, 1)
                    facts = {
                        "version": __version__,
                        "pid": os.getpid(),
                        "in_flight": shell.in_flight,
                        "handled": shell.handled,
                        "idle_s": idle,
                    }
                    key = f"{settings.redis_prefix}:consumer:{shell.stage.name}:{shell.consumer}"
                    await redis.set(key, json.dumps(facts), ex=BEAT_TTL)
            await asyncio.sleep(BEAT)


@asynccontextmanager
async def open_consumers(settings: Settings, stages: Sequence[str]) -> AsyncIterator[list[Shell]]:
    """Run a set of stages in this process until the context ends."""
    async with AsyncExitStack() as stack:
        shells = []
        for name in stages:
            handler = await stack.enter_async_context(room(name)(settings))
            shells.append(await stack.enter_async_context(open_shell(settings, BY_NAME[name], handler)))
        beating = asyncio.create_task(_beat(settings, shells))
        stack.callback(beating.cancel)
        yield shells


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
    if settings.metrics_port:
        start_http_server(settings.metrics_port, addr=settings.host)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_consumers(settings, stages):
        log.info("consuming", stages=list(stages), version=__version__)
        await stop.wait()
        log.info("stopping", stages=list(stages))
