"""A job's document, and the job that it shows.

`_id` job id, `tenant`, `user`, `kind`, `name` and `named` (rank and generation of the event that gave it, see `fold`), `hops` by stage
(times, ids and hashes of what it was given and gave), `phases` of an investigation by name (`said`, the JSON of `Progressed`; `at`,
`event_id`, `generation`), `rank` of the furthest state and `reached_at` when, `redriven_at`; `stage` whose queue holds it and `arrived_at`
since when, both until it ends; `delayed` while a stage tries again later (stage, error, next_at, generation); `final` once it ended
(status, at, generation, event_id, result, error), `generation` and `past` endings that were undone, `parent` the job of the archive that
it was taken out of, `children` of an archive the jobs of its files, `status` for queries, `version`, `touched_at` when record last changed
it (MongoDB's clock), and the door's `outbox` and `outbox_at` until its event is confirmed, or seen.
"""

from typing import Final

from faultmaven_events.infra.mongo import Document
from faultmaven_events.schemas.job import TERMINAL, Ended, Job, StageRun
from faultmaven_events.schemas.outcome import Failure
from faultmaven_events.schemas.phase import PHASES, Progressed
from faultmaven_events.topology import PATHS

_RUN: Final = frozenset(StageRun.model_fields)
_ENDED: Final = frozenset(Ended.model_fields)


def job_of(document: Document) -> Job:
    """Return the job that a document shows."""
    final = document.get("final")
    path = PATHS[document["kind"]]
    hops = document.get("hops", {})
    failure = Failure.model_validate(final["error"]) if final and final.get("error") else None
    done = [stage for stage in path if stage in hops]
    status = document["status"]
    at = document.get("stage") or next((stage for stage in path if stage not in hops), None)
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
        phases=_phases(document),
        result=final.get("result") if final else None,
        error=failure,
        created_at=document["created_at"],
        updated_at=document["updated_at"],
        finished_at=final["at"] if final else None,
        correlation_id=document["correlation_id"],
        session_id=document.get("session_id"),
        case_id=document.get("case_id"),
        evidence=tuple(document.get("evidence") or ()),
        follows=document.get("follows"),
        parent=document.get("parent"),
        children=tuple(document.get("children") or ()),
        generation=document.get("generation", 0),
        history=tuple(Ended.model_validate({name: past[name] for name in past.keys() & _ENDED}) for past in document.get("past") or ()),
        version=document["version"],
    )


def _run(stage: str, hop: Document | None, failure: Failure | None) -> StageRun:
    if hop is None:
        return StageRun(stage=stage, state="failed" if failure and failure.stage == stage else "waiting")
    return StageRun(stage=stage, state="done", **{name: hop[name] for name in hop.keys() & _RUN})


def _phases(document: Document) -> tuple[Progressed, ...]:
    told = [Progressed.model_validate_json(phase["said"]) for phase in document.get("phases", {}).values()]
    return tuple(sorted(told, key=lambda each: PHASES.index(each.phase)))
