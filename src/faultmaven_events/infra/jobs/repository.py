"""Reading jobs, and accepting them: what the door does. The shape of a document is described in `document`."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

from faultmaven_events.infra.jobs.document import job_of
from faultmaven_events.infra.mongo import Database, Document, mongo_errors
from faultmaven_events.schemas.job import TERMINAL, Job

POLL = 0.15
"""Seconds between two looks at a watched job."""
_SHORT = {"outbox": 0, "seen": 0, "final.result": 0, "children": 0}
"""What is not shown where many jobs are."""


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
        if job.follows is not None:
            document["follows"] = job.follows
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

    async def unfinished(self, tenant: str, most: int) -> int:
        """Return how many files and documents of a tenant are on their way, counted up to `most`."""
        query = {"tenant": tenant, "status": {"$in": ["accepted", "running"]}, "kind": {"$in": ["ingest", "document"]}}
        with mongo_errors():
            return await self._jobs.count_documents(query, limit=most)

    async def existing(self, tenant: str, ids: tuple[UUID, ...], kind: str) -> set[UUID]:
        """Return which of the ids are jobs of that tenant and kind."""
        with mongo_errors():
            return {
                document["_id"]
                async for document in self._jobs.find({"_id": {"$in": list(ids)}, "tenant": tenant, "kind": kind}, {"_id": 1})
            }

    async def unfinished_children(self, tenant: str, parent: UUID) -> list[Job]:
        """Return those files of an archive that are on their way, without their results."""
        query = {"tenant": tenant, "parent": parent, "status": {"$in": ["accepted", "running"]}}
        with mongo_errors():
            return [job_of(document) async for document in self._jobs.find(query, _SHORT)]

    async def names(self, tenant: str, ids: Sequence[UUID]) -> dict[UUID, str]:
        """Return the names of those of the jobs that have one."""
        with mongo_errors():
            found = self._jobs.find({"_id": {"$in": [*ids]}, "tenant": tenant, "name": {"$ne": None}}, {"name": 1})
            return {document["_id"]: document["name"] async for document in found}

    async def list(
        self, tenant: str, *, status: str | None = None, kind: str | None = None, limit: int = 50, cursor: str | None = None
    ) -> tuple[list[Job], str | None]:
        """Return jobs, newest first, without their results and files, and the cursor of the next page.

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
            documents = self._jobs.find(query, _SHORT).sort("_id", -1).limit(limit + 1)
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
