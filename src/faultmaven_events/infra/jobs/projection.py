"""Projecting events onto jobs in MongoDB: record's side. What an event does to its job is in `fold`; here it becomes durable, once.

Many events are projected at once: one query for their jobs, one write with an operation per job. A job's operation holds only if nobody
changed the job in between (its `version`); else the job is read and folded again. All of a job's facts change in that one operation.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from bson.errors import BSONError
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, DocumentTooLarge

from faultmaven_events.errors import (
    ContentTooLarge,
    FaultmavenError,
    InvalidEvent,
    PermanentError,
    TransientError,
    Unavailable,
    UnknownReference,
)
from faultmaven_events.infra.jobs.fold import Ending, fold
from faultmaven_events.infra.mongo import Database, Document, mongo_errors
from faultmaven_events.schemas.event import Event

ROUNDS: Final = 20
"""How often a job is read again because somebody else changed it in between."""

Change = tuple[Event[Any], Ending | None]
Outcome = FaultmavenError | None
_Key = tuple[str, UUID]
"""Tenant and job."""

_UNREAD: Final = {"outbox": 0, "seen": 0, "final.result": 0}
"""What is not needed to fold, and may be large."""
_DUPLICATE: Final = 11000
_TOO_LARGE: Final = frozenset({10334, 17419, 17420})
_UNFIT: Final = frozenset({2, 9, 14, 15, 52, 56})
"""Codes of MongoDB for values that it never takes; what is not listed may heal."""


class Projection:
    """Applies events to jobs; the tenant is the event's."""

    def __init__(self, database: Database) -> None:
        self._jobs = database["jobs"]

    async def project(self, event: Event[Any], ending: Ending | None = None) -> None:
        """Apply one event, once however often it comes and in whatever order.

        Raises:
            InvalidEvent: it is of another kind than its job, or MongoDB cannot hold one of its values.
            UnknownReference: the job is another tenant's.
            ContentTooLarge: the job would grow over what MongoDB holds.
            TransientError: MongoDB is away, or others change the job all the time.
        """
        (outcome,) = await self.apply([(event, ending)])
        if outcome is not None:
            raise outcome

    async def apply(self, changes: Sequence[Change]) -> list[Outcome]:
        """Apply many events; return for each None, or the error that `project` would raise."""
        outcomes: list[Outcome] = [None] * len(changes)
        waiting: dict[_Key, list[int]] = {}
        for index, (event, _) in enumerate(changes):
            waiting.setdefault((event.tenantid, event.subject), []).append(index)
        for _ in range(ROUNDS):
            if not waiting:
                return outcomes
            waiting = await self._round(changes, waiting, outcomes)
        for index in (index for indexes in waiting.values() for index in indexes):
            outcomes[index] = TransientError("others change the job all the time")
        return outcomes

    async def _round(self, changes: Sequence[Change], waiting: Mapping[_Key, list[int]], outcomes: list[Outcome]) -> dict[_Key, list[int]]:
        """Read, fold and write once; return what has to be looked at again."""
        before = await self._read(waiting)
        writes: dict[_Key, UpdateOne] = {}
        for key, indexes in waiting.items():
            job = before.get(key)
            for index in indexes:
                if outcomes[index] is None:
                    try:
                        job = fold(job, *changes[index])
                    except PermanentError as error:
                        outcomes[index] = error
            write = _write(before.get(key), job)
            if write is not None:
                writes[key] = write
        conflicts, errors = await self._write(writes)
        for key, refusal in errors.items():
            several = len(waiting[key]) > 1  # then only one of them is to blame
            for index in waiting[key]:
                outcomes[index] = outcomes[index] or ((await self.apply([changes[index]]))[0] if several else refusal)
        return {key: waiting[key] for key in conflicts}

    async def _read(self, keys: Mapping[_Key, object]) -> dict[_Key, Document]:
        tenants, ids = sorted({tenant for tenant, _ in keys}), [id for _, id in keys]
        with mongo_errors():
            found = self._jobs.find({"tenant": {"$in": tenants}, "_id": {"$in": ids}}, _UNREAD)
            return {(document["tenant"], document["_id"]): document async for document in found}

    async def _write(self, writes: Mapping[_Key, UpdateOne]) -> tuple[set[_Key], dict[_Key, FaultmavenError]]:
        """Write; return whose job somebody else changed in between, perhaps, and whose cannot be written."""
        if not writes:
            return set(), {}
        keys = list(writes)
        try:
            with mongo_errors():
                done = await self._jobs.bulk_write(list(writes.values()), ordered=False)
        except BulkWriteError as error:
            return await self._sort(keys, error)
        except (BSONError, DocumentTooLarge, OverflowError) as error:  # found before anything was sent; it does not say by which
            return await self._one_by_one(writes, error)
        return (set() if done.matched_count + done.upserted_count == len(keys) else set(keys)), {}

    async def _sort(self, keys: Sequence[_Key], error: BulkWriteError) -> tuple[set[_Key], dict[_Key, FaultmavenError]]:
        errors = dict[_Key, FaultmavenError]()
        for each in error.details["writeErrors"]:
            tenant, id = key = keys[each["index"]]
            if each["code"] != _DUPLICATE:
                errors[key] = _refusal(each["code"])
            elif await self._is_foreign(tenant, id):
                errors[key] = UnknownReference("the event names a job that its tenant does not have")
        if error.details["writeConcernErrors"]:
            raise Unavailable("MongoDB did not confirm a write")
        return set(keys) - set(errors), errors

    async def _is_foreign(self, tenant: str, id: UUID) -> bool:
        with mongo_errors():
            return bool(await self._jobs.count_documents({"_id": id, "tenant": {"$ne": tenant}}, limit=1))

    async def _one_by_one(self, writes: Mapping[_Key, UpdateOne], error: Exception) -> tuple[set[_Key], dict[_Key, FaultmavenError]]:
        if len(writes) == 1:
            return set(), dict.fromkeys(writes, _refusal(min(_TOO_LARGE if isinstance(error, DocumentTooLarge) else _UNFIT)))
        again, errors = set[_Key](), dict[_Key, FaultmavenError]()
        for key, write in writes.items():
            conflicts, refused = await self._write({key: write})
            again |= conflicts
            errors |= refused
        return again, errors


def _refusal(code: int) -> FaultmavenError:
    """Return what MongoDB's code for a refused write means."""
    if code in _TOO_LARGE:
        return ContentTooLarge("the job would be larger than MongoDB holds")
    if code in _UNFIT:
        return InvalidEvent("it has a value that MongoDB cannot hold")
    return TransientError(f"MongoDB refused a write with the code {code}")


def _write(before: Document | None, after: Document | None) -> UpdateOne | None:
    """Return the operation that makes one document of the other, if it is still as it was; None when nothing changed."""
    if after is None or before == after:
        return None
    old = before or {}
    key = {"_id": after["_id"], "tenant": after["tenant"]}
    changed = {name: value for name, value in after.items() if name not in key and (name not in old or old[name] != value)}
    gone = old.keys() - after.keys()
    if "outbox_at" in gone:
        gone.add("outbox")
    update: Document = {"$set": {**changed, "version": after["version"] + 1}, "$currentDate": {"touched_at": True}}
    if gone:
        update["$unset"] = dict.fromkeys(gone, "")
    unchanged = {"$exists": False} if before is None else before["version"]
    return UpdateOne({**key, "version": unchanged}, update, upsert=before is None)
