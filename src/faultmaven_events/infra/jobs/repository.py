"""Jobs in MongoDB. The door inserts them as accepted, record projects events onto them; state only moves forward.

A document: `_id` job id, `tenant`, `user`, `kind`, `hops` by stage, `seen` ids of projected events, `rank` of the furthest state, `final`
once it ended (status, result, error), `status` for queries, `version`, and the door's `outbox` until its event is confirmed.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from faultmaven_events.infra.mongo import Database, Document, DuplicateKeyError, mongo_errors
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.job import TERMINAL, Job, StageRun
from faultmaven_events.schemas.outcome import Failure
from faultmaven_events.topology import PATHS, STATES

POLL = 0.15
"""Seconds between two looks at a watched job."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job ended."""

    status: str
    at: datetime
    result: dict[str, Any] | None = None
    error: Failure | None = None


class Jobs:
    """The repository of jobs; every method names the tenant."""

    def __init__(self, database: Database) -> None:
        self._jobs = database["jobs"]

    async def accept(self, job: Job, outbox: bytes | None = None) -> None:
        """Insert a job of the door; `outbox` is the encoded event that is not confirmed yet."""
        document: Document = {
            "_id": job.id,
            "tenant": job.tenant,
            "user": job.user,
            "kind": job.kind,
            "name": job.name,
            "status": "accepted",
            "rank": 0,
            "hops": {},
            "seen": [],
            "final": None,
            "created_at": job.created_at,
            "updated_at": job.created_at,
            "correlation_id": job.correlation_id,
            "session_id": job.session_id,
            "case_id": job.case_id,
            "evidence": list(job.evidence),
            "version": 0,
        }
        if outbox is not None:
            document |= {"outbox": outbox, "outbox_at": datetime.now(UTC)}
        with mongo_errors():
            await self._jobs.insert_one(document)

    async def published(self, tenant: str, id: UUID) -> None:
        """Forget the outbox of a job: its event is confirmed."""
        with mongo_errors():
            await self._jobs.update_one({"_id": id, "tenant": tenant}, {"$unset": {"outbox": "", "outbox_at": ""}})

    async def unpublished(self, before: datetime, limit: int = 100) -> list[tuple[str, UUID, bytes]]:
        """Return (tenant, job, event) of what was accepted before a time and not confirmed: the sweeper's work, over all tenants."""
        with mongo_errors():
            found = self._jobs.find({"outbox_at": {"$lt": before}}, {"tenant": 1, "outbox": 1}).sort("outbox_at", 1).limit(limit)
            return [(document["tenant"], document["_id"], bytes(document["outbox"])) async for document in found]

    async def discard(self, tenant: str, id: UUID) -> None:
        """Remove a job that was never published."""
        with mongo_errors():
            await self._jobs.delete_one({"_id": id, "tenant": tenant, "rank": 0})

    async def get(self, tenant: str, id: UUID) -> Job | None:
        """Return a job of a tenant."""
        with mongo_errors():
            document = await self._jobs.find_one({"_id": id, "tenant": tenant}, {"outbox": 0, "seen": 0})
        return job_of(document) if document else None

    async def existing(self, tenant: str, ids: tuple[UUID, ...], kind: str) -> set[UUID]:
        """Return which of the ids are jobs of that tenant and kind."""
        with mongo_errors():
            return {
                document["_id"]
                async for document in self._jobs.find({"_id": {"$in": list(ids)}, "tenant": tenant, "kind": kind}, {"_id": 1})
            }

    async def names(self, tenant: str, ids: Sequence[UUID]) -> dict[UUID, str]:
        """Return the names of those of the jobs that have one."""
        with mongo_errors():
            found = self._jobs.find({"_id": {"$in": [*ids]}, "tenant": tenant, "name": {"$ne": None}}, {"name": 1})
            return {document["_id"]: document["name"] async for document in found}

    async def list(
        self, tenant: str, *, status: str | None = None, kind: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> tuple[list[Job], str | None]:
        """Return jobs, newest first, without their results, and the cursor of the next page.

        Raises:
            ValueError: the cursor is not one of ours.
        """
        query: Document = {"tenant": tenant}
        if status:
            query["status"] = status
        if kind:
            query["kind"] = kind
        if cursor:
            query["_id"] = {"$lt": UUID(cursor)}
        with mongo_errors():
            documents = self._jobs.find(query, {"outbox": 0, "seen": 0, "final.result": 0}).sort("_id", -1).limit(limit + 1)
            jobs = [job_of(document) async for document in documents]
        return jobs[:limit], str(jobs[limit - 1].id) if len(jobs) > limit else None

    async def watch(self, tenant: str, id: UUID) -> AsyncIterator[Job]:
        """Yield the job now, then after each change; ends after a terminal status, or at once when there is no such job."""
        seen = -1
        while True:
            with mongo_errors():
                found = await self._jobs.find_one({"_id": id, "tenant": tenant}, {"version": 1})
            if found is None:
                return
            if found["version"] != seen:
                job = await self.get(tenant, id)
                if job is None:
                    return
                seen = job.version
                yield job
                if job.status in TERMINAL:
                    return
            await asyncio.sleep(POLL)

    async def project(self, event: Event[Any], ending: Ending | None = None) -> None:
        """Apply one event, once however often it comes and in whatever order; the first ending stays."""
        key = {"_id": event.subject, "tenant": event.tenantid}
        hop = {"waited_ms": event.waitedms, "ran_ms": event.ranms, "attempt": event.attempt, "consumer": event.consumer, "at": event.time}
        changes: Document = {
            "$addToSet": {"seen": event.id},
            "$inc": {"version": 1},
            "$max": {"rank": STATES.index(event.state), "updated_at": event.time},
            "$min": {"created_at": event.time},
            "$setOnInsert": {
                "user": event.userid,
                "kind": event.kind,
                "final": None,
                "status": "running",
                "correlation_id": event.correlationid,
            },
        }
        if event.stage and event.stage in PATHS[event.kind]:
            changes["$set"] = {f"hops.{event.stage}": hop}
        if event.state == "submitted":
            data = event.data
            given = {
                "name": getattr(data, "name", None),
                "session_id": data.session_id,
                "case_id": data.case_id,
                "evidence": list(getattr(data, "evidence", ())),
            }
            changes["$set"] = {**changes.get("$set", {}), **given}
        with mongo_errors():
            with suppress(DuplicateKeyError):  # it was applied before
                await self._jobs.update_one({**key, "seen": {"$ne": event.id}}, changes, upsert=True)
            if ending is None and event.state == "classified":  # the first event that every job of the door passes
                await self._jobs.update_one({**key, "final": None, "status": "accepted"}, {"$set": {"status": "running"}})
            elif ending is not None:
                final = {"at": ending.at, "result": ending.result, "error": ending.error.model_dump() if ending.error else None}
                done = {"$set": {"final": final, "status": ending.status}, "$inc": {"version": 1}, "$max": {"updated_at": ending.at}}
                await self._jobs.update_one({**key, "final": None}, done)


def job_of(document: Document) -> Job:
    """Return the job that a document shows."""
    final = document.get("final")
    path = PATHS[document["kind"]]
    hops = document.get("hops", {})
    failure = Failure.model_validate(final["error"]) if final and final.get("error") else None
    done = [stage for stage in path if stage in hops]
    status = document["status"]
    at = next((stage for stage in path if stage not in hops), None)
    return Job(
        id=document["_id"],
        tenant=document["tenant"],
        user=document["user"],
        kind=document["kind"],
        name=document.get("name"),
        status=status,
        stage=None if status in TERMINAL else at,
        progress=1.0 if status == "completed" else round(len(done) / len(path), 2),
        stages=tuple(_run(stage, hops.get(stage), failure) for stage in path),
        result=final.get("result") if final else None,
        error=failure,
        created_at=document["created_at"],
        updated_at=document["updated_at"],
        finished_at=final["at"] if final else None,
        correlation_id=document["correlation_id"],
        session_id=document.get("session_id"),
        case_id=document.get("case_id"),
        evidence=tuple(document.get("evidence") or ()),
        version=document["version"],
    )


def _run(stage: str, hop: Document | None, failure: Failure | None) -> StageRun:
    if hop is None:
        return StageRun(stage=stage, state="failed" if failure and failure.stage == stage else "waiting")
    return StageRun(stage=stage, state="done", **hop)
