"""Handing parcels in, over HTTP and straight onto the broker, as a patient client does: refused, it waits and comes again."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

import aio_pika
import aiohttp
from aio_pika.abc import AbstractConnection, AbstractExchange
from aio_pika.connection import make_url
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

from faultmaven_events.schemas.event import MEDIA_TYPE
from faultmaven_events.topology import EVENTS
from faults.accounts import Accounts
from faults.content import Parcel

PATIENCE_S: Final = 150.0
"""How long a client tries before the suite calls it a failure."""
_AWAY: Final = (AMQPError, ChannelInvalidStateError, ConnectionError, TimeoutError, RuntimeError)


class Counter:
    """Where parcels are handed in."""

    def __init__(self, http: aiohttp.ClientSession, api_url: str, amqp_url: str) -> None:
        self._http, self._api_url, self._amqp_url = http, api_url, amqp_url
        self._connection: AbstractConnection | None = None
        self._exchange: AbstractExchange | None = None
        self._connecting = asyncio.Lock()

    async def hand_in(self, parcel: Parcel, accounts: Accounts) -> list[UUID]:
        """Hand in one parcel; returns its jobs once they are accepted.

        Raises:
            TimeoutError: refused for longer than anybody's patience.
        """
        correlation = accounts.correlation()
        ids = await (self._over_http(parcel, correlation, accounts) if parcel.way == "http" else self._over_amqp(parcel, correlation))
        accounts.accepted |= dict.fromkeys(ids, parcel.key)
        return ids

    async def _over_http(self, parcel: Parcel, correlation: str, accounts: Accounts) -> list[UUID]:
        headers = {"X-Tenant-Id": parcel.key, "X-Correlation-Id": correlation}
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            try:
                url = f"{self._api_url}{_PATHS[parcel.kind]}"
                timeout = aiohttp.ClientTimeout(30)
                async with self._http.post(url, data=_form(parcel), headers=headers, timeout=timeout) as answer:
                    if answer.status == 202:
                        body = await answer.json()
                        return [UUID(body["job_id"]), *(UUID(each["job_id"]) for each in body.get("evidence", ()))]
                    if answer.status not in {429, 503, 507}:
                        raise RuntimeError(f"the door answered {answer.status}: {(await answer.text())[:300]}")
                    accounts.refused += 1
                    await asyncio.sleep(min(5.0, float(answer.headers.get("Retry-After", "1"))))
            except (aiohttp.ClientError, TimeoutError, ConnectionError):
                accounts.broken_off += 1
                await asyncio.sleep(0.5)
        raise TimeoutError(f"{parcel.key} was refused for {PATIENCE_S:.0f} s")

    async def _over_amqp(self, parcel: Parcel, correlation: str) -> list[UUID]:
        events = events_of(parcel, correlation)
        for event in events:
            await self.publish(event)
        return [UUID(event["subject"]) for event in events]

    async def publish(self, event: dict[str, Any], key: str | None = None) -> None:
        """Publish one event until it is confirmed: the same one again, whatever happened to the first."""
        await self.send(encoded(event), key or event["type"])

    async def send(self, body: bytes, key: str) -> None:
        """Publish bytes until they are confirmed."""
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                async with asyncio.timeout(10):
                    await (await self._events()).publish(message_of(body), key, mandatory=True)
                    return
            except _AWAY:
                if time.monotonic() > end:
                    raise
                await self._reset()
                await asyncio.sleep(0.5)

    async def _events(self) -> AbstractExchange:
        async with self._connecting:
            if self._exchange is None:
                # Made and opened in two steps, so that one which fails half-way is closed all the same.
                self._connection = aio_pika.Connection(make_url(self._amqp_url))
                await self._connection.connect(timeout=8)
                channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
                self._exchange = await channel.get_exchange(EVENTS)
            return self._exchange

    async def _reset(self) -> None:
        async with self._connecting:
            connection, self._connection, self._exchange = self._connection, None, None
            if connection is not None:
                try:
                    async with asyncio.timeout(2):
                        await connection.close()
                except _AWAY:
                    return

    async def close(self) -> None:
        """Close the connection."""
        await self._reset()


@asynccontextmanager
async def open_counter(http: aiohttp.ClientSession, api_url: str, amqp_url: str) -> AsyncIterator[Counter]:
    """Open a counter."""
    counter = Counter(http, api_url, amqp_url)
    try:
        yield counter
    finally:
        await counter.close()


_PATHS: Final = {"ingest": "/api/v1/data", "document": "/api/v1/knowledge/documents", "troubleshoot": "/api/v1/troubleshoot"}


def _form(parcel: Parcel) -> aiohttp.FormData:
    form = aiohttp.FormData()
    if parcel.question is not None:
        form.add_field("question", parcel.question)
    for file in parcel.files:
        name = "files" if parcel.kind == "troubleshoot" else "file"
        form.add_field(
            name, file.data, filename=file.name, content_type="application/octet-stream" if b"\x00" in file.data else "text/plain"
        )
    return form


def events_of(parcel: Parcel, correlation: str, **attributes: Any) -> list[dict[str, Any]]:
    """Return the events of a parcel as a program of somebody else's would write them; evidence first."""
    kind = "ingest" if parcel.kind == "troubleshoot" else parcel.kind
    files = [
        event(f"{kind}.submitted.v1", {"name": file.name, "text": file.data.decode()}, parcel.key, correlation, **attributes)
        for file in parcel.files
    ]
    if parcel.question is None:
        return files
    data = {"text": parcel.question, "evidence": [each["subject"] for each in files]}
    return [*files, event("troubleshoot.submitted.v1", data, parcel.key, correlation, **attributes)]


def event(type_: str, data: dict[str, Any], tenant: str, correlation: str, **attributes: Any) -> dict[str, Any]:
    """Return a CloudEvent with ids of its own."""
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": "/faults",
        "type": type_,
        "subject": str(uuid4()),
        "time": datetime.now(UTC).isoformat(),
        "datacontenttype": "application/json",
        "tenantid": tenant,
        "correlationid": correlation,
        "data": data,
        **attributes,
    }


def encoded(event: dict[str, Any]) -> bytes:
    """Return an event as it travels; what is no event of ours stays as it is."""
    return json.dumps(event).encode()


def message_of(body: bytes) -> aio_pika.Message:
    """Return a persistent message."""
    return aio_pika.Message(body, content_type=MEDIA_TYPE, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
