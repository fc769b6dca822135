"""The shell around every stage: decode, deadline, trace, run, publish with confirm, then ack; or retry; or dead letter.

The order is the guarantee: effects are durable before the next event is published, the next event is confirmed before the message is
acknowledged. A crash anywhere in between means that the message comes again, and its effects and events have the same ids.
"""

import asyncio
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog
from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractExchange, AbstractIncomingMessage
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

from faultmaven_events.consumers.stage import Handler
from faultmaven_events.errors import DeadlineExceeded, TransientError, Unavailable
from faultmaven_events.infra import metrics, telemetry
from faultmaven_events.infra.dead_letters import envelope, letter
from faultmaven_events.infra.retry import DeadLetter, Retry, decide, describe
from faultmaven_events.producers.publish import message_of, publish_confirmed
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.letter import Attempt
from faultmaven_events.schemas.registry import decode
from faultmaven_events.topology import BY_NAME, PATHS, Stage

ATTEMPTS = "fm-attempts"
"""Header: JSON list of the failed attempts so far."""

CRASH = "crash."
"""Routing key of a bare message that the broker gave up on, followed by the stage's name."""

KEPT_ATTEMPTS = 20
"""Of a message that waits long for a server, only the last attempts are kept."""

log = structlog.get_logger()


@dataclass(slots=True)
class Outlets:
    """Where a stage's messages go."""

    events: AbstractExchange
    dead: AbstractExchange
    rungs: dict[float, AbstractExchange]


