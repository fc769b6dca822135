"""Everything that the stores hold of a set of jobs, as normal values: equal for equal content, whatever happened on the way."""

import asyncio
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import qdrant_edge as edge
from pydantic_core import from_json

from faultmaven_events.errors import MissingContent
from faultmaven_events.infra.blobs import Blobs
from faultmaven_events.infra.mongo import Database, Document
from faultmaven_events.schemas.content import Content
from faultmaven_events.topology import NOTES
from faults.normal import DROPPED, is_content, normal

Facts = dict[str, Any]
"""What is known of one job: `job`, `result`, `letters`, `arrival`, `gathering`, `events`, `runs`, `points`."""

CHUNK: Final = 500
"""Jobs that are asked about in one query."""

Key = tuple[str, str, str | None]
"""A job without its id: tenant, kind, name."""


class Stores:
    """The stores of the running system, read from outside."""

    def __init__(self, database: Database, pool: "asyncpg.Pool[asyncpg.Record]", blobs: Blobs, vectors: Path) -> None:
        self._database, self._pool, self._blobs, self._vectors = database, pool, blobs, vectors

    async def facts(self, ids: Collection[UUID], *, blobs: bool = True) -> dict[UUID, Facts]:
        """Return what is stored of each job; a job of which nothing is stored is left out.

        Args:
            ids: the jobs.
            blobs: whether blobs are opened too, or only counted on.
        """
        found: dict[UUID, Facts] = {}
        wanted = list(ids)
        for start in range(0, len(wanted), CHUNK):
            found |= await self._some(wanted[start : start + CHUNK], blobs=blobs)
        return found

    async def _some(self, ids: list[UUID], *, blobs: bool) -> dict[UUID, Facts]:
        jobs = {job["_id"]: job async for job in self._database["jobs"].find({"_id": {"$in": ids}}, {"seen": 0})}
        evidence = {id for job in jobs.values() for id in job.get("evidence") or ()}
        labels = {job["_id"]: job.get("name") async for job in self._database["jobs"].find({"_id": {"$in": list(evidence)}}, {"name": 1})}
        letters = await self._by_job("dead_letters", "job_id", ids)
        gatherings = await self._gatherings(jobs)
        arrivals = await self._arrivals(jobs)
        events = await self._rows("SELECT job_id, event_id, type FROM event_log WHERE job_id = ANY($1::uuid[])", ids)
        runs = await self._rows("SELECT job_id, event_id, stage, outcome FROM stage_runs WHERE job_id = ANY($1::uuid[])", ids)
        found: dict[UUID, Facts] = {}
        for id, job in jobs.items():
            names = {str(id): "<job>", **{str(other): f"<{labels.get(other)}>" for other in job.get("evidence") or ()}}
            final = job.get("final") or {}
            found[id] = {
                "job": normal(_state(job, final), names),
                "result": await self._opened(job["tenant"], final.get("result"), names, blobs=blobs),
                "letters": sorted((each["stage"], each["code"], each["error"], each["fingerprint"], each["state"]) for each in letters[id]),
                "arrival": await self._opened(job["tenant"], arrivals.get(id), names, blobs=False),
                "gathering": normal(gatherings.get(id), names),
                "events": sorted(row["type"] for row in events[id] if row["type"].split(".")[1] not in NOTES),
                "twice": sorted(type_ for type_, many in _repeated(events[id], "type")),
                "runs": sorted(f"{row['stage']} {row['outcome']}" for row in runs[id]),
            }
        return found

    async def _by_job(self, collection: str, field: str, ids: list[UUID]) -> dict[UUID, list[Document]]:
        found: dict[UUID, list[Document]] = defaultdict(list)
        async for document in self._database[collection].find({field: {"$in": ids}}):
            found[document[field]].append(document)
        return found

    async def _gatherings(self, jobs: Mapping[UUID, Document]) -> dict[UUID, Document]:
        """Return the gatherings by their question's job, without what names moments."""
        questions = [job for job in jobs.values() if job["kind"] == "troubleshoot"]
        asked = [id for job in questions for id in job.get("evidence") or ()]
        found = {}
        async for document in self._database["gatherings"].find({"evidence": {"$in": asked}}):
            subject = UUID(from_json(bytes(document["event"]))["subject"])
            found[subject] = {"state": document["state"], "evidence": document["evidence"], "tenant": document["tenant"]}
        return found

    async def _arrivals(self, jobs: Mapping[UUID, Document]) -> dict[UUID, Document]:
        keys = [{"tenant": job["tenant"], "job": id} for id, job in jobs.items()]
        kept = self._database["arrivals"].find({"_id": {"$in": keys}})
        return {document["_id"]["job"]: {k: v for k, v in document.items() if k not in {"_id", "at"}} async for document in kept}

    async def _rows(self, query: str, ids: list[UUID]) -> dict[UUID, list[asyncpg.Record]]:
        found: dict[UUID, list[asyncpg.Record]] = defaultdict(list)
        for row in await self._pool.fetch(query, ids):
            found[row["job_id"]].append(row)
        return found

    async def _opened(self, tenant: str, value: Any, names: Mapping[str, str], *, blobs: bool) -> Any:
        """Return a value with each reference replaced by what it leads to: JSON as a normal value, text by its digest."""
        if is_content(value):
            return await self._blob(tenant, Content.model_validate(value), names, blobs=blobs)
        if isinstance(value, dict):
            return {k: await self._opened(tenant, v, names, blobs=blobs) for k, v in normal_keys(value).items()}
        if isinstance(value, list):
            return [await self._opened(tenant, each, names, blobs=blobs) for each in value]
        return normal(value, names)

    async def _blob(self, tenant: str, content: Content, names: Mapping[str, str], *, blobs: bool) -> Any:
        is_json = content.media_type == "application/json"
        if not blobs:
            return "<json>" if is_json else content.sha256
        try:
            data = await self._blobs.read(tenant, content)
        except MissingContent as error:
            return f"<{error}>"
        return normal(from_json(data), names) if is_json else content.sha256

    async def points(self) -> dict[UUID, list[Any]]:
        """Return the points of every document in the vector store, read from a copy: the consumer has the folder open."""
        return await asyncio.to_thread(_points, self._vectors)


