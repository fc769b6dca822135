"""What the reconciler last saw, and how far it has compared: for its next round, and for who reads the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from faultmaven_events.infra.mongo import Database, mongo_errors

Bookmark = tuple[datetime, UUID]
"""`touched_at` and id of the last ended job that was compared."""


@dataclass(frozen=True, slots=True)
class State:
    """One round: when, messages that waited by queue, where it could not tell and why, and the last ended job that was compared."""

    at: datetime
    ready: Mapping[str, int]
    unjudged: Mapping[str, str]
    bookmark: Bookmark | None


class States:
    """Holds the last round in MongoDB."""

    def __init__(self, database: Database) -> None:
        self._states = database["ledger"]

    async def read(self) -> State | None:
        """Return the last round; None before the first."""
        with mongo_errors():
            found = await self._states.find_one({"_id": "round"})
        if found is None:
            return None
        bookmark = (found["bookmark"]["touched_at"], found["bookmark"]["job"]) if found["bookmark"] else None
        return State(
            found["at"], {q["name"]: q["count"] for q in found["ready"]}, {u["place"]: u["why"] for u in found["unjudged"]}, bookmark
        )

    async def write(self, state: State) -> None:
        """Keep a round."""
        document = {
            "at": state.at,
            "ready": [{"name": name, "count": count} for name, count in state.ready.items()],
            "unjudged": [{"place": place, "why": why} for place, why in state.unjudged.items()],
            "bookmark": {"touched_at": state.bookmark[0], "job": state.bookmark[1]} if state.bookmark else None,
        }
        with mongo_errors():
            await self._states.replace_one({"_id": "round"}, document, upsert=True)
