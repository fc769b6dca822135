"""Who did what in the workbench: one document of `audit` for each decision, written before it takes effect."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from faultmaven_events.infra.mongo import Database, mongo_errors
from faultmaven_events.schemas.buried import Entry


class Audit:
    """The repository of audit entries; they are never changed."""

    def __init__(self, database: Database) -> None:
        self._entries = database["audit"]

    async def note(self, *, by: str, action: str, target: dict[str, Any], reason: str | None = None, count: int | None = None) -> None:
        """Write an entry."""
        entry = {"_id": uuid4(), "at": datetime.now(UTC), "by": by, "action": action, "target": target, "reason": reason, "count": count}
        with mongo_errors():
            await self._entries.insert_one(entry)

    async def list(self, *, about: UUID | None = None, limit: int = 100) -> list[Entry]:
        """Return entries, the newest first; with `about`, those that name that letter or operation."""
        named = [{"target.id": str(about)}, {"target.ids": str(about)}, {"target.redrive": str(about)}] if about else None
        with mongo_errors():
            found = self._entries.find({"$or": named} if named else {}).sort([("at", -1), ("_id", -1)]).limit(limit)
            return [Entry.model_validate({"id": entry.pop("_id"), **entry}) async for entry in found]
