"""The gather stage: joins a question with its evidence, whichever comes first, and goes on when all is there or the time is up.

State lies in Mongo: `arrivals` (what became of a piece of evidence) and `gatherings` (questions that wait). An arrival is stored before
anybody looks whether it was the last, so of two consumers that store the last two arrivals at once at least one sees both.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog

from faultmaven_events.consumers.gather.waiting import arrival, gathered, wait_until
from faultmaven_events.consumers.stage import Handler
from faultmaven_events.errors import TransientError
from faultmaven_events.infra.jobs import Jobs
from faultmaven_events.infra.mongo import Database, ensure_indexes, mongo_errors, open_mongo
from faultmaven_events.producers.publish import Publisher, open_publisher
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.question import QuestionSanitized
from faultmaven_events.schemas.registry import decode
from faultmaven_events.settings import Settings

TICK = 1.0
"""Seconds between two looks for questions whose time is up."""

log = structlog.get_logger()


class Gatherings:
    """Questions that wait, and evidence that arrived.

    A question's `state` is None while it waits, then for good `complete` (all arrived) or `overdue` (gone on without the rest; `told` once
    its follow-up is confirmed).
    """

    def __init__(self, database: Database, limit: float) -> None:
        self._arrivals, self._gatherings, self._limit = database["arrivals"], database["gatherings"], limit
        self._jobs = Jobs(database)

    async def ask(self, event: Event[QuestionSanitized]) -> list[Event[Any]]:
        """Keep a question; return its follow-up when nothing is missing."""
        document = {
            "tenant": event.tenantid,
            "evidence": list(event.data.evidence),
            "event": event.encode(),
            "by": wait_until(event.time, event.deadline, self._limit),
            "state": None,
            "told": False,
        }
        with mongo_errors():
            await self._gatherings.update_one({"_id": event.id}, {"$setOnInsert": document}, upsert=True)
        return await self._complete(event)

    async def arrive(self, event: Event[Any]) -> list[Event[Any]]:
        """Keep what became of a piece of evidence; return the follow-ups of the questions for which nothing is missing now."""
        key = {"_id": {"tenant": event.tenantid, "job": event.subject}}
        with mongo_errors():
            await self._arrivals.update_one(key, {"$setOnInsert": {**arrival(event), "at": event.time}}, upsert=True)
            asked = self._gatherings.find({"tenant": event.tenantid, "evidence": event.subject, "state": {"$ne": "overdue"}}, {"event": 1})
            questions = [decode(bytes(document["event"])) async for document in asked]
        return [follow for question in questions for follow in await self._complete(question)]

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

    async def _complete(self, question: Event[QuestionSanitized]) -> list[Event[Any]]:
        key = {"_id": question.id, "tenant": question.tenantid}
        with mongo_errors():
            there = await self._arrivals.count_documents({"_id": {"$in": _keys(question)}})
            if there < len(set(question.data.evidence)):
                return []
            # Decided in one atomic step against `overdue`. A redelivery finds `complete` and answers the same again.
            won = await self._gatherings.update_one({**key, "state": {"$ne": "overdue"}}, {"$set": {"state": "complete"}})
        return [await self._follow(question)] if won.matched_count else []

    async def _follow(self, question: Event[QuestionSanitized]) -> Event[Any]:
        with mongo_errors():
            found = self._arrivals.find({"_id": {"$in": _keys(question)}})
            arrivals: dict[UUID, Any] = {document["_id"]["job"]: document async for document in found}
        evidence = question.data.evidence
        names = await self._jobs.names(question.tenantid, [id for id in evidence if "result" not in arrivals.get(id, {})])
        return question.follow("gather", "gathered", gathered(question.data, arrivals, evidence, names))


def _keys(question: Event[QuestionSanitized]) -> list[dict[str, Any]]:
    return [{"tenant": question.tenantid, "job": id} for id in set(question.data.evidence)]


async def _watch(gatherings: Gatherings, publisher: Publisher) -> None:
    while True:
        try:
            for follow in await gatherings.overdue(datetime.now(UTC)):
                await publisher.publish(follow.stamped(stage="gather", attempt=1, consumer="gather/overdue"))
                await gatherings.settle(follow)
                log.info("gathered_overdue", job=str(follow.subject), missing=len(follow.data.missing))
        except TransientError as error:
            log.warning("overdue_not_gathered", error=str(error))
        await asyncio.sleep(TICK)


@asynccontextmanager
async def open_stage(settings: Settings) -> AsyncIterator[Handler]:
    """Open Mongo, start looking for overdue questions, and yield the handler."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_mongo(settings))
        publisher = await stack.enter_async_context(open_publisher(settings))
        await ensure_indexes(database)
        gatherings = Gatherings(database, settings.job_deadline_s)
        watching = asyncio.create_task(_watch(gatherings, publisher))
        stack.callback(watching.cancel)

        async def gather(event: Event[Any]) -> Sequence[Event[Any]]:
            """A question waits; evidence arrives."""
            return await (gatherings.ask(event) if event.kind == "troubleshoot" else gatherings.arrive(event))

        yield gather
