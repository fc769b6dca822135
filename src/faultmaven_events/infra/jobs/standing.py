"""Where a job stands among others: what only the job store knows of why it is not done."""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from faultmaven_events.infra.jobs.facts import AHEAD, FRESH, STARVED, Awaited, Facts, Join, Place
from faultmaven_events.infra.jobs.pace import FEWEST, SAMPLE, Pace, Run, pace_of
from faultmaven_events.infra.mongo import Database, Document, mongo_errors
from faultmaven_events.schemas.job import TERMINAL, Job
from faultmaven_events.schemas.outcome import Failure
from faultmaven_events.topology import PATHS

KEPT: Final = 10.0
"""Seconds for which the pace of a kind is kept."""
PATIENCE: Final = 2.0
"""Seconds that counting others may take, before the answer goes without it."""
_FIELDS: Final = ("stage", "arrived_at", "delayed", "outbox_at", "hops", "created_at")


class Standing:
    """Looks a job's place up. Others are counted and timed over all tenants, since queues are everybody's; nothing else of them is read."""

    def __init__(self, database: Database) -> None:
        self._jobs, self._gatherings, self._arrivals = database["jobs"], database["gatherings"], database["arrivals"]
        self._paces: dict[str, tuple[float, Pace]] = {}

    async def of(self, job: Job, now: datetime) -> Facts | None:
        """Return what the store knows of a job that has not ended; None when it has, or is not there.

        Raises:
            TransientError: Mongo is away.
        """
        with mongo_errors():
            document = await self._jobs.find_one({"_id": job.id, "tenant": job.tenant, "final": None}, dict.fromkeys(_FIELDS, 1))
        if document is None or job.status in TERMINAL:
            return None
        stage = _stage(job, document)
        if document.get("outbox_at") and not document.get("hops"):
            return Facts(job, stage, now, Place(since=document["outbox_at"], unpublished=True))
        join = await self._join(job, now) if stage == "gather" else None
        return Facts(job, stage, now, await self._place(job, stage, document, now), join=join, pace=await self._pace(job.kind))

    async def _place(self, job: Job, stage: str, document: Document, now: datetime) -> Place:
        since = document.get("arrived_at") or document["created_at"]
        waited = (now - since).total_seconds()
        before: Document = {"stage": stage, "kind": job.kind, "arrived_at": {"$lt": since}}  # a job that has ended has no `arrived_at`
        delayed = document.get("delayed") or {}
        alone = Place(
            since=since,
            error=Failure.model_validate(delayed["error"]) if delayed.get("stage") == stage else None,
            retry_at=delayed.get("next_at"),
        )
        if stage == "gather":
            return alone  # nobody stands in line there: each question waits for evidence of its own
        with mongo_errors():
            ahead = await self._jobs.count_documents(before, limit=AHEAD, maxTimeMS=round(PATIENCE * 1000))
            first = await self._jobs.find_one(before, {"arrived_at": 1}, sort=[("arrived_at", 1)]) if ahead else None
            crowded = ahead and waited > STARVED
            own = await self._jobs.count_documents({**before, "tenant": job.tenant}, limit=AHEAD) if crowded else 0
        return replace(
            alone,
            ahead=ahead,
            own=own,
            overtaken=await self._overtaken(job, stage, since, now),
            oldest=first["arrived_at"] if first else None,
        )

    async def _overtaken(self, job: Job, stage: str, since: datetime, now: datetime) -> int:
        """Count jobs that came to the stage later and were through longer ago than one message may take."""
        before = now - timedelta(seconds=Facts(job, stage, now, Place(since)).limit)
        if since >= before:
            return 0
        query = {"kind": job.kind, "status": "completed", "final.at": {"$gt": since, "$lt": before}}
        with mongo_errors():
            found = self._jobs.find(query, {f"hops.{stage}": 1}).sort("final.at", -1).limit(SAMPLE)
            runs = [run async for document in found for run in _runs(document)]
        return sum(run.at - timedelta(seconds=run.waited_s + run.ran_s) > since for run in runs)

    async def _pace(self, kind: str) -> Pace:
        at, pace = self._paces.get(kind, (-KEPT, Pace()))
        if time.monotonic() - at < KEPT:
            return pace
        with mongo_errors():
            found = self._jobs.find({"kind": kind, "status": "completed"}, {"hops": 1}).sort("final.at", -1).limit(SAMPLE)
            pace = pace_of([_runs(document) async for document in found])
        if pace.jobs >= FEWEST:  # of fewer, the next one may be the one that is missing
            self._paces[kind] = (time.monotonic(), pace)
        return pace

    async def _join(self, job: Job, now: datetime) -> Join | None:
        """Return what a question waits for that has reached gather."""
        with mongo_errors():
            waiting = await self._gatherings.find_one(
                {"tenant": job.tenant, "job": job.id, "state": None}, {"evidence": 1, "children": 1, "by": 1}
            )
            if waiting is None:
                return None
            evidence = list(dict.fromkeys([*waiting["evidence"], *waiting.get("children", ())]))
            keys = [{"tenant": job.tenant, "job": id} for id in evidence]
            there = {document["_id"]["job"] async for document in self._arrivals.find({"_id": {"$in": keys}}, {"_id": 1})}
            away = [id for id in evidence if id not in there]
            found = self._jobs.find({"_id": {"$in": away}, "tenant": job.tenant}, {"name": 1, "status": 1, "stage": 1})
            known = {document["_id"]: document async for document in found}
        if waiting["by"] < now - timedelta(seconds=FRESH) or not away:
            return None  # it goes on now
        return Join(tuple(_awaited(id, known.get(id)) for id in away), len(evidence), waiting["by"])


def _stage(job: Job, document: Document) -> str:
    path = PATHS[job.kind]
    stage: str | None = document.get("stage") or job.stage
    return stage if stage in path else path[-1]  # every hop is there: record has only to write its own end down


def _awaited(id: UUID, known: Mapping[str, Any] | None) -> Awaited:
    if known is None:
        return Awaited(str(id), None)
    status = known["status"]
    label = f"{known['name']}, job {id}" if known.get("name") else str(id)  # its name is a neutral one while it is in work
    return Awaited(label, status, None if status in TERMINAL else known.get("stage"))


def _runs(document: Document) -> list[Run]:
    return [
        Run(stage, hop["at"], (hop.get("waited_ms") or 0) / 1000, (hop.get("ran_ms") or 0) / 1000)
        for stage, hop in (document.get("hops") or {}).items()
        if hop.get("at")
    ]
