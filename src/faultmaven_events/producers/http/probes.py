"""The probes of readiness: one look each at what the ingress stands on."""

import obstore
from obstore.exceptions import NotFoundError

from faultmaven_events.infra.blobs import Blobs
from faultmaven_events.infra.mongo import Database
from faultmaven_events.producers.http.gate import Gate
from faultmaven_events.producers.http.heartbeats import Heartbeats
from faultmaven_events.producers.http.readiness import Probe


def broker(gate: Gate) -> Probe:
    """The broker takes events."""

    async def probe() -> str | None:
        return gate.reason()

    return probe


def has_primary(database: Database) -> bool:
    """Whether the driver knows of a primary at this moment; it asks nobody."""
    return bool(database.client.delegate.topology_description.has_writable_server())


def mongo(database: Database) -> Probe:
    """Mongo has a primary."""

    async def probe() -> str | None:
        hello = await database.command("hello")
        return None if hello.get("isWritablePrimary") else "There is no primary."

    return probe


def blobs(store: Blobs) -> Probe:
    """The blob store answers; nothing is written, which an object store would charge for."""

    async def probe() -> str | None:
        try:
            await obstore.head_async(store.store, "readiness")
        except (FileNotFoundError, NotFoundError):
            return None
        return None

    return probe


def redis(heartbeats: Heartbeats) -> Probe:
    """Redis answers."""

    async def probe() -> str | None:
        return None if await heartbeats.ping() else "Redis does not answer: live consumers are unknown."

    return probe
