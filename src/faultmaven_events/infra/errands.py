"""The side of redrives that works: claiming an operation, marking its letters, writing down what became of each. For the bury process.

Every step can be repeated. An operation is leased, so that another process takes it up when its worker was killed; its letters are marked
before the first one is sent, so that those which die again while it runs are not sent round and round.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from cryptography.exceptions import InvalidTag

from faultmaven_events.infra.dead_letters import open_body
from faultmaven_events.infra.letters import Letters, letter_of
from faultmaven_events.infra.mongo import Database, Document, mongo_errors
from faultmaven_events.infra.redrives import redrive_of
from faultmaven_events.schemas.letter import Letter
from faultmaven_events.schemas.redrive import PATCH, Operation, Redrive

LEASE: Final = 10.0
"""Seconds after which a silent worker counts as gone."""
REASONS: Final = 20
"""How many different reasons an operation names."""


@dataclass(frozen=True, slots=True)
class Errand:
    """A claimed operation."""

    redrive: Redrive
    stamped: bool
    patch: tuple[Operation, ...] | None
    """None: it is no edit."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one letter: `sent` at a time, or a reason why not."""

    letter: Letter
    verdict: str
    at: datetime
    reason: str | None = None


class Errands:
    """What one worker does with operations; `owner` is its name, `lease` the seconds that it may be silent."""

    def __init__(self, database: Database, owner: str, clean_key: bytes, lease: float = LEASE) -> None:
        self._operations, self._letters, self._jobs = database["redrives"], database["dead_letters"], database["jobs"]
        self._workbench = Letters(database)
        self._owner, self._clean_key, self._lease = owner, clean_key, lease
        self.beat = min(1.0, lease / 4)
        """Seconds between two renewals."""

    async def claim(self, held: Collection[UUID]) -> Errand | None:
        """Take an operation that nobody works on, or that is our own from before and not among those `held`."""
        free = {"$or": [{"$expr": {"$lt": ["$lease_until", "$$NOW"]}}, {"lease_by": self._owner}]}
        with mongo_errors():
            document: Document | None = await self._operations.find_one_and_update(
                {"state": "running", "_id": {"$nin": [*held]}, **free},
                [{"$set": {"lease_by": self._owner, "lease_until": self._until()}}],
                sort=[("started_at", 1)],
                return_document=True,  # as it is after the change
            )
        if document is None:
            return None
        return Errand(redrive_of(document), document["stamped"], self._patch(document.get("patch")))

    def _patch(self, sealed: str | None) -> tuple[Operation, ...] | None:
        try:
            return PATCH.validate_json(open_body(self._clean_key, sealed)) if sealed else None
        except InvalidTag:
            return ()  # it was sealed with another key: there is nothing that could be applied

    async def renew(self, id: UUID) -> bool:
        """Say that we are still at it, and how far; False when it was cancelled, or another worker has it."""
        tally = await self._tally(id)
        mine = {"_id": id, "state": "running", "lease_by": self._owner}
        with mongo_errors():
            result = await self._operations.update_one(mine, [{"$set": {"lease_until": self._until(), **_literal(tally)}}])
        return bool(result.matched_count)

    async def stamp(self, redrive: Redrive) -> None:
        """Mark the letters that the operation is about, once and for all."""
        query = await self._workbench.free(redrive.selection)
        running = query.pop("redrive.op", {"$nin": []})["$nin"]
        others = [id for id in running if id != redrive.id]
        mark = {"op": redrive.id, "outcome": None, "reason": None}
        with mongo_errors():
            await self._letters.update_many(query | {"redrive.op": {"$nin": others}}, {"$set": {"redrive": mark}})
            selected = await self._letters.count_documents({"redrive.op": redrive.id})
            await self._operations.update_one({"_id": redrive.id}, {"$set": {"stamped": True, "selected": selected}})

    async def page(self, id: UUID, size: int) -> list[Letter]:
        """Return the next letters to send, the oldest death first; none: it is finished."""
        todo = {"redrive.op": id, "redrive.outcome": None, "state": "dead"}
        with mongo_errors():
            return [letter_of(document) async for document in self._letters.find(todo).sort([("died_at", 1), ("_id", 1)]).limit(size)]

    async def ended_jobs(self, letters: Sequence[Letter]) -> dict[UUID, tuple[str, int]]:
        """Return those of the letters' jobs that were cancelled or completed, with their status and generation."""
        jobs = [{"_id": letter.job_id, "tenant": letter.tenant} for letter in letters if letter.job_id]
        if not jobs:
            return {}
        with mongo_errors():
            found = self._jobs.find({"$or": jobs, "status": {"$in": ["cancelled", "completed"]}}, {"status": 1, "generation": 1})
            return {document["_id"]: (document["status"], document.get("generation", 0)) async for document in found}

    async def mark(self, redrive: Redrive, outcome: Outcome) -> None:
        """Write down what became of a letter. One that died again since we read it stays dead."""
        told = {"redrive": {"op": redrive.id, "outcome": outcome.verdict, "reason": outcome.reason}}
        changes: Document = _literal(told)
        if outcome.verdict == "sent":
            decision = {"decided_at": outcome.at, "decided_by": redrive.by, "edited": redrive.edit}
            unchanged = {"$eq": ["$died_at", outcome.letter.died_at]}
            changes |= {"state": {"$cond": [unchanged, "redriven", "$state"]}, **_literal(decision)}
        with mongo_errors():
            await self._letters.update_one({"_id": outcome.letter.id, "state": "dead", "redrive.op": redrive.id}, [{"$set": changes}])

    async def finish(self, id: UUID) -> None:
        """End an operation of which nothing is left, or give one that was cancelled its last figures."""
        tally, now = await self._tally(id), datetime.now(UTC)
        mine = {"_id": id, "state": "running", "lease_by": self._owner}
        with mongo_errors():
            await self._operations.update_one({"_id": id, "state": "cancelled"}, {"$set": tally, "$unset": {"patch": ""}})
            await self._operations.update_one(mine, {"$set": {**tally, "state": "done", "finished_at": now}, "$unset": {"patch": ""}})

    async def release(self, ids: Collection[UUID]) -> None:
        """Let others go on at once."""
        with mongo_errors():
            await self._operations.update_many(
                {"_id": {"$in": [*ids]}, "lease_by": self._owner}, {"$set": {"lease_until": datetime.fromtimestamp(0, UTC)}}
            )

    def _until(self) -> dict[str, Any]:
        return {"$add": ["$$NOW", round(self._lease * 1000)]}  # the server's clock, so that those of the workers do not matter

    async def _tally(self, id: UUID) -> Document:
        counted: list[dict[str, Any]] = [
            {"$match": {"redrive.op": id, "redrive.outcome": {"$ne": None}}},
            {"$group": {"_id": {"outcome": "$redrive.outcome", "reason": "$redrive.reason"}, "count": {"$sum": 1}}},
        ]
        counts = {"sent": 0, "skipped": 0, "failed": 0}
        reasons: list[tuple[int, str]] = []
        with mongo_errors():
            async for document in self._letters.aggregate(counted):
                counts[document["_id"]["outcome"]] += document["count"]
                if document["_id"].get("reason"):
                    reasons.append((document["count"], document["_id"]["reason"]))
        most = [{"reason": reason, "count": count} for count, reason in sorted(reasons, reverse=True)[:REASONS]]
        return {**counts, "reasons": most, "updated_at": datetime.now(UTC)}


def _literal(values: Document) -> Document:
    """Return values as an update pipeline takes them: in it, text that begins with `$` would name a field."""
    return {name: {"$literal": value} for name, value in values.items()}
