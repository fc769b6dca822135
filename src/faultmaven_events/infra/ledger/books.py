"""Counting jobs by kind, status and stage: one aggregation in MongoDB, put together here."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, get_args

from faultmaven_events.infra.mongo import Database, Document, mongo_errors
from faultmaven_events.schemas.event import Kind
from faultmaven_events.schemas.job import TERMINAL
from faultmaven_events.schemas.ledger import KindLine, StageLine
from faultmaven_events.topology import PATHS, STAGES

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


def _is_there(field: str) -> Document:
    return {"$gt": [field, None]}  # in MongoDB's order whatever is there stands above null and nothing


_GROUPS: Final[Document] = {
    "_id": {
        "kind": "$kind",
        "status": "$status",
        "stage": "$stage",
        "died": "$final.error.stage",
        "unpublished": {"$and": [_is_there("$outbox_at"), {"$eq": ["$status", "accepted"]}]},
    },
    "jobs": {"$sum": 1},
    "delayed": {"$sum": {"$cond": [{"$and": [_is_there("$stage"), {"$eq": ["$delayed.stage", "$stage"]}]}, 1, 0]}},
    **{stage.name: {"$sum": {"$cond": [_is_there(f"$hops.{stage.name}"), 1, 0]}} for stage in STAGES},
}


async def count(database: Database, since: datetime, tenant: str | None = None) -> tuple[KindLine, ...]:
    """Return the lines of every kind, of jobs that were accepted since a time; of one tenant, or for who operates the system of all.

    Raises:
        Unavailable: MongoDB is away.
    """
    chosen: Document = {"created_at": {"$gte": since}, **({"tenant": tenant} if tenant else {})}
    with mongo_errors():
        groups = [group async for group in database["jobs"].aggregate([{"$match": chosen}, {"$group": _GROUPS}])]
    return tuple(line(kind, [group for group in groups if group["_id"].get("kind") == kind]) for kind in KINDS)


def line(kind: Kind, groups: Sequence[Mapping[str, Any]]) -> KindLine:
    """Put the groups of one kind together."""

    def jobs(chosen: Iterable[Mapping[str, Any]]) -> int:
        return sum(group["jobs"] for group in chosen)

    by_status = {status: jobs(g for g in groups if g["_id"]["status"] == status) for status in TERMINAL}
    unpublished = jobs(g for g in groups if g["_id"].get("unpublished"))
    accepted = jobs(groups)
    return KindLine(
        kind=kind,
        accepted=accepted,
        unpublished=unpublished,
        running=accepted - unpublished - sum(by_status.values()),
        stages=tuple(_stage(kind, position, groups) for position in range(len(PATHS[kind]))),
        **by_status,
    )


def _stage(kind: Kind, position: int, groups: Sequence[Mapping[str, Any]]) -> StageLine:
    path = PATHS[kind]
    stage = path[position]

    def given(group: Mapping[str, Any]) -> int:
        before: int = group[path[position - 1]] if position else 0 if group["_id"].get("unpublished") else group["jobs"]
        return before

    ids = [group["_id"] for group in groups]
    dead = sum(g["jobs"] for g, id in zip(groups, ids, strict=True) if id["status"] in {"failed", "expired"} and id.get("died") == stage)
    cancelled = sum(max(0, given(g) - g[stage]) for g, id in zip(groups, ids, strict=True) if id["status"] == "cancelled")
    here = sum(_here(g, stage, first=position == 0) for g in groups)
    whole, done = sum(map(given, groups)), sum(g[stage] for g in groups)
    return StageLine(
        stage=stage,
        given=whole,
        done=done,
        dead=dead,
        cancelled=cancelled,
        here=here,
        delayed=sum(g["delayed"] for g, id in zip(groups, ids, strict=True) if id.get("stage") == stage),
        missing=whole - done - dead - cancelled - here,
    )


def _here(group: Mapping[str, Any], stage: str, *, first: bool) -> int:
    """Jobs that are at a stage: what is published and not yet seen is at the first, what is completed and not yet announced at record."""
    id = group["_id"]
    if id["status"] == "completed":
        unannounced: int = group["jobs"] - group["record"] if stage == "record" else 0
        return unannounced
    if id["status"] in TERMINAL or id.get("unpublished"):
        return 0
    jobs: int = group["jobs"]
    return jobs if (id.get("stage") or (stage if first else None)) == stage else 0
