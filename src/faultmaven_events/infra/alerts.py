"""Alerts as people look them up: one document per alert in MongoDB, under its event's id."""

from collections.abc import Sequence

from pymongo import UpdateOne

from faultmaven_events.infra.mongo import Database, mongo_errors
from faultmaven_events.schemas.alert import Alert
from faultmaven_events.schemas.event import Event


class Alerts:
    """The repository of alerts; the tenant is the event's."""

    def __init__(self, database: Database) -> None:
        self._alerts = database["alerts"]

    async def keep(self, events: Sequence[Event[Alert]]) -> None:
        """Store alerts, each once however often it comes."""
        writes = [
            UpdateOne(
                {"_id": event.id, "tenant": event.tenantid},
                {"$setOnInsert": {"at": event.time, "subject": event.subject, **event.data.model_dump()}},
                upsert=True,
            )
            for event in events
        ]
        if writes:
            with mongo_errors():
                await self._alerts.bulk_write(writes, ordered=False)
