"""A copy of every message that anybody publishes in a vhost, through whatever exchange: RabbitMQ's firehose (https://www.rabbitmq.com/docs/firehose)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import UUID

import aio_pika
import httpx
from aio_pika.abc import AbstractIncomingMessage
from pydantic_core import from_json

PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Copy:
    """One published message; `headers` are those of the firehose: exchange_name, routing_keys, properties."""

    exchange: str
    body: bytes
    headers: dict[str, Any]

    @property
    def event(self) -> dict[str, Any]:
        """The event in it; empty when it holds none."""
        try:
            found = from_json(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


@dataclass
class Wiretap:
    """What was published so far, in the order in which it came."""

    copies: list[Copy] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def hear(self, message: AbstractIncomingMessage) -> None:
        async with self._news:
            headers = dict(message.headers)
            self.copies.append(Copy(str(headers.get("exchange_name", "")), message.body, headers))
            self._news.notify_all()

    def of(self, subject: UUID | str, type_: str | None = None, exchange: str | None = None) -> list[dict[str, Any]]:
        """Return the events about a job."""
        found = [copy.event for copy in self.copies if exchange in {None, copy.exchange}]
        return [event for event in found if event.get("subject") == str(subject) and type_ in {None, event.get("type")}]

    async def until(self, condition: Callable[[], object]) -> None:
        """Return as soon as a condition on what was published holds."""
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(lambda: bool(condition()))


@asynccontextmanager
async def open_wiretap(management: str, amqp: str, vhost: str) -> AsyncIterator[Wiretap]:
    """Listen to a vhost until the end of the block."""
    async with httpx.AsyncClient(base_url=management, trust_env=False, timeout=30) as client:
        (await client.put(f"/api/vhosts/{quote(vhost, safe='')}", json={"tracing": True})).raise_for_status()
    tap = Wiretap()
    async with await aio_pika.connect(amqp) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("", exclusive=True)
        await queue.bind("amq.rabbitmq.trace", "publish.#")
        await queue.consume(tap.hear, no_ack=True)
        yield tap