def normal_keys(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document without the fields that name moments."""
    return {key: inner for key, inner in value.items() if key not in DROPPED}


def _state(job: Document, final: Document) -> Document:
    error = final.get("error") or {}
    return {
        "kind": job["kind"],
        "name": job.get("name"),
        "status": job["status"],
        "user": job["user"],
        "evidence": list(job.get("evidence") or ()),
        "stages": sorted(job.get("hops", {})),
        "outbox": "outbox" in job,
        "error": {key: error.get(key) for key in ("code", "message", "stage", "retryable")} if error else None,
    }


def _repeated(rows: Iterable[asyncpg.Record], name: str) -> list[tuple[str, int]]:
    counted = Counter((row["event_id"], row[name]) for row in rows)
    return [(text, many) for (_, text), many in counted.items() if many > 1]


def _points(folder: Path) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        copy = Path(place) / "shard"
        shutil.copytree(folder / "shard", copy, ignore_dangling_symlinks=True)
        shard = edge.EdgeShard.load(str(copy))
        try:
            offset: Any = None
            while True:
                records, offset = shard.scroll(edge.ScrollRequest(offset=offset, limit=5000, with_payload=True, with_vector=False))
                for record in records:
                    payload = dict(record.payload or {})
                    document = UUID(payload["document_id"])
                    found[document].append(normal(payload, {str(document): "<job>"}))
                if offset is None:
                    break
        finally:
            with suppress(Exception):
                shard.close()
    return found


def debris(blobs: Path) -> tuple[Counter[str], list[str]]:
    """Count blobs by `<area>/<tenant>`; return what lies beside them half written, too."""
    whole: Counter[str] = Counter()
    half: list[str] = []
    for area in ("raw", "clean"):
        for path in (blobs / area).glob("*/*") if (blobs / area).is_dir() else ():
            if "#" in path.name:
                half.append(f"{area}/{path.parent.name}/{path.name}")
            else:
                whole[f"{area}/{path.parent.name}"] += 1
    return whole, half
