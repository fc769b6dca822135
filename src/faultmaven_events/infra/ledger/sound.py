"""Asking the servers what waits and what is in hand, for `cutoff`."""

from datetime import datetime
from typing import Final
from urllib.parse import quote, unquote, urlsplit

import httpx
from aio_pika.abc import AbstractConnection

from faultmaven_events.infra.depths import depths
from faultmaven_events.infra.jobs.fold import moment
from faultmaven_events.infra.ledger.cutoff import Soundings
from faultmaven_events.infra.ledger.queues import QUEUES, rungs
from faultmaven_events.infra.mongo import Database, mongo_errors
from faultmaven_events.infra.timescale import Timeline
from faultmaven_events.settings import Settings
from faultmaven_events.topology import UNROUTABLE

_LATELY: Final = (  # what was dealt with in the last half hour
    "SELECT stage, kind, max(at) AS at, max(at - (coalesce(waited_ms, 0) + coalesce(ran_ms, 0)) * interval '1 ms') AS came "
    "FROM stage_runs WHERE at > now() - interval '30 minutes' AND at <= now() GROUP BY stage, kind"
)


async def sound(connection: AbstractConnection, settings: Settings, database: Database, timeline: Timeline) -> Soundings:
    """Ask broker, MongoDB and PostgreSQL.

    Raises:
        Unavailable: one of them does not answer.
    """
    ladder = rungs(settings.retry_scale)
    # In this order: what a queue has given away by the time that it is asked, others have heard of by the time that they are.
    ready = await depths(connection, [*QUEUES, *ladder, UNROUTABLE])
    held = await in_hand(settings)
    heard, taken = await _log(timeline)
    with mongo_errors():
        now = moment((await database.command("hello"))["localTime"])
    return Soundings(now, ready, held, sum(ready[name] for name in ladder), heard, taken)


async def in_hand(settings: Settings) -> dict[str, int] | None:
    """Return the messages that consumers have in hand, by queue, as RabbitMQ's management API counts them; None without one."""
    if settings.management_url is None or settings.amqp_url is None:
        return None
    parts = urlsplit(settings.management_url.get_secret_value())
    vhost = unquote(urlsplit(settings.amqp_url.get_secret_value()).path.removeprefix("/")) or "/"
    address = f"{parts.scheme}://{parts.hostname}:{parts.port or 15672}/api/queues/{quote(vhost, safe='')}"
    try:
        async with httpx.AsyncClient(
            trust_env=False, timeout=5, auth=(unquote(parts.username or ""), unquote(parts.password or ""))
        ) as client:
            answer = await client.get(address, params={"columns": "name,messages_unacknowledged"})
            answer.raise_for_status()
            found = answer.json()
    except (httpx.HTTPError, ValueError):
        return None
    counts = {queue["name"]: queue.get("messages_unacknowledged") for queue in found}
    return {name: count for name, count in counts.items() if count is not None} if all(c is not None for c in counts.values()) else None


async def _log(timeline: Timeline) -> tuple[datetime | None, dict[tuple[str, str], datetime]]:
    async with timeline.connect() as connection:
        rows = await connection.fetch(_LATELY)
    return max((row["at"] for row in rows), default=None), {(row["stage"], row["kind"]): row["came"] for row in rows}
