"""The join's memory in MongoDB: `arrivals` (what became of a piece of evidence) and `gatherings` (questions that wait).

An arrival is stored before anybody looks whether it was the last, so of two consumers that store the last two arrivals at once at least
one sees both. A question is decided in one atomic step. What it was given is kept with the decision, so that whoever tells it again tells
the same, whatever became of its evidence since.
"""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from faultmaven_events.consumers.gather.waiting import arrival, gathered, wait_until
from faultmaven_events.infra import written
from faultmaven_events.infra.jobs import Jobs
from faultmaven_events.infra.mongo import Database, Document, mongo_errors
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.question import Gathered, QuestionSanitized
from faultmaven_events.schemas.registry import decode

UNDECIDED: Final[Document] = {"$or": [{"state": None}, {"state": "overdue", "told": False}]}
"""Questions for which nothing is confirmed yet."""


class Gatherings:
    """Questions that wait, and evidence that arrived.

    A question's `state` is None while it waits, then for good `complete` (all arrived, the last `by` the event `decided_by`), `overdue`
    (gone on without the rest; `told` once its follow-up is confirmed) or `cancelled`. `given` is what it was given.
    """

    def __init__(self, database: Database, limit: float) -> None:
        self._arrivals, self._gatherings, self._limit = database["arrivals"], database["gatherings"], limit
        self._jobs = Jobs(database)

    async def ask(self, event: Event[QuestionSanitized]) -> list[Event[Any]]:
        """Keep a question; return its follow-up when nothing is missing, and again whenever the question comes again."""
        key = {"_id": event.id, "tenant": event.tenantid}
        began = datetime.now(UTC) if event.generation else event.time  # sent on its way again: its time counts anew
        carried = {
            "event": event.encode(),
            "generation": event.generation,
            "by": wait_until(began, event.deadline, self._limit),
        }
        fixed = {"tenant": event.tenantid, "job": event.subject, "evidence": list(event.data.evidence), "state": None, "told": False}
        with mongo_errors():
            await self._gatherings.update_one({"_id": event.id}, {"$setOnInsert": {**fixed, **carried}}, upsert=True)
            if event.generation:
                await self._gatherings.update_one({**key, "generation": {"$not": {"$gte": event.generation}}}, {"$set": carried})
            if await self._arrivals.find_one({"_id": _arrived(event), "cancelled": True}, {"_id": 1}):
                await self._close(event)
        written.note("mongo")
        await self._complete(event, event.id)
        with mongo_errors():
            found = await self._gatherings.find_one(key, {"state": 1})
        return [await self._follow(event)] if found and found["state"] in {"complete", "overdue"} else []

    async def arrive(self, event: Event[Any]) -> list[Event[Any]]:
        """Keep what became of a piece of evidence; return the follow-ups of the questions for which nothing is missing now.

        A failure and a result may both be there, when the job was sent on its way again: then the result counts.
        """
        with mongo_errors():
            await self._arrivals.update_one({"_id": _arrived(event)}, {"$set": {**arrival(event), "at": event.time}}, upsert=True)
            written.note("mongo")
            # One that this very event decided may not have been told: this may be the redelivery after a crash.
            open_ = {"$or": [{"state": None}, {"state": "complete", "decided_by": event.id}]}
            asked = self._gatherings.find({"tenant": event.tenantid, "evidence": event.subject, **open_}, {"event": 1})
            questions = [decode(bytes(document["event"])) async for document in asked]
        return [await self._follow(question) for question in questions if await self._complete(question, event.id)]

    async def cancel(self, event: Event[Any]) -> None:
        """Close the gathering of a question that nobody wants an answer to any more, also one that comes later."""
        with mongo_errors():
            await self._arrivals.update_one(
                {"_id": _arrived(event)}, {"$set": {"cancelled": True}, "$setOnInsert": {"at": event.time}}, upsert=True
            )
            await self._close(event)

    async def overdue(self, now: datetime) -> list[Event[Any]]:
        """Decide the questions whose time is up; return the follow-ups that are not confirmed yet, with what is there."""
        with mongo_errors():
            await self._gatherings.update_many({"state": None, "by": {"$lt": now}}, {"$set": {"state": "overdue"}})
            late = self._gatherings.find({"state": "overdue", "told": False}, {"event": 1}).limit(100)
            questions = [decode(bytes(document["event"])) async for document in late]
        return [await self._follow(question) for question in questions]

    async def settle(self, follow: Event[Any]) -> None:
        """Note that an overdue question's follow-up is confirmed."""
        with mongo_errors():
            await self._gatherings.update_one({"_id": follow.causationid, "tenant": follow.tenantid}, {"$set": {"told": True}})

    async def _close(self, event: Event[Any]) -> None:
        await self._gatherings.update_many({"tenant": event.tenantid, "job": event.subject, **UNDECIDED}, {"$set": {"state": "cancelled"}})

    async def _complete(self, question: Event[QuestionSanitized], by: UUID) -> bool:
        """Decide a question for which nothing is missing; return whether the event `by` is the one that decided it, now or before."""
        key = {"_id": question.id, "tenant": question.tenantid}
        with mongo_errors():
            there = await self._arrivals.count_documents({"_id": {"$in": _wanted(question)}})
            if there < len(set(question.data.evidence)):
                return False
            await self._gatherings.update_one({**key, "state": None}, {"$set": {"state": "complete", "decided_by": by}})
            return await self._gatherings.find_one({**key, "state": "complete", "decided_by": by}, {"_id": 1}) is not None

    async def _follow(self, question: Event[QuestionSanitized]) -> Event[Any]:
        """Return the follow-up of a decided question; the first one to ask keeps what it is given."""
        key = {"_id": question.id, "tenant": question.tenantid}
        with mongo_errors():
            kept = await self._gatherings.find_one({**key, "given": {"$exists": True}}, {"given": 1})
            if kept is None:
                given = (await self._gather(question)).model_dump_json()
                await self._gatherings.update_one({**key, "given": {"$exists": False}}, {"$set": {"given": given}})
                kept = await self._gatherings.find_one(key, {"given": 1})
        assert kept is not None
        follow = question.follow("gather", "gathered", Gathered.model_validate_json(kept["given"]))
        waited = max(0, round((datetime.now(UTC) - question.time).total_seconds() * 1000))
        return follow.stamped(waitedms=waited, inputhash=question.datahash or question.digest())

    async def _gather(self, question: Event[QuestionSanitized]) -> Gathered:
        with mongo_errors():
            found = self._arrivals.find({"_id": {"$in": _wanted(question)}})
            arrivals: dict[UUID, Any] = {document["_id"]["job"]: document async for document in found}
        evidence = question.data.evidence
        names = await self._jobs.names(question.tenantid, [id for id in evidence if "result" not in arrivals.get(id, {})])
        return gathered(question.data, arrivals, evidence, names)


def _arrived(event: Event[Any]) -> Document:
    return {"tenant": event.tenantid, "job": event.subject}


def _wanted(question: Event[QuestionSanitized]) -> list[Document]:
    return [{"tenant": question.tenantid, "job": id} for id in set(question.data.evidence)]
