"""A classify stage on a blob store of its own."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from faultmaven_events.consumers.stage import Handler
from faultmaven_events.infra.blobs import Blobs
from faultmaven_events.schemas.content import Content
from faultmaven_events.schemas.event import Event

TENANT = "acme"


@dataclass
class Room:
    """A classify stage on a blob store of its own."""

    handle: Handler
    blobs: Blobs
    folder: Path

    async def store(self, data: bytes) -> Content:
        return await self.blobs.put(TENANT, "raw", uuid4().hex, data)

    async def run(self, data: Any, kind: str = "ingest") -> Any:
        (out,) = await self.handle(event(data, kind))
        return out

    def raw(self) -> set[str]:
        return {path.name for path in (self.folder / "blobs" / "raw" / TENANT).glob("*")}


def event(data: Any, kind: str = "ingest", state: str = "submitted") -> Event[Any]:
    return Event[Any](
        id=uuid4(),
        source="/test",
        type=f"{kind}.{state}.v1",
        subject=uuid4(),
        time=datetime(2026, 3, 1, tzinfo=UTC),
        tenantid=TENANT,
        correlationid="c",
        data=data,
    )


def facts(out: Event[Any]) -> tuple[UUID, Any]:
    return out.id, out.data
