"""The gaps that are known, in MongoDB: suspected, then open, then mended. What may still move is open when two rounds found it."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from uuid import UUID

from pymongo import UpdateOne

from faultmaven_events.infra.mongo import Database, Document, mongo_errors
from faultmaven_events.schemas.ledger import Gap, GapCount

SHOWN = 100
"""How many open gaps are named."""


def gap_of(document: Document) -> Gap:
    """Return the gap that a document holds."""
    return Gap.model_validate({name: value for name, value in document.items() if name in Gap.model_fields} | {"id": document["_id"]})


class Gaps:
    """The repository of gaps, over all tenants: it is for who operates the system."""

    def __init__(self, database: Database) -> None:
        self._gaps = database["ledger_gaps"]

    async def suspect(self, found: Sequence[Gap], *, settled: bool) -> None:
        """Note what a round found: new ones are suspected; those that an earlier round had found are open.

        With `settled` they are open at once: nothing that moves can explain them.
        """
        writes = [
            UpdateOne({"_id": gap.id}, {"$setOnInsert": _document(gap, "open" if settled else "suspected")}, upsert=True) for gap in found
        ]
        ids = [gap.id for gap in found]
        with mongo_errors():
            await self._gaps.update_many({"_id": {"$in": ids}, "state": "suspected"}, {"$set": {"state": "open"}})
            await self._gaps.update_many({"_id": {"$in": ids}, "state": "mended"}, {"$set": {"state": "open", "mended_at": None}})
            if writes:
                await self._gaps.bulk_write(writes, ordered=False)

    async def forget(self, found: Collection[UUID]) -> None:
        """Forget what was suspected and is not found any more."""
        with mongo_errors():
            await self._gaps.delete_many({"state": "suspected", "_id": {"$nin": [*found]}})

    async def open(self, tenant: str | None = None, limit: int = SHOWN) -> list[Gap]:
        """Return the oldest open gaps, of one tenant or of all."""
        chosen: Document = {"state": "open", **({"tenant": tenant} if tenant else {})}
        with mongo_errors():
            return [gap_of(document) async for document in self._gaps.find(chosen).sort("found_at", 1).limit(limit)]

    async def pages(self, size: int) -> AsyncIterator[list[Gap]]:
        """Yield all open gaps, so many at a time."""
        last: UUID | None = None
        while True:
            chosen: Document = {"state": "open", **({"_id": {"$gt": last}} if last else {})}
            with mongo_errors():
                page = [gap_of(document) async for document in self._gaps.find(chosen).sort("_id", 1).limit(size)]
            if not page:
                return
            yield page
            last = page[-1].id

    async def lost(self) -> set[UUID]:
        """Return the jobs of which it is known that they are lost."""
        with mongo_errors():
            return {document["job"] async for document in self._gaps.find({"state": "open", "why": "lost"}, {"job": 1})}

    async def counts(self, tenant: str | None = None) -> list[GapCount]:
        """Return how many gaps are open, by sort, of one tenant or of all."""
        chosen: Document = {"state": "open", **({"tenant": tenant} if tenant else {})}
        sorts = {"_id": {"why": "$why", "kind": "$kind", "place": "$place"}, "count": {"$sum": 1}}
        with mongo_errors():
            found = self._gaps.aggregate([{"$match": chosen}, {"$group": sorts}, {"$sort": {"_id": 1}}])
            return [GapCount(**group["_id"], count=group["count"]) async for group in found]

    async def mend(self, ids: Collection[UUID], now: datetime) -> None:
        """Note that gaps have closed."""
        with mongo_errors():
            await self._gaps.update_many({"_id": {"$in": [*ids]}, "state": "open"}, {"$set": {"state": "mended", "mended_at": now}})

    async def untold(self, limit: int) -> list[tuple[Gap, str]]:
        """Return gaps about which nobody was told yet, with what is to be told: `open` or `mended`."""
        asked: Document = {"$or": [{"state": "open", "told": None}, {"state": "mended", "told": "open"}]}
        with mongo_errors():
            return [(gap_of(document), document["state"]) async for document in self._gaps.find(asked).sort("found_at", 1).limit(limit)]

    async def tell(self, gap: Gap, state: str) -> None:
        """Note that an alert about a gap is confirmed."""
        with mongo_errors():
            await self._gaps.update_one({"_id": gap.id}, {"$set": {"told": state}})


def _document(gap: Gap, state: str) -> Document:
    return {**gap.model_dump(exclude={"id", "mended_at"}), "state": state, "told": None}
