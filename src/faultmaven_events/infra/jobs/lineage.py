"""The way of a job from what was handed in to its result, and whether each step follows from the one before."""

from collections.abc import Collection, Sequence
from itertools import pairwise
from uuid import UUID

from faultmaven_events.infra.jobs.document import job_of
from faultmaven_events.infra.mongo import Database, Document, mongo_errors
from faultmaven_events.schemas.event import derive
from faultmaven_events.schemas.job import StageRun
from faultmaven_events.schemas.lineage import Death, Hop, Lineage

LETTERS = 100
"""At most so many dead letters of one job are shown."""


class Lineages:
    """Reads the ways of jobs; every method names the tenant."""

    def __init__(self, database: Database) -> None:
        self._jobs, self._letters = database["jobs"], database["dead_letters"]

    async def of(self, tenant: str, id: UUID) -> Lineage | None:
        """Return the way of a job, for a question with those of its evidence; None when there is no such job.

        Raises:
            TransientError: Mongo is away.
        """
        found = await self._ways(tenant, [id])
        if id not in found:
            return None
        way, evidence = found[id]
        pieces = await self._ways(tenant, evidence) if evidence else {}
        missing = [f"evidence {piece}: there is no such job" for piece in evidence if piece not in pieces]
        nested = tuple(pieces[piece][0] for piece in evidence if piece in pieces)
        return way.model_copy(update={"evidence": nested, "breaks": (*way.breaks, *missing), "unbroken": way.unbroken and not missing})

    async def _ways(self, tenant: str, ids: Sequence[UUID]) -> dict[UUID, tuple[Lineage, tuple[UUID, ...]]]:
        with mongo_errors():
            jobs = [each async for each in self._jobs.find({"_id": {"$in": [*ids]}, "tenant": tenant}, {"outbox": 0, "final.result": 0})]
            letters: dict[UUID, list[Document]] = {}
            known = [job["_id"] for job in jobs]
            shown = {"event": 0, "sealed": 0}
            found = (
                self._letters.find({"job_id": {"$in": known}, "tenant": tenant}, shown).sort("died_at", 1).limit(LETTERS * len(known) or 1)
            )
            async for letter in found:
                letters.setdefault(letter["job_id"], []).append(letter)
        return {job["_id"]: (lineage(job, letters.get(job["_id"], ())), tuple(job.get("evidence") or ())) for job in jobs}


def lineage(document: Document, letters: Sequence[Document] = ()) -> Lineage:
    """Return the way that a job's document and its dead letters show."""
    job = job_of(document)
    edited = {letter["stage"] for letter in letters if letter.get("edited")}
    hops = _hops(job.stages, derive(job.id, "ingress/0"), edited)
    breaks = tuple(_break(hop) for hop in hops if hop.follows is False)
    return Lineage(
        job_id=job.id,
        kind=job.kind,
        name=job.name,
        status=job.status,
        user=job.user,
        correlation_id=job.correlation_id,
        parent=job.parent,
        created_at=job.created_at,
        finished_at=job.finished_at,
        generation=job.generation,
        hops=hops,
        deaths=tuple(map(_death, letters[:LETTERS])),
        history=job.history,
        unbroken=not breaks,
        breaks=breaks,
    )


def _hops(stages: Sequence[StageRun], ingress: UUID, edited: Collection[str]) -> tuple[Hop, ...]:
    """Return the stages with whether each follows. Of a job that did not come through the door nobody knows what it began with."""
    first = stages[0]
    begins = True if first.state == "done" and (first.causation_id == ingress or first.stage in edited) else None
    judged = [(first, begins), *((run, _follows(before, run, edited)) for before, run in pairwise(stages))]
    return tuple(Hop(**dict(run), follows=follows) for run, follows in judged)


def _follows(before: StageRun, run: StageRun, edited: Collection[str]) -> bool | None:
    """Whether a run was given what the run before it gave. What a person edited in front of a stage takes the place of what it was."""
    if run.state != "done" or run.causation_id is None:
        return None
    if run.causation_id != before.event_id:
        return run.stage in edited
    return run.input_sha256 is None or before.output_sha256 is None or run.input_sha256 == before.output_sha256


def _break(hop: Hop) -> str:
    return f"{hop.stage}: what it was given (event {hop.causation_id}, sha256 {hop.input_sha256}) is not what the hop before it gave"


def _death(letter: Document) -> Death:
    same = ("stage", "code", "error", "message", "consumer", "died_at", "state")
    return Death(
        letter=letter["_id"],
        attempts=len(letter.get("attempts") or ()),
        generation=letter.get("generation", 0),
        predecessor=letter.get("predecessor"),
        **{name: letter[name] for name in same},
    )