@dataclass(slots=True)
class Shell:
    """One stage in one process."""

    stage: Stage
    handler: Handler
    outlets: Outlets
    consumer: str
    clean_key: bytes
    scale: float = 1.0
    in_flight: int = 0
    handled: int = 0
    progressed_at: float = field(default_factory=time.monotonic)

    async def deliver(self, message: AbstractIncomingMessage) -> None:
        """Handle one message to its end: acknowledged, sent to the retry ladder, or dead. Never raises but when cancelled."""
        self.in_flight += 1
        metrics.IN_FLIGHT.labels(self.stage.name).inc()
        try:
            try:
                await self._run(message)
            except Exception as error:  # noqa: BLE001 # the boundary: the error's type decides what becomes of the message
                await self._settle(message, error)
            else:
                metrics.HANDLED.labels(self.stage.name, "done").inc()
                self.handled += 1
            await message.ack()
        except (TransientError, AMQPError, ChannelInvalidStateError, ConnectionError, RuntimeError) as error:
            # Not confirmed, or the connection is gone: unacknowledged, the message comes again.
            log.warning("message_left_unacknowledged", stage=self.stage.name, error=type(error).__name__)
            await self._give_back(message)
        finally:
            self.in_flight -= 1
            self.progressed_at = time.monotonic()
            metrics.IN_FLIGHT.labels(self.stage.name).dec()

    async def _run(self, message: AbstractIncomingMessage) -> None:
        if (message.routing_key or "").startswith(CRASH):
            stage = (message.routing_key or "").removeprefix(CRASH)
            reason = DeadLetter("crashed", f"the consumer of {stage} ended {BY_NAME[stage].delivery_limit} times while it had this message")
            await self._send_letter(message, stage, reason, "Crash", attempts_of(message))
            return
        event = decode(message.body)
        now = datetime.now(UTC)
        waited = max(0.0, (now - event.time).total_seconds())
        metrics.WAITED.labels(self.stage.name).observe(waited)
        on_path = self.stage.name in PATHS.get(event.kind, ())
        if on_path and event.deadline is not None and event.deadline < now and self.stage.name != "record":
            raise DeadlineExceeded(f"the deadline passed {(now - event.deadline).total_seconds():.0f} s before {self.stage.name} could run")
        started = time.monotonic()
        with telemetry.stage_span(self.stage.name, event) as span:
            try:
                async with asyncio.timeout(self.stage.deadline):
                    following = await self.handler(event)
            except TimeoutError:
                raise TransientError(f"{self.stage.name} took longer than {self.stage.deadline:.0f} s") from None
            ran = time.monotonic() - started
            metrics.RAN.labels(self.stage.name).observe(ran)
            facts: dict[str, Any] = {
                "stage": self.stage.name,
                "waitedms": round(waited * 1000),
                "ranms": round(ran * 1000),
                "attempt": len(attempts_of(message)) + 1,
                "consumer": self.consumer,
                "traceparent": telemetry.traceparent(span, event.traceparent),
            }
            await self._publish([out.stamped(**facts) for out in following])

    async def _publish(self, events: Sequence[Event[Any]]) -> None:
        async with asyncio.TaskGroup() as tasks:
            for event in events:
                tasks.create_task(publish_confirmed(self.outlets.events, message_of(event), event.type))

    async def _settle(self, message: AbstractIncomingMessage, error: Exception) -> None:
        """Send a failed message to the retry ladder or to the dead letters, and wait for the broker's confirmation."""
        error = _unwrap(error)
        attempts = (*attempts_of(message), self._attempt(error))
        decision = decide(error, sum(a.code != Unavailable.code for a in attempts), self.stage.rungs, random.random())  # noqa: S311 # spreads load, guards nothing
        code = attempts[-1].code
        metrics.ERRORS.labels(self.stage.name, code).inc()
        if isinstance(decision, Retry):
            log.info(
                "retry", stage=self.stage.name, message_id=message.message_id, code=code, error=describe(error), after_s=decision.after
            )
            metrics.HANDLED.labels(self.stage.name, "retried").inc()
            again = Message(
                message.body,
                headers={ATTEMPTS: json.dumps([a.model_dump(mode="json") for a in attempts[-KEPT_ATTEMPTS:]])},
                content_type=message.content_type,
                delivery_mode=DeliveryMode.PERSISTENT,
                message_id=message.message_id,
                correlation_id=message.correlation_id,
                type=message.type,
            )
            await publish_confirmed(self.outlets.rungs[decision.after * self.scale], again, self.stage.queue)
        else:
            await self._bury(message, error, decision, attempts)

    async def _bury(self, message: AbstractIncomingMessage, error: Exception, decision: DeadLetter, attempts: Sequence[Attempt]) -> None:
        log.warning("dead_letter", stage=self.stage.name, message_id=message.message_id, code=decision.code, error=decision.message)
        metrics.HANDLED.labels(self.stage.name, "dead").inc()
        await self._send_letter(message, self.stage.name, decision, type(error).__name__, attempts)

    async def _send_letter(
        self, message: AbstractIncomingMessage, stage: str, reason: DeadLetter, error: str, attempts: Sequence[Attempt]
    ) -> None:
        dead = letter(
            message.body,
            message.routing_key or "",
            stage=stage,
            code=reason.code,
            error=error,
            message=reason.message,
            attempts=attempts,
            consumer=self.consumer,
            at=datetime.now(UTC),
            clean_key=self.clean_key,
        )
        await publish_confirmed(self.outlets.dead, message_of(envelope(dead)), f"letter.{stage}")

    def _attempt(self, error: Exception) -> Attempt:
        code = getattr(error, "code", "internal_error")
        return Attempt(
            at=datetime.now(UTC),
            code=code if isinstance(code, str) else "internal_error",
            error=type(error).__name__,
            consumer=self.consumer,
        )

    async def _give_back(self, message: AbstractIncomingMessage) -> None:
        await asyncio.sleep(1)  # a broker in trouble must not be asked again at once
        try:
            await message.reject(requeue=True)
        except (AMQPError, ChannelInvalidStateError, ConnectionError, RuntimeError):
            return  # the connection is gone; the broker gives the message to somebody by itself


def attempts_of(message: AbstractIncomingMessage) -> list[Attempt]:
    """Return the failed attempts that a message has behind it in this stage; a header that is not ours counts as none."""
    header = message.headers.get(ATTEMPTS)
    try:
        return [Attempt.model_validate(entry) for entry in json.loads(str(header))] if header else []
    except (ValueError, TypeError):
        return []


def _unwrap(error: Exception) -> Exception:
    """Return the first error of a group: a stage's tasks fail together, and one of them decides."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
