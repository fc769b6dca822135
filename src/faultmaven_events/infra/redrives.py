"""Operations that send dead letters on their way again, as people start, watch and cancel them. The bury process works them off.

A document of `redrives`: what `schemas.redrive.Redrive` shows, `patch` (sealed) of an edit, `stamped` once its letters are marked
as its own, and the lease `lease_by`, `lease_until` of the process that works on it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from faultmaven_events.infra.audit import Audit
from faultmaven_events.infra.dead_letters import seal_body
from faultmaven_events.infra.letters import Letters, target_of
from faultmaven_events.infra.mongo import Database, Document, mongo_errors
from faultmaven_events.infra.revival import digest
from faultmaven_events.schemas.redrive import NAMED_IDS, PATCH, Operation, Portion, Redrive, Selection

NEVER: Final = datetime.fromtimestamp(0, UTC)
"""The lease of an operation on which nobody has worked yet."""
RATES: Final = (0.1, 1000.0)
"""Letters per second that may be asked for."""


class Redrives:
    """The repository of operations."""

    def __init__(self, database: Database) -> None:
        self._operations, self._letters = database["redrives"], database["dead_letters"]
        self._workbench, self._audit = Letters(database), Audit(database)

    async def start(
        self,
        *,
        by: str,
        tenant: str | None = None,
        ids: Sequence[UUID] = (),
        fingerprint: str | None = None,
        stage: str | None = None,
        code: str | None = None,
        everything: bool = False,
        rate: float = 50,
        dry_run: bool = False,
    ) -> Redrive:
        """Start an operation over the letters in state `dead` that fit every condition; it goes on by itself, whoever is killed.

        With `dry_run` nothing is started: the answer says what would go.

        Raises:
            ValueError: nothing is selected, or a condition is malformed.
        """
        selection = Selection(tenant=tenant, ids=tuple(ids), fingerprint=fingerprint, stage=stage, code=code, everything=everything)
        portions = await self._portions(selection)
        now = datetime.now(UTC)
        operation = Redrive(
            id=uuid4(),
            selection=selection,
            by=by,
            rate=min(max(rate, RATES[0]), RATES[1]),
            state="running",
            selected=sum(portion.count for portion in portions),
            portions=portions,
            started_at=now,
            updated_at=now,
        )
        if dry_run:
            named = await self._named(selection)
            return operation.model_copy(update={"state": "done", "dry_run": True, "ids": named, "finished_at": now})
        await self._audit.note(
            by=by, action="redrive", target={"redrive": str(operation.id), **target_of(selection)}, count=operation.selected
        )
        await self._insert(operation, None)
        return operation

    async def edit(self, id: UUID, patch: tuple[Operation, ...], *, by: str, clean_key: bytes, reason: str | None = None) -> Redrive:
        """Start an operation that sends one letter's patched event; whether the patch fits is decided where the letter can be opened.

        The audit keeps operations and paths in the open, values sealed.
        """
        selection, now = Selection(ids=(id,)), datetime.now(UTC)
        portions = await self._portions(selection)
        sealed = seal_body(clean_key, PATCH.dump_json(patch, by_alias=True, exclude_unset=True))
        operation = Redrive(
            id=uuid4(),
            selection=selection,
            by=by,
            rate=1,
            state="running",
            edit=True,
            selected=sum(portion.count for portion in portions),
            portions=portions,
            started_at=now,
            updated_at=now,
        )
        changes = [{"op": each.op, "path": each.path} for each in patch]
        target = {"id": str(id), "redrive": str(operation.id), "changes": changes, "patch_sha256": digest(patch), "patch": sealed}
        await self._audit.note(by=by, action="edit", target=target, reason=reason, count=1)
        await self._insert(operation, sealed)
        return operation

    async def get(self, id: UUID) -> Redrive | None:
        """Return an operation as it is now."""
        with mongo_errors():
            document = await self._operations.find_one({"_id": id})
        return redrive_of(document) if document else None

    async def list(self, *, limit: int = 50) -> list[Redrive]:
        """Return operations, the newest first."""
        with mongo_errors():
            found = self._operations.find().sort([("started_at", -1), ("_id", -1)]).limit(limit)
            return [redrive_of(document) async for document in found]

    async def cancel(self, id: UUID, by: str) -> Redrive | None:
        """Stop an operation: what was sent stays sent, the other letters stay dead. One that has ended stays as it is."""
        now = datetime.now(UTC)
        ended = {"state": "cancelled", "cancelled_by": by, "finished_at": now, "updated_at": now}
        with mongo_errors():
            changed = await self._operations.update_one({"_id": id, "state": "running"}, {"$set": ended})
        if changed.modified_count:
            await self._audit.note(by=by, action="cancel", target={"redrive": str(id)})
        return await self.get(id)

    async def _insert(self, operation: Redrive, patch: str | None) -> None:
        document = operation.model_dump(exclude={"id", "ids", "reasons"})
        lease = {"stamped": False, "lease_by": None, "lease_until": NEVER}
        with mongo_errors():
            await self._operations.insert_one({"_id": operation.id, **document, **lease, "patch": patch})

    async def _portions(self, selection: Selection) -> tuple[Portion, ...]:
        query = await self._workbench.free(selection)
        counted: list[dict[str, Any]] = [
            {"$match": query},
            {"$group": {"_id": {"stage": "$stage", "code": "$code"}, "count": {"$sum": 1}}},
            {"$sort": {"count": -1, "_id": 1}},
        ]
        with mongo_errors():
            found = [document async for document in self._letters.aggregate(counted)]
        return tuple(Portion(**document["_id"], count=document["count"]) for document in found)

    async def _named(self, selection: Selection) -> tuple[UUID, ...]:
        query = await self._workbench.free(selection)
        with mongo_errors():
            found = self._letters.find(query, {"_id": 1}).sort([("died_at", 1), ("_id", 1)]).limit(NAMED_IDS)
            return tuple([document["_id"] async for document in found])


def redrive_of(document: Document) -> Redrive:
    """Return the operation of a document."""
    reasons = {each["reason"]: each["count"] for each in document.get("reasons") or ()}  # sentences have dots, which keys must not have
    known = {name: value for name, value in document.items() if name in Redrive.model_fields}
    return Redrive.model_validate({"id": document["_id"], **known, "reasons": reasons})
