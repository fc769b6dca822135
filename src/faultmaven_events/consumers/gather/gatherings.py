"""The join's memory in MongoDB: `arrivals` (what became of a piece of evidence) and `gatherings` (questions that wait).

An arrival is stored before anybody looks whether it was the last, so of two consumers that store the last two arrivals at once at least
one sees both. A question is decided in one atomic step. What it was given is kept with the decision, so that whoever tells it again tells
the same, whatever became of its evidence since.

An archive that arrives names the files in it, and the question waits for those as well. Once all of its evidence is there they are noted as
`children` of the gathering, of which `awaited` are those that had not arrived at the last look. Whoever notes them looks afterwards which
ones are there, and whoever stores the arrival of one looks afterwards who has noted it: so the last one is seen. The arrivals decide, not
`awaited`, which only spares counting all of them whenever one more arrives.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final
from uuid import UUID

from faultmaven_events.consumers.gather.waiting import MOST, arrival, gathered, wait_until, wanted
from faultmaven_events.infra import written
from faultmaven_events.infra.jobs import Jobs, Questions
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
        self._jobs, self._questions = Jobs(database), Questions(database)

    async def ask(self, event: Event[QuestionSanitized]) -> list[Event[Any]]:
        """Keep a question; return its follow-up when nothing is missing, and again whenever the question comes again."""
        event = await self._inheriting(event)
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
            if await self._arrivals.find_one({"_id": _key(event), "cancelled": True}, {"_id": 1}):
                await self._close(event)
        written.note("mongo")
        await self._complete(event, event.id)
        with mongo_errors():
            found = await self._gatherings.find_one(key, {"state": 1})
        return [await self._follow(event)] if found and found["state"] in {"complete", "overdue"} else []

    async def _inheriting(self, event: Event[QuestionSanitized]) -> Event[QuestionSanitized]:
        """Give a question that follows another, and was published without evidence, that of the other. The door has done so already."""
        if event.data.follows is None or event.data.evidence:
            return event
        evidence = await self._questions.evidence(event.tenantid, event.data.follows)
        return event.model_copy(update={"data": event.data.model_copy(update={"evidence": evidence})})

    async def arrive(self, event: Event[Any]) -> list[Event[Any]]:
        """Keep what became of a piece of evidence; return the follow-ups of the questions for which nothing is missing now.

        A failure and a result may both be there, when the job was sent on its way again: then the result counts.
        """
        with mongo_errors():
            await self._arrivals.update_one({"_id": _key(event)}, {"$set": {**arrival(event), "at": event.time}}, upsert=True)
            written.note("mongo")
            # One that this very event decided may not have been told: this may be the redelivery after a crash.
            open_ = {"$or": [{"state": None}, {"state": "complete", "decided_by": event.id}]}
            asked = self._gatherings.find({"tenant": event.tenantid, "evidence": event.subject, **open_}, {"event": 1})
            questions = [decode(bytes(document["event"])) async for document in asked]
        told = [question for question in questions if await self._complete(question, event.id)]
        seen = {question.id for question in questions}
        others = [question for question in await self._waiting_for_file(event) if question.id not in seen]
        told += [question for question in others if await self._complete(question, event.id, note=False)]
        return [await self._follow(question) for question in told]

    async def _waiting_for_file(self, event: Event[Any]) -> list[Event[Any]]:
        """Return the questions that wait for what arrived as a file of an archive, and for no other file as far as is known."""
        noted = {"tenant": event.tenantid, "children": event.subject}
        last = {"$or": [{"state": None, "awaited": []}, {"state": "complete", "decided_by": event.id}]}
        with mongo_errors():
            if await self._gatherings.find_one(noted, {"_id": 1}) is None:
                return []
            await self._gatherings.update_many({**noted, "state": None}, {"$pull": {"awaited": event.subject}})
            return [decode(bytes(document["event"])) async for document in self._gatherings.find({**noted, **last}, {"event": 1})]

    async def cancel(self, event: Event[Any]) -> None:
        """Close the gathering of a question that nobody wants an answer to any more, also one that comes later."""
        with mongo_errors():
            await self._arrivals.update_one(
                {"_id": _key(event)}, {"$set": {"cancelled": True}, "$setOnInsert": {"at": event.time}}, upsert=True
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

    async def _complete(self, question: Event[QuestionSanitized], by: UUID, *, note: bool = True) -> bool:
        """Decide a question for which nothing is missing; return whether the event `by` is the one that decided it, now or before.

        With `note` the files of its archives are written down, if it has to wait for them.
        """
        key = {"_id": question.id, "tenant": question.tenantid}
        evidence = set(question.data.evidence)
        arrived = await self._arrived(question.tenantid, evidence, {"result.children": 1})
        if len(arrived) < len(evidence):
            return False
        files = [job for job in islice(wanted(question.data.evidence, arrived), MOST) if job not in evidence]
        if files and not await self._have_arrived(key, files, note=note):
            return False
        with mongo_errors():
            await self._gatherings.update_one({**key, "state": None}, {"$set": {"state": "complete", "decided_by": by}})
            return await self._gatherings.find_one({**key, "state": "complete", "decided_by": by}, {"_id": 1}) is not None

    async def _have_arrived(self, key: Document, files: list[UUID], *, note: bool) -> bool:
        """Whether the files of a question's archives are all there. To note them comes before the look."""
        with mongo_errors():
            if note:
                noted = {"children": {"$each": files}, "awaited": {"$each": files}}
                await self._gatherings.update_one({**key, "state": None}, {"$addToSet": noted})
            there = list(await self._arrived(key["tenant"], files, {"_id": 1}))
            if len(there) < len(files) and note:
                await self._gatherings.update_one(key, {"$pullAll": {"awaited": there}})
        return len(there) == len(files)

    async def _arrived(self, tenant: str, jobs: Collection[UUID], fields: Document | None = None) -> dict[UUID, Document]:
        """Return the arrivals of jobs."""
        with mongo_errors():
            found = self._arrivals.find({"_id": {"$in": [{"tenant": tenant, "job": id} for id in jobs]}}, fields)
            return {document["_id"]["job"]: document async for document in found}

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
        evidence = question.data.evidence
        arrivals = await self._arrived(question.tenantid, set(evidence))
        files = [job for job in islice(wanted(evidence, arrivals), MOST) if job not in arrivals]
        arrivals |= await self._arrived(question.tenantid, files)
        given = islice(wanted(evidence, arrivals), MOST + 1)
        names = await self._jobs.names(question.tenantid, [id for id in given if "result" not in arrivals.get(id, {})])
        return gathered(question.data, arrivals, evidence, names)


def _key(event: Event[Any]) -> Document:
    return {"tenant": event.tenantid, "job": event.subject}
