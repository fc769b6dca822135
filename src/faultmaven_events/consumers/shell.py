"""The shell around every stage: decode, deadline, trace, run, publish with confirm, then ack; or retry; or dead letter.

The order is the guarantee: effects are durable before the next event is published, the next event is confirmed before the message is
acknowledged. A crash anywhere in between means that the message comes again, and its effects and events have the same ids.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

from faultmaven_events.consumers.acks import Acks
from faultmaven_events.consumers.attempts import BEHIND, again, attempt, attempts_of
from faultmaven_events.consumers.delay import delayed
from faultmaven_events.consumers.fairness import Share
from faultmaven_events.consumers.orders import Orders
from faultmaven_events.consumers.outlets import Outlets
from faultmaven_events.consumers.stage import Handler
from faultmaven_events.errors import DeadlineExceeded, Throttled, TransientError, Unavailable
from faultmaven_events.infra import metrics, telemetry, written
from faultmaven_events.infra.dead_letters import envelope, letter
from faultmaven_events.infra.retry import DeadLetter, Retry, decide, describe
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.letter import Attempt
from faultmaven_events.schemas.registry import decode
from faultmaven_events.topology import BY_NAME, GIVES, Lane, Stage, is_step

CRASH = "crash."
"""Routing key of a bare message that the broker gave up on, followed by the stage's name."""

PATIENCE = (0.5, 5.0)
"""Seconds before a publish is tried again, at first and at most."""

SEVERAL = 3
"""Events about other jobs that follow from one event; more are those of an archive, one for each of its files, or of many questions."""

Discard = Callable[[Event[Any]], Awaitable[None]]
"""Frees what an unwanted event holds."""


class Observe(Protocol):
    """Told how each message ended: the breaker's eyes."""

    def __call__(self, outcome: str, code: str | None, tenant: str, *, ours: bool) -> None:
        """`code` of its error; `ours`: whether our own code published the message."""


log = structlog.get_logger()


@dataclass(slots=True)
class Delivery:
    """One message in hand, and what is known of it so far."""

    message: AbstractIncomingMessage
    lane: Lane
    event: Event[Any] | None = None
    started: float = field(default_factory=time.monotonic)


