"""Publishing events: persistent, routed, confirmed; or an error that says it did not happen."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast
from weakref import WeakKeyDictionary

import aiormq
import structlog
from aio_pika import DeliveryMode, Exchange, Message
from aio_pika.abc import AbstractExchange
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, DeliveryError
from aio_pika.robust_connection import RobustConnection

from faultmaven_events import topology
from faultmaven_events.errors import SetupError, Throttled, Unavailable
from faultmaven_events.infra.connection import connected
from faultmaven_events.infra.declare import declare, plan
from faultmaven_events.infra.depths import depths
from faultmaven_events.schemas.event import MEDIA_TYPE, Event
from faultmaven_events.settings import Settings

CONFIRM_TIMEOUT = 10.0
"""Seconds to wait for the broker's confirmation."""

UNCONFIRMED = 500
"""Publications of one channel that the broker may leave unconfirmed before each next one waits until the socket takes it, one by one.

Below it they need not: the confirmation says more, and publications side by side leave in one write. But what a broker in alarm does not
read must not pile up in this process.
"""

_PERSISTENT = int(DeliveryMode.PERSISTENT)
_CHANNELS: WeakKeyDictionary[Exchange, aiormq.Channel] = WeakKeyDictionary()

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Parcel:
    """An AMQP message to publish: what `aio_pika.Message` is, without its checks, which cost as much as encoding the event."""

    body: bytes
    properties: aiormq.spec.Basic.Properties


async def publish_confirmed(exchange: AbstractExchange, message: Parcel | Message, routing_key: str) -> None:
    """Publish one message and wait until the broker has it on disk.

    Raises:
        Throttled: the broker refused it, because a bounded queue is full.
        Unavailable: it was not confirmed; it may or may not have arrived.
    """
    try:
        channel = await _channel(cast("Exchange", exchange))
        await channel.basic_publish(
            message.body,
            exchange=exchange.name,
            routing_key=routing_key,
            properties=message.properties,
            mandatory=True,
            timeout=CONFIRM_TIMEOUT,
            wait=len(channel.confirmations) > UNCONFIRMED,
        )
    except DeliveryError as error:
        raise Throttled("the broker refused a message: a queue is full, or nothing is bound", after=5) from error
    except (TimeoutError, AMQPError, ChannelInvalidStateError, ConnectionError, RuntimeError) as error:
        raise Unavailable(f"the broker did not confirm a message: {type(error).__name__}") from error


async def _channel(exchange: Exchange) -> aiormq.Channel:
    """Return the open channel under an exchange; aio-pika itself waits without end while the connection is away."""
    known = _CHANNELS.get(exchange)
    if known is None or known.is_closed:
        async with asyncio.timeout(CONFIRM_TIMEOUT):
            known = _CHANNELS[exchange] = cast("aiormq.Channel", await exchange.channel.get_underlay_channel())
    return known


def message_of(event: Event[Any]) -> Parcel:
    """Return the AMQP message of an event."""
    properties = aiormq.spec.Basic.Properties(
        content_type=MEDIA_TYPE,
        delivery_mode=_PERSISTENT,
        message_id=str(event.id),
        correlation_id=event.correlationid,
        message_type=event.type,
        app_id="faultmaven",
    )
    return Parcel(event.encode(), properties)


class Publisher:
    """Publishes to `fm.events`. Safe to share between tasks; comes back by itself after the broker was away."""

    def __init__(self) -> None:
        self._exchange: AbstractExchange | None = None
        self._connection: RobustConnection | None = None

    @property
    def connected(self) -> bool:
        """Whether a publish has a chance now."""
        return self._exchange is not None and self._connection is not None and self._connection.connected.is_set()

    async def publish(self, event: Event[Any]) -> None:
        """Publish an event under its type as routing key; raises as `publish_confirmed` does."""
        if self._exchange is None:
            raise Unavailable("the broker is not connected yet")
        await publish_confirmed(self._exchange, message_of(event), event.type)

    async def depths(self, queues: Sequence[str]) -> dict[str, int]:
        """Return how many messages wait in each queue; raises Unavailable."""
        if self._connection is None:
            raise Unavailable("the broker is not connected yet")
        return await depths(self._connection, queues)

    async def connect(self, url: str, *, scale: float = 1.0) -> None:
        """Connect and declare the topology; tries until the broker is there."""
        delay = 0.5
        while True:
            connection: RobustConnection | None = None
            try:
                connection = await connected(url, "faultmaven-publisher", 10)
                channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
                await declare(channel, plan(scale=scale))
                self._exchange = await channel.get_exchange(topology.EVENTS)
            except BaseException as error:
                if connection is not None:
                    await connection.close()
                if not isinstance(error, (AMQPError, OSError, TimeoutError)):
                    raise
                log.warning("broker_unreachable", error=type(error).__name__, retry_s=delay)
                await asyncio.sleep(delay)
                delay = min(delay * 2, 10)
            else:
                self._connection = connection
                return

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()


@asynccontextmanager
async def open_publisher(settings: Settings, *, wait: bool = True) -> AsyncIterator[Publisher]:
    """Open a publisher. With `wait=False` it connects in the background, and refuses to publish until it has.

    Raises:
        SetupError: FM_AMQP_URL is not set.
    """
    if settings.amqp_url is None:
        raise SetupError("FM_AMQP_URL is not set: name a RabbitMQ, or run `faultmaven up`, which brings one")
    publisher = Publisher()
    opening = publisher.connect(settings.amqp_url.get_secret_value(), scale=settings.retry_scale)
    connecting = asyncio.create_task(opening if wait else _logged(opening))
    try:
        if wait:
            await connecting
        yield publisher
    finally:
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)
        await publisher.close()


async def _logged(opening: Coroutine[None, None, None]) -> None:
    """Say why a connection in the background will not come; until a person has mended it, nothing can be published."""
    try:
        await opening
    except SetupError as error:
        log.error("broker_unusable", error=str(error))  # noqa: TRY400 # one sentence for a person, no stack
