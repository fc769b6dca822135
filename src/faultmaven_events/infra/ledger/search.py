"""Looking for what is missing: jobs that stand still, jobs that ended incomplete, and whether a gap has closed."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from faultmaven_events.infra.ledger.check import check
from faultmaven_events.infra.ledger.cutoff import Cutoff, Soundings, cutoff
from faultmaven_events.infra.ledger.state import Bookmark
from faultmaven_events.infra.mongo import Database, Document, mongo_errors
from faultmaven_events.infra.timescale import Timeline
from faultmaven_events.schemas.event import Kind, derive
from faultmaven_events.schemas.job import TERMINAL
from faultmaven_events.schemas.ledger import Gap, Why
from faultmaven_events.topology import BY_NAME, GIVES, PATHS

AT_ONCE: Final = 200
"""Jobs of one stage and kind that a round looks at, the oldest first."""
PAGE: Final = 2000
"""Ended jobs that are compared at a time."""
ANNOUNCED: Final = 3
"""After so many attempts a stage says no more that a job waits on the retry ladder."""

_FACTS: Final = {"final.result": 0, "outbox": 0, "seen": 0}
_LOGGED: Final = "SELECT job_id, event_id, type FROM event_log WHERE tenant = ANY($1::text[]) AND job_id = ANY($2::uuid[])"


class Search:
    """Looks over all tenants: it is for who operates the system."""

    def __init__(self, database: Database, timeline: Timeline, *, quiet: float, longest_rung: float) -> None:
        self._jobs, self._gatherings, self._timeline = database["jobs"], database["gatherings"], timeline
        self._quiet, self._longest = quiet, longest_rung

    async def lost(self, soundings: Soundings, known: Collection[UUID]) -> tuple[list[Gap], dict[str, str]]:
        """Return the jobs that stand still where no queue can hold them, and why it could not be told elsewhere.

        Of jobs beyond the known ones at most `AT_ONCE` for each stage and kind.
        """
        gaps, unjudged = [], {}
        for kind, path in PATHS.items():
            for stage in path[:-1]:  # a job does not stand at record: its last event completes it
                limit = cutoff(BY_NAME[stage], kind, soundings, quiet=self._quiet, longest_rung=self._longest)
                if limit.before is None:
                    unjudged[f"{kind} {stage}"] = limit.reason
                else:
                    still = await self._still(kind, stage, limit.before, limit, known)
                    gaps += [_gap("lost", job, stage, soundings.now) for job in still]
        return gaps, unjudged

    async def _still(self, kind: str, stage: str, before: datetime, limit: Cutoff, known: Collection[UUID]) -> list[Document]:
        chosen: list[Document] = [
            {"stage": stage, "kind": kind, "arrived_at": {"$lt": before}, "touched_at": {"$lt": before}, "final": None}
        ]
        if stage == PATHS[kind][0]:  # published, and nobody has heard of it since
            unheard = {"status": "accepted", "touched_at": None, "outbox_at": None, "stage": None}
            chosen.append({**unheard, "kind": kind, "created_at": {"$lt": before}})
        with mongo_errors():
            found = [job for query in chosen async for job in self._jobs.find(query, _FACTS).limit(AT_ONCE + len(known))]
            waiting: set[UUID] = set()
            if stage == "gather" and found:
                undecided = {"job": {"$in": [job["_id"] for job in found]}, "$or": [{"state": None}, {"state": "overdue", "told": False}]}
                waiting = {each["job"] async for each in self._gatherings.find(undecided, {"job": 1})}
        return [job for job in found if job["_id"] not in waiting and job["_id"] not in known and not _goes_round(job, stage, limit)]

    async def ended(self, after: Bookmark | None, since: datetime, until: datetime) -> tuple[list[Gap], Bookmark | None, bool]:
        """Compare a page of ended jobs with the event log; return what is missing, how far it came, and whether there may be more."""
        chosen: Document = {"status": {"$in": sorted(TERMINAL)}, "touched_at": {"$gte": after[0] if after else since, "$lt": until}}
        if after:
            chosen["$or"] = [{"touched_at": {"$gt": after[0]}}, {"_id": {"$gt": after[1]}}]
        with mongo_errors():
            found = self._jobs.find(chosen, _FACTS).sort([("touched_at", 1), ("_id", 1)]).limit(PAGE)
            new = [job async for job in found]
        gaps = [gap async for gap in self._incomplete(new, until)] if new else []
        return gaps, ((new[-1]["touched_at"], new[-1]["_id"]) if new else after), len(new) == PAGE

    async def closed(self, gaps: Sequence[Gap], now: datetime) -> list[Gap]:
        """Return those of the gaps that have closed: the job moved on, or what was missing is there."""
        ids = [gap.job for gap in gaps]
        with mongo_errors():
            found = self._jobs.find({"_id": {"$in": ids}, "tenant": {"$in": sorted({gap.tenant for gap in gaps})}}, _FACTS)
            jobs = {(job["tenant"], job["_id"]): job async for job in found}
        there = [job for job in jobs.values() if job["status"] in TERMINAL]
        incomplete = {gap.id async for gap in self._incomplete(there, now)} if there else set()
        return [gap for gap in gaps if _has_closed(gap, jobs.get((gap.tenant, gap.job)), incomplete)]

    async def _incomplete(self, jobs: Sequence[Document], now: datetime) -> Any:
        logged: dict[UUID, dict[UUID, str]] = {job["_id"]: {} for job in jobs}
        async with self._timeline.connect() as connection:
            for row in await connection.fetch(_LOGGED, sorted({job["tenant"] for job in jobs}), list(logged)):
                logged[row["job_id"]][row["event_id"]] = row["type"]
        for job in jobs:
            for finding in check(job, logged[job["_id"]]):
                yield _gap(finding.why, job, finding.state, now, finding.event_id)


def _goes_round(job: Document, stage: str, limit: Cutoff) -> bool:
    """Whether a job may be on the ladder without anybody saying so: a server is away, and it is tried again and again."""
    told = job.get("delayed") or {}
    silent = told.get("stage") == stage and (told["error"]["code"] == "unavailable" or told["error"]["attempts"] >= ANNOUNCED)
    return silent and not limit.certain


def _gap(why: Why, job: Document, place: str, now: datetime, event_id: UUID | None = None) -> Gap:
    generation, kind = job.get("generation", 0), job["kind"]
    known: Kind = kind
    return Gap(
        id=derive(job["_id"], f"gap/{why}/{place}/{generation}"),
        why=why,
        job=job["_id"],
        tenant=job["tenant"],
        kind=known,
        place=place,
        generation=generation,
        event_id=event_id,
        quiet_since=job.get("touched_at") or job["created_at"],
        found_at=now,
    )


def _has_closed(gap: Gap, job: Document | None, incomplete: Iterable[UUID]) -> bool:
    if job is None:
        return True
    if gap.why == "lost":
        stage = job.get("stage") or PATHS[gap.kind][0]
        return job["status"] in TERMINAL or stage != gap.place or job.get("generation", 0) != gap.generation
    if job["status"] not in TERMINAL:
        return any(GIVES[stage] == gap.place for stage in job.get("hops", {}))
    return gap.id not in incomplete
