"""What the shell does to one event, piece by piece, without a broker: microseconds each, the best of many repetitions."""

import os
import timeit
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from bench.chain.event import DATA, submitted
from faultmaven_events.infra import telemetry, written
from faultmaven_events.infra.dead_letters import envelope, letter
from faultmaven_events.producers.publish import message_of
from faultmaven_events.schemas.event import Event, derive
from faultmaven_events.schemas.letter import Attempt
from faultmaven_events.schemas.registry import decode

FACTS: dict[str, Any] = {
    "stage": "classify",
    "waitedms": 12,
    "ranms": 3,
    "attempt": 1,
    "consumer": "0.1.0/consumer-7d9f:42:a1b2",
    "inputhash": "0" * 64,
    "datahash": "1" * 64,
}


def pieces(size: int) -> dict[str, Callable[[], object]]:
    """Return what is measured, by name."""
    body = submitted(size).encode()
    event = decode(body)
    following: Event[Any] = event.follow("classify", "classified", DATA["classified"])
    stamped = following.stamped(**FACTS)
    wire, foreign = stamped.encode(), b" " + body.replace(b'"type":', b'"\\u0074ype":', 1)

    def span() -> None:
        with telemetry.stage_span("classify", event) as found, written.Collecting() as notes:
            telemetry.traceparent(found, event.traceparent)
            written.summary(notes)

    return {
        f"decode and validate, {len(body)} bytes": lambda: decode(body),
        f"decode and validate, {len(wire)} bytes": lambda: decode(wire),
        "the same in two passes, when the type is hidden": lambda: decode(foreign),
        "derive an id": lambda: derive(event.id, "classify/0"),
        "follow": lambda: event.follow("classify", "classified", DATA["classified"]),
        "hash the data": following.digest,
        "stamp the hop's facts": lambda: following.stamped(**FACTS),
        "encode": stamped.encode,
        "make the message, encoding included": lambda: message_of(stamped),
        "span and notes, untraced": span,
        "dead letter, readable": lambda: _letter(wire),
        "dead letter, sealed": lambda: _letter(body),
    }


def _letter(body: bytes) -> object:
    now = datetime.now(UTC)
    attempt = Attempt(at=now, code="internal_error", error="ValueError", consumer="bench")
    dead = letter(
        body,
        "ingest.classified.v1",
        stage="sanitize",
        code="internal_error",
        error="ValueError",
        message="gave up after 4 attempts: unexpected ValueError",
        attempts=[attempt] * 4,
        consumer="bench",
        at=now,
        clean_key=KEY,
        queue="fm.sanitize",
    )
    return message_of(envelope(dead))


KEY = os.urandom(32)


def lines(size: int, number: int = 2000) -> Iterator[str]:
    """Measure, and yield a line for each piece."""
    for name, call in pieces(size).items():
        best = min(timeit.repeat(call, number=number, repeat=7)) / number * 1e6
        yield f"{name:<52} {best:>7.1f} µs"
