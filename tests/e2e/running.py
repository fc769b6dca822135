"""The running system as its users see it: visitors over HTTP, publishers over AMQP, people at the command line."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import aio_pika
import httpx

from e2e.collector import Collector
from e2e.wiretap import Wiretap
from faultmaven_events.infra.mongo import Database, open_mongo
from faultmaven_events.infra.servers.supervisor import System
from faultmaven_events.schemas.event import MEDIA_TYPE
from faultmaven_events.settings import Settings
from faultmaven_events.topology import EVENTS

File = tuple[str, bytes]
"""A name and what it holds."""
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Running:
    """The system."""

    settings: Settings
    system: System
    client: httpx.AsyncClient
    tap: Wiretap
    collector: Collector

    def visitor(self, tenant: str | None = None) -> "Visitor":
        """Return somebody of a tenant, by default of a new one."""
        return Visitor(self.client, tenant or f"tenant-{uuid4().hex[:10]}")

    async def publish(self, *bodies: bytes | Document, key: str | None = None) -> None:
        """Publish events as a program without our SDK would, each confirmed."""
        assert self.settings.amqp_url
        async with await aio_pika.connect(self.settings.amqp_url.get_secret_value()) as connection:
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            exchange = await channel.get_exchange(EVENTS)
            for body in bodies:
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                message = aio_pika.Message(data, content_type=MEDIA_TYPE, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
                await exchange.publish(message, key or json.loads(data)["type"], mandatory=True)

    async def letters(self, queue: str) -> list[Document]:
        """Return the letters that lie in a dead-letter queue, and leave them there."""
        assert self.settings.amqp_url
        found = []
        async with await aio_pika.connect(self.settings.amqp_url.get_secret_value()) as connection:
            lying = await (await connection.channel()).get_queue(queue)
            while (message := await lying.get(fail=False)) is not None:  # not acknowledged: they go back with the connection
                found.append(json.loads(message.body)["data"])
        return found

    @asynccontextmanager
    async def mongo(self) -> AsyncIterator[Database]:
        """Open the system's database."""
        async with open_mongo(self.settings) as database:
            yield database

    async def buried(self, job: UUID | str) -> list[Document]:
        """Return the dead letters of a job that people find in Mongo."""
        async with self.mongo() as database:
            return [document async for document in database["dead_letters"].find({"job_id": UUID(str(job))})]

    async def command(self, *words: str, **environment: str) -> "Finished":
        """Run `faultmaven` with the addresses of this system, as `. .faultmaven/env` sets them."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "faultmaven_events", *words),
            env={**os.environ, **self.system.urls.env(), "FM_API_URL": self.system.api_url, "COLUMNS": "200", **environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(90):
            out, err = await process.communicate()
        assert process.returncode is not None
        return Finished(process.returncode, out.decode(), err.decode())


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that ended."""

    status: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who uses the HTTP API, in one tenant."""

    client: httpx.AsyncClient
    tenant: str

    async def request(self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any) -> httpx.Response:
        """Send any request."""
        return await self.client.request(method, path, headers={"X-Tenant-Id": self.tenant, **(headers or {})}, **options)

    async def hand_in(self, name: str, data: bytes, resource: str = "/api/v1/data", **fields: str) -> str:
        """Hand in evidence; returns the job."""
        answer = await self.request("POST", resource, files={"file": (name, data)}, data=fields)
        assert answer.status_code == 202, answer.text
        job: str = answer.json()["job_id"]
        return job

    async def document(self, name: str, data: bytes, **fields: str) -> str:
        """Hand in a runbook; returns the job."""
        return await self.hand_in(name, data, "/api/v1/knowledge/documents", **fields)

    async def ask(self, question: str, *files: File, evidence: tuple[str, ...] = ()) -> Document:
        """Ask, with files or about evidence handed in before; returns what was accepted."""
        if files:
            parts = [("files", file) for file in files]
            answer = await self.request(
                "POST", "/api/v1/troubleshoot", data={"question": question, "evidence": list(evidence)}, files=parts
            )
        else:
            answer = await self.request("POST", "/api/v1/troubleshoot", json={"question": question, "evidence": list(evidence)})
        assert answer.status_code == 202, answer.text
        accepted: Document = answer.json()
        return accepted

    async def ended(self, job: str | UUID) -> Document:
        """Return a job once it has ended; it may be one that the door has not heard of yet."""
        async with asyncio.timeout(90):
            while True:
                answer = await self.request("GET", f"/api/v1/jobs/{job}", headers={"Prefer": "wait=60"})
                if answer.status_code == 200 and answer.json()["finished_at"]:
                    found: Document = answer.json()
                    return found
                assert answer.status_code in {200, 404}, answer.text
                await asyncio.sleep(0.1)  # a job that was published directly is unknown until record has seen it

    async def completed(self, job: str | UUID) -> Document:
        """Return a job that must complete."""
        found = await self.ended(job)
        assert found["status"] == "completed", (found["name"], found["error"])
        return found

    async def report(self, accepted: Document) -> Document:
        """Return the report that answers a question."""
        report: Document = (await self.completed(accepted["job_id"]))["result"]["report"]
        return report

    async def search(self, text: str, **params: str) -> list[Document]:
        """Search the knowledge."""
        answer = await self.request("GET", "/api/v1/knowledge/search", params={"q": text, **params})
        assert answer.status_code == 200, answer.text
        hits: list[Document] = answer.json()["hits"]
        return hits


def event(type_: str, data: Document, *, tenant: str, **attributes: Any) -> Document:
    """Return a CloudEvent as a program in any language would write it."""
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": "/test/publisher",
        "type": type_,
        "subject": str(uuid4()),
        "time": datetime.now(UTC).isoformat(),
        "datacontenttype": "application/json",
        "tenantid": tenant,
        "correlationid": "test-1",
        "data": data,
        **attributes,
    }
