"""Whether a job that has ended is complete in both stores: pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from faultmaven_events.infra.mongo import Document
from faultmaven_events.schemas.ledger import Why
from faultmaven_events.topology import GIVES, PATHS

_SAID: Final = {"failed": "failed", "expired": "failed", "cancelled": "cancelled"}
"""By an ending's status: the state of the event that said so."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is missing of an ended job: the event of a state."""

    why: Why
    state: str
    event_id: UUID | None = None


def check(job: Document, logged: Mapping[UUID, str]) -> list[Finding]:
    """Return what is missing of an ended job. `logged`: the type of each of its events in the event log, by id."""
    return [*_unrecorded(job, logged), *_unlogged(job, logged)]


def _unrecorded(job: Document, logged: Mapping[UUID, str]) -> Iterator[Finding]:
    states = {type_.split(".")[1]: id for id, type_ in logged.items()}
    for stage in PATHS[job["kind"]]:
        known = stage in job.get("hops", {})
        if not known and (job["status"] == "completed" or GIVES[stage] in states):
            yield Finding("unrecorded", GIVES[stage], states.get(GIVES[stage]))


def _unlogged(job: Document, logged: Mapping[UUID, str]) -> Iterator[Finding]:
    for stage, hop in job.get("hops", {}).items():
        if hop.get("event_id") and hop["event_id"] not in logged:
            yield Finding("unlogged", GIVES[stage], hop["event_id"])
    final = job.get("final") or {}
    if final.get("status") in _SAID and final["event_id"] not in logged:
        yield Finding("unlogged", _SAID[final["status"]], final["event_id"])
