"""The broker's objects, derived from the topology: as data to show and check, and declared through aio-pika."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import ChannelPreconditionFailed

from faultmaven_events import topology
from faultmaven_events.errors import SetupError
from faultmaven_events.topology import STAGES, Stage

Arguments = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Exchange:
    """An exchange to declare."""

    name: str
    type: ExchangeType
    arguments: Arguments = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Queue:
    """A durable quorum queue to declare, with its bindings as (exchange, routing pattern)."""

    name: str
    arguments: Arguments
    bindings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that the broker must hold, in the order in which it is declared: letters' queues before what feeds them."""

    exchanges: tuple[Exchange, ...]
    queues: tuple[Queue, ...]
    retired: tuple[tuple[str, str, str], ...] = ()
    """Bindings to take away: (queue, exchange, pattern)."""


def rung_name(delay: float) -> str:
    """Return the name of the exchange and queue of one delay in seconds, for example `fm.retry.15s`."""
    text = f"{delay / 60:g}m" if delay >= 60 and delay % 60 == 0 else f"{delay:g}s" if delay >= 1 else f"{delay * 1000:g}ms"
    return f"{topology.RETRY}.{text}"


_KEPT: Arguments = {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000}
"""Queues that people look into: RabbitMQ 4 drops what was looked at 20 times unless told otherwise, and 3.x knows no "never"."""


def _quorum(stage: Stage) -> Arguments:
    key = f"letter.{stage.name}" if stage.source == topology.DEAD else f"crash.{stage.name}"
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": stage.delivery_limit,
        "x-max-length": stage.max_length,
        "x-overflow": "reject-publish",
        "x-dead-letter-exchange": topology.DEAD,
        "x-dead-letter-routing-key": key,
        "x-dead-letter-strategy": "at-least-once",
    }


def plan(stages: Sequence[Stage] = STAGES, *, scale: float = 1.0) -> Plan:
    """Derive the broker's objects. `scale` multiplies the retry delays."""
    delays = sorted({delay * scale for stage in stages for delay in stage.rungs})
    exchanges = (
        Exchange(topology.UNROUTABLE, ExchangeType.FANOUT),
        Exchange(topology.EVENTS, ExchangeType.TOPIC, {"alternate-exchange": topology.UNROUTABLE}),
        Exchange(topology.DEAD, ExchangeType.TOPIC),
        *(Exchange(rung_name(delay), ExchangeType.FANOUT) for delay in delays),
    )
    queues = tuple(_queues(stages, delays))
    names = {queue.name for queue in queues}
    return Plan(exchanges, queues, tuple(binding for binding in topology.RETIRED if binding[0] in names))


def _queues(stages: Sequence[Stage], delays: Sequence[float]) -> Iterator[Queue]:
    for stage in stages:
        yield Queue(stage.dead_queue, dict(_KEPT), ((topology.DEAD, f"letter.{stage.name}"),))
    yield Queue(topology.UNROUTABLE, {**_KEPT, "x-max-length": 100_000}, ((topology.UNROUTABLE, ""),))
    for stage in stages:
        for lane in stage.lanes:
            yield Queue(stage.queue(lane), _quorum(stage), tuple((stage.source, pattern) for pattern in lane.takes))
    for delay in delays:
        # The routing key of a message in here is its stage's queue: when its time is over, the default exchange takes it back there.
        arguments = {
            "x-queue-type": "quorum",
            "x-message-ttl": round(delay * 1000),
            "x-dead-letter-exchange": "",
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        }
        yield Queue(rung_name(delay), arguments, ((rung_name(delay), ""),))


async def declare(channel: AbstractChannel, wanted: Plan) -> None:
    """Declare exchanges, queues and bindings; what exists with equal arguments stays as it is.

    Raises:
        SetupError: one exists with other arguments, as after a change of version; a broker cannot change them.
    """
    name = ""
    try:
        for exchange in wanted.exchanges:
            name = exchange.name
            await channel.declare_exchange(name, exchange.type, durable=True, arguments=exchange.arguments or None)
        for queue in wanted.queues:
            name = queue.name
            declared = await channel.declare_queue(name, durable=True, arguments=queue.arguments)
            for source, pattern in queue.bindings:
                await declared.bind(source, routing_key=pattern)
        for name, source, pattern in wanted.retired:
            await (await channel.get_queue(name, ensure=False)).unbind(source, routing_key=pattern)
    except ChannelPreconditionFailed:
        raise SetupError(
            f"{name} exists on the broker with other arguments: let it run empty and delete it (`rabbitmqctl delete_queue {name}`, or the "
            "dashboard), then start again"
        ) from None