@dataclass(slots=True)
class Shell:
    """One stage in one process; its lanes share it."""

    stage: Stage
    handler: Handler
    outlets: Outlets
    consumer: str
    clean_key: bytes
    orders: Orders
    discard: Discard
    observe: Observe | None = None
    scale: float = 1.0
    share: Share = field(init=False)
    acks: dict[str, Acks] = field(init=False)
    deliveries: dict[int, Delivery] = field(default_factory=dict)
    handled: int = 0
    progressed_at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.share = Share(self.stage)
        self.acks = {lane.name: Acks() for lane in self.stage.lanes}

    @property
    def in_flight(self) -> int:
        """Messages in hand."""
        return len(self.deliveries)

    async def deliver(self, message: AbstractIncomingMessage, lane: Lane) -> None:
        """Handle one message to its end: acknowledged, sent to the retry ladder, or dead. Never raises but when cancelled."""
        delivery = Delivery(message, lane)
        self.deliveries[id(delivery)] = delivery
        outcome, code = "done", None
        try:
            try:
                outcome = await self._handle(delivery)
            except Exception as error:  # noqa: BLE001 # the boundary: the error's type decides what becomes of the message
                outcome, code = await self._settle(delivery, error)
            await self.acks[lane.name].ack(message)
        except (TransientError, AMQPError, ChannelInvalidStateError, ConnectionError, RuntimeError) as error:
            # Not confirmed, or the connection is gone: unacknowledged, the message comes again.
            outcome = "left"
            log.warning("message_left_unacknowledged", stage=self.stage.name, error=type(error).__name__)
            await self._give_back(delivery)
        finally:
            del self.deliveries[id(delivery)]
            self.handled += outcome == "done"
            self.progressed_at = time.monotonic()
            metrics.handled(self.stage.name, outcome).inc()
            self._observed(outcome, code, delivery)

    def _observed(self, outcome: str, code: str | None, delivery: Delivery) -> None:
        if self.observe is not None:
            tenant = delivery.event.tenantid if delivery.event else ""
            self.observe(outcome, code, tenant, ours=delivery.message.app_id == "faultmaven")

    async def _handle(self, delivery: Delivery) -> str:
        message, lane = delivery.message, delivery.lane
        if (message.routing_key or "").startswith(CRASH):
            await self._bury_crashed(delivery)
            return "done"
        delivery.event = event = decode(message.body)
        now = datetime.now(UTC)
        waited = max(0.0, (now - event.time).total_seconds())
        if self.stage.name not in {"record", "bury"} and self.orders.unwanted(event):
            await self.discard(event)
            return "dropped"
        if self.stage.crowd is not None and self.share.crowds(event, lane, waited):
            moved, crowd = again(message, attempts_of(message)), self.stage.queue(self.stage.crowd)
            await self._send(delivery, lambda: self.outlets.move(moved, crowd))
            return "moved"
        metrics.waited(self.stage.name).observe(waited)
        if event.deadline is not None and event.deadline < now and self.stage.name != "record" and is_step(self.stage.name, event.type):
            raise DeadlineExceeded(f"the deadline passed {(now - event.deadline).total_seconds():.0f} s before {self.stage.name} could run")
        with self.share.holding(event.tenantid, lane):
            await self._run(delivery, event, waited)
        return "done"

    async def _run(self, delivery: Delivery, event: Event[Any], waited: float) -> None:
        started = time.monotonic()
        BEHIND.set(tuple(attempts_of(delivery.message)))  # each delivery is a task of its own
        with telemetry.stage_span(self.stage.name, event) as span, written.Collecting() as notes:
            try:
                async with asyncio.timeout(self.stage.deadline):
                    following = await self.handler(event)
            except TimeoutError:
                raise TransientError(f"{self.stage.name} took longer than {self.stage.deadline:.0f} s") from None
            ran = time.monotonic() - started
            metrics.ran(self.stage.name).observe(ran)
            if not following:
                return
            facts: dict[str, Any] = {
                "stage": self.stage.name,
                "waitedms": round(waited * 1000),
                "ranms": round(ran * 1000),
                "attempt": len(attempts_of(delivery.message)) + 1,
                "consumer": self.consumer,
                "traceparent": telemetry.traceparent(span, event.traceparent),
                "inputhash": event.digest(),
                "stores": written.summary(notes),
            }
            beside = {"traceparent": facts["traceparent"]}  # another job's first event, a phase, points: they are no run of this stage
            gives = GIVES[self.stage.name]
            told = [out.stamped(**{**(facts if out.state == gives else beside), **_said(out)}, datahash=out.digest()) for out in following]
            others = sum(out.subject != event.subject for out in told)
            await self._send(delivery, lambda: self.outlets.publish(told), makes_way=others > SEVERAL)

    async def _send(self, delivery: Delivery, publish: Callable[[], Awaitable[None]], *, makes_way: bool = False) -> None:
        """Publish until the broker confirms it, for as long as the message is ours.

        To give the message back would count as a delivery, and the broker gives up on a message after some of those: a full queue, an
        alarm or a missing exchange must not make dead letters of messages that nothing is wrong with. One that `makes_way` goes to the
        retry ladder instead where a queue is full: what it publishes may be meant for the very queue that nobody works off while it waits.
        """
        pause = PATIENCE[0]
        while True:
            try:
                await publish()
            except TransientError as error:
                if delivery.message.channel.is_closed:
                    raise
                if makes_way and isinstance(error, Throttled):
                    raise Unavailable("a queue is full: the files of the archive are published later") from error
                log.warning("publish_tried_again", stage=self.stage.name, error=str(error), after_s=pause)
                self._observed("left", None, delivery)
                await asyncio.sleep(pause)
                pause = min(2 * pause, PATIENCE[1])
                delivery.started = time.monotonic()  # the stage has done its part
            else:
                return

    async def _settle(self, delivery: Delivery, error: Exception) -> tuple[str, str]:
        """Send a failed message to the retry ladder or to the dead letters, and wait for the broker's confirmation."""
        error, message = _unwrap(error), delivery.message
        attempts = (*attempts_of(message), attempt(error, self.consumer, datetime.now(UTC)))
        decision = decide(error, sum(a.code != Unavailable.code for a in attempts), self.stage.rungs, random.random())  # noqa: S311 # spreads load, guards nothing
        code = attempts[-1].code
        metrics.ERRORS.labels(self.stage.name, code).inc()
        name = type(error).__name__
        if isinstance(decision, DeadLetter):
            log.warning("dead_letter", stage=self.stage.name, message_id=message.message_id, code=decision.code, error=decision.message)
            await self._send_letter(delivery, self.stage.name, decision, name, attempts, queue=self.stage.queue(delivery.lane))
            return "dead", decision.code
        log.info("retry", stage=self.stage.name, message_id=message.message_id, code=code, error=describe(error), after_s=decision.after)
        later, queue = again(message, attempts), self.stage.queue(delivery.lane)
        await self._send(delivery, lambda: self.outlets.delay(later, queue, decision.after * self.scale))
        await self._tell_delay(delivery.event, error, decision, attempts)
        return "retried", code

    async def _tell_delay(self, event: Event[Any] | None, error: Exception, decision: Retry, attempts: Sequence[Attempt]) -> None:
        """Let people see that the job waits, and why. What it says is no more than an announcement: it may get lost."""
        note = delayed(event, self.stage.name, attempts, describe(error), decision.after * self.scale) if event else None
        if note is not None:
            try:
                await self.outlets.publish([note])
            except TransientError:
                log.info("delay_not_told", stage=self.stage.name)

    async def _bury_crashed(self, delivery: Delivery) -> None:
        stage = (delivery.message.routing_key or "").removeprefix(CRASH)
        reason = DeadLetter("crashed", f"the consumer of {stage} ended {BY_NAME[stage].delivery_limit} times while it had this message")
        await self._send_letter(delivery, stage, reason, "Crash", attempts_of(delivery.message))

    async def _send_letter(
        self, delivery: Delivery, stage: str, reason: DeadLetter, error: str, attempts: Sequence[Attempt], *, queue: str = ""
    ) -> None:
        dead = letter(
            delivery.message.body,
            delivery.message.routing_key or "",
            stage=stage,
            code=reason.code,
            error=error,
            message=reason.message,
            attempts=attempts,
            consumer=self.consumer,
            at=datetime.now(UTC),
            clean_key=self.clean_key,
            queue=queue,
        )
        told = envelope(dead)
        await self._send(delivery, lambda: self.outlets.bury(told, stage))

    async def _give_back(self, delivery: Delivery) -> None:
        await asyncio.sleep(1)  # a broker in trouble must not be asked again at once
        try:
            await delivery.message.reject(requeue=True)
            self.acks[delivery.lane.name].passed(delivery.message)
        except (AMQPError, ChannelInvalidStateError, ConnectionError, RuntimeError):
            return  # the connection is gone; the broker gives the message to somebody by itself


def _said(out: Event[Any]) -> dict[str, Any]:
    """Return what a stage itself said of its hop: a question may go on while the last piece of its evidence is in hand."""
    return {name: value for name in ("waitedms", "inputhash") if (value := getattr(out, name)) is not None}


def _unwrap(error: Exception) -> Exception:
    """Return the first error of a group: a stage's tasks fail together, and one of them decides."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
