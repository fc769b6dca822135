"""What an event does to its job: pure, and the same whatever the order and number of its events.

A document only ever gains facts that merge by a maximum, a minimum or a union: the furthest state, the newest hop of a stage, the newest
word on a phase, the highest generation, the set of endings. What people query (`status`, `stage`, `arrived_at`, `final`, `delayed`) is
computed from them each time.

Which ending counts: `cancelled` is final; else `completed`; else the failure of the highest generation, unless the job was sent on its way
again after it. The others are `past`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from faultmaven_events.errors import InvalidEvent
from faultmaven_events.infra.captions import known_as
from faultmaven_events.infra.mongo import Document
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.outcome import Failure
from faultmaven_events.topology import GIVES, PATHS, STATES

KEPT_ENDINGS: Final = 50
"""Of a job that is redriven again and again, the last undone endings are kept."""

_STEPS: Final = frozenset(STATES) - {"failed", "cancelled"}
"""States that a job reaches on its path."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job ended."""

    status: str
    at: datetime
    result: dict[str, Any] | None = None
    error: Failure | None = None


def moment(at: datetime) -> datetime:
    """Return a time as MongoDB keeps it: in UTC, to the millisecond; without a zone it is taken for UTC."""
    zoned = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    return zoned.replace(microsecond=zoned.microsecond // 1000 * 1000)


def fold(job: Document | None, event: Event[Any], ending: Ending | None = None) -> Document:
    """Return the document after an event; `job` is the one before, if there is one, and stays as it is.

    Raises:
        InvalidEvent: the event is of another kind than its job.
    """
    new = _born(event) if job is None else dict(job)
    if new["kind"] != event.kind:
        raise InvalidEvent(f"an event of the kind {event.kind} names a job of the kind {new['kind']}")
    at = moment(event.time)
    new["created_at"] = min(new["created_at"], at)
    new["updated_at"] = max(new["updated_at"], at)
    new["generation"] = max(new.get("generation", 0), event.generation)
    _describe(new, event)
    _move(new, event, at)
    _end(new, event, ending)
    _stand(new)
    return new


def _born(event: Event[Any]) -> Document:
    at = moment(event.time)
    return {
        "_id": event.subject,
        "tenant": event.tenantid,
        "user": event.userid,
        "kind": event.kind,
        "correlation_id": event.correlationid,
        "status": "accepted",
        "rank": 0,
        "hops": {},
        "final": None,
        "created_at": at,
        "updated_at": at,
        "version": 0,
    }


def _describe(new: Document, event: Event[Any]) -> None:
    _name(new, event)
    if event.state == "submitted":
        data = event.data
        new.setdefault("name", None)
        new["session_id"], new["case_id"] = data.session_id, data.case_id
        new["evidence"] = list(getattr(data, "evidence", ()))
        if (follows := getattr(data, "follows", None)) is not None:
            new["follows"] = follows
    if (parent := getattr(event.data, "parent", None)) is not None:
        new["parent"] = parent
    if children := getattr(event.data, "children", ()):  # the same ones from every stage, unless somebody edited an event
        new["children"] = max([*children], new.get("children") or [], key=lambda ids: (len(ids), list(map(str, ids))))


def _name(new: Document, event: Event[Any]) -> None:
    """Take the name that the furthest state gives: until sanitize has read a file's own name, it has a neutral one.

    `named` is where it comes from: the state's rank, and the generation.
    """
    name = getattr(event.data, "name", None)
    if name is not None and event.state in _STEPS:
        told = [STATES.index(event.state), event.generation, known_as(event.subject, event.state, name)]
        best = max(told, [*new["named"], new["name"]]) if "named" in new else told
        new["named"], new["name"] = best[:2], best[2]


def _move(new: Document, event: Event[Any], at: datetime) -> None:
    """Note how far the job has come, the stage's run, and what was said on the way."""
    if event.state in _STEPS:
        rank = STATES.index(event.state)
        reached = (new["rank"], new.get("reached_at") or datetime.min.replace(tzinfo=UTC))
        new["rank"], new["reached_at"] = max(reached, (rank, at))
    if event.stage in PATHS[event.kind] and GIVES[event.stage] == event.state:
        hop, hops = _hop(event, at), new.get("hops", {})
        if event.stage not in hops or _newness(hop) > _newness(hops[event.stage]):
            new["hops"] = {**hops, event.stage: hop}
    elif event.state == "redriven":
        new["redriven_at"] = max(new.get("redriven_at", at), at)
    elif event.state == "progressed":
        _tell(new, event, at)
    elif event.state == "delayed":
        note = event.data
        told = {
            "stage": note.error.stage,
            "error": note.error.model_dump(),
            "next_at": moment(note.next_at),
            "generation": event.generation,
        }
        new["delayed"] = max((told, new.get("delayed") or told), key=lambda each: _lateness(new["kind"], each))


def _hop(event: Event[Any], at: datetime) -> Document:
    return {
        "waited_ms": event.waitedms,
        "ran_ms": event.ranms,
        "attempt": event.attempt,
        "consumer": event.consumer,
        "at": at,
        "event_id": event.id,
        "causation_id": event.causationid,
        "input_sha256": event.inputhash,
        "output_sha256": event.datahash,
        "stores": event.stores,
        "generation": event.generation,
    }


def _tell(new: Document, event: Event[Any], at: datetime) -> None:
    """Keep what the newest event of a phase says, as the text that it was: names and numbers in it are the publisher's."""
    told = {"said": event.data.model_dump_json(), "at": at, "event_id": event.id, "generation": event.generation}
    phases = new.get("phases", {})
    known = phases.get(event.data.phase)
    if known is None or (*_newness(told), told["said"]) > (*_newness(known), known["said"]):
        new["phases"] = {**phases, event.data.phase: told}


def _newness(hop: Document) -> tuple[int, datetime, str]:
    return hop.get("generation", 0), hop["at"], str(hop.get("event_id", ""))


def _lateness(kind: str, told: Document) -> tuple[int, int, datetime]:
    return told["generation"], _position(kind, told["stage"]), told["next_at"]


def _position(kind: str, stage: str | None) -> int:
    path = PATHS[kind]
    return path.index(stage) if stage in path else -1


def _end(new: Document, event: Event[Any], ending: Ending | None) -> None:
    """Choose among the endings that are known, the new one among them."""
    known = list(_endings(new))
    if ending is not None:
        known.append(
            {
                "status": ending.status,
                "at": moment(ending.at),
                "generation": event.generation,
                "event_id": event.id,
                "result": ending.result,
                "error": ending.error.model_dump() if ending.error else None,
            }
        )
    endings = _distinct(known)
    final = _counting(endings, new["generation"])
    new["final"] = final
    past = [{name: value for name, value in each.items() if name != "result"} for each in endings if each is not final]
    if past or new.get("past"):
        new["past"] = past[-KEPT_ENDINGS:]


def _endings(document: Document) -> Iterator[Document]:
    yield from document.get("past") or ()
    if document.get("final"):
        yield document["final"]


def _distinct(endings: Sequence[Document]) -> list[Document]:
    """Return one ending per status and generation, the earliest, in order; of equals the one that was there first."""
    kept: dict[tuple[int, str], Document] = {}
    for each in endings:
        key = (each["generation"], each["status"])
        if key not in kept or _age(each) < _age(kept[key]):
            kept[key] = each
    return [kept[key] for key in sorted(kept)]


def _age(ending: Document) -> tuple[datetime, str]:
    return ending["at"], str(ending["event_id"])


def _counting(endings: Sequence[Document], generation: int) -> Document | None:
    for status in ("cancelled", "completed"):
        found = next((each for each in endings if each["status"] == status), None)
        if found is not None:
            return found
    last = max(endings, key=lambda each: (each["generation"], *_age(each)), default=None)
    return last if last is not None and last["generation"] >= generation else None


def _stand(new: Document) -> None:
    """Compute what is queried; what does not apply is not in the document."""
    final, moved = new["final"], new["rank"] > 0 or new["generation"] > 0
    new["status"] = final["status"] if final else "running" if moved else "accepted"
    at = None if final else next((stage for stage in PATHS[new["kind"]] if STATES.index(GIVES[stage]) > new["rank"]), None)
    for name in ("stage", "arrived_at"):
        new.pop(name, None)
    if at is not None and new.get("reached_at"):
        new["stage"], new["arrived_at"] = at, max(new["reached_at"], new.get("redriven_at", new["reached_at"]))
    told = new.get("delayed")
    if told and (final or told["generation"] < new["generation"] or _position(new["kind"], told["stage"]) < _position(new["kind"], at)):
        new.pop("delayed")
    if final or new.get("reached_at"):  # it travels, or has ended: the door need not publish it any more
        new.pop("outbox_at", None)
