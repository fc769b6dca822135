"""What a dead letter becomes when it is sent on its way again: pure.

The event keeps its id, so that whatever it did before it does not do twice. Where its death ended the job, its generation grows by one: the
job runs again, and dying again gives another letter. An edited event is a new one: its id derives from the letter and the patch.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import jsonpatch
from pydantic_core import from_json, to_json

from faultmaven_events.errors import InvalidEvent, PermanentError
from faultmaven_events.infra.dead_letters import ends_job
from faultmaven_events.schemas.event import Event, derive
from faultmaven_events.schemas.letter import Letter
from faultmaven_events.schemas.outcome import Redriven
from faultmaven_events.schemas.redrive import Operation
from faultmaven_events.schemas.registry import decode
from faultmaven_events.topology import BY_NAME, PATHS, Stage

EVENT_LIMIT: Final = 1024 * 1024
"""Bytes that an edited event may have, at every step of its patch."""
FIXED: Final = ("id", "subject", "tenantid")
"""What a patch may not change: whose event it is, and of which job."""


class Unfit(PermanentError):
    """A letter that cannot be sent again as it is; the message is one sentence without content."""

    code = "unfit_letter"


@dataclass(frozen=True, slots=True)
class Revival:
    """What is published: first the note that tells the job, where it has to be told, then the event into the stage's queue."""

    event: Event[Any]
    queue: str
    note: Event[Redriven] | None


def revive(letter: Letter, body: bytes, *, by: str, now: datetime, deadline_s: float) -> Revival:
    """Return how a letter goes on its way again. `body` is its message; `deadline_s` replaces a deadline that has passed.

    Raises:
        Unfit: the message is no event that we speak.
    """
    try:
        event = decode(body)
    except InvalidEvent as error:
        raise Unfit(f"it is still no valid event: edit it first ({error})") from None
    return _revival(letter, event, by, now, deadline_s)


def edit(letter: Letter, body: bytes, patch: tuple[Operation, ...], *, by: str, at: datetime, now: datetime, deadline_s: float) -> Revival:
    """Return how a letter goes on its way with a patched event; `at` is when somebody asked for it.

    Raises:
        Unfit: the patch does not apply, changes what it may not, or its result is no event that the stage takes.
    """
    event = patched(letter, body, patch)
    return _revival(letter, event.model_copy(update={"time": at}), by, now, deadline_s)


def patched(letter: Letter, body: bytes, patch: tuple[Operation, ...]) -> Event[Any]:
    """Return the event that a patch makes out of a letter's message: same job and tenant, an id of its own, caused by the dead one.

    Raises:
        Unfit: as `edit`.
    """
    try:
        raw = from_json(body)
    except ValueError:
        raw = None
    if not isinstance(raw, dict) or letter.event_id is None or letter.job_id is None or letter.tenant is None:
        raise Unfit("it holds no event with id, subject and tenant, so there is nothing to edit: publish a new event instead")
    result = _apply(raw, patch)
    changed = [name for name in FIXED if result.get(name) != raw.get(name)]
    if changed:
        raise Unfit(f"the patch changes {', '.join(changed)}: an event stays the same job's and the same tenant's")
    new = {**result, "id": str(derive(letter.id, f"edit/{digest(patch)}")), "causationid": str(letter.event_id)}
    try:
        event = decode(json.dumps(new).encode())
    except InvalidEvent as error:
        raise Unfit(f"the patched event is not valid: {error}") from None
    if lane(BY_NAME[letter.stage], event.type) is None:
        raise Unfit(f"{letter.stage} does not take {event.type}")
    return event


def digest(patch: tuple[Operation, ...]) -> str:
    """Return the sha256 of a patch, equal for equal operations."""
    return hashlib.sha256(json.dumps(_operations(patch), sort_keys=True, default=str).encode()).hexdigest()


def lane(stage: Stage, type_: str) -> str | None:
    """Return the queue of the stage that takes an event type, or None."""
    for each in stage.lanes:
        if any(re.fullmatch(pattern.replace(".", r"\.").replace("*", "[^.]+"), type_) for pattern in each.takes):
            return stage.queue(each)
    return None


def _revival(letter: Letter, event: Event[Any], by: str, now: datetime, deadline_s: float) -> Revival:
    stage = BY_NAME.get(letter.stage)
    if stage is None:
        raise Unfit(f"there is no stage {letter.stage} any more")
    queue = letter.queue if letter.queue in stage.queues else lane(stage, event.type) or stage.queues[0]
    changes: dict[str, Any] = {}
    if event.deadline is not None and event.deadline < now:
        changes["deadline"] = now + timedelta(seconds=deadline_s)
    if not ends_job(letter):
        return Revival(event.model_copy(update=changes), queue, None)
    event = event.model_copy(update={**changes, "generation": letter.generation + 1})
    return Revival(event, queue, _note(letter, event, by, now))


def _note(letter: Letter, event: Event[Any], by: str, now: datetime) -> Event[Redriven] | None:
    if event.kind not in PATHS:
        return None
    return Event[Redriven](
        id=derive(letter.id, "redriven"),
        source="/faultmaven/workbench",
        type=f"{event.kind}.redriven.v1",
        subject=event.subject,
        time=now,
        tenantid=event.tenantid,
        userid=event.userid,
        correlationid=event.correlationid,
        causationid=letter.event_id,
        generation=event.generation,
        data=Redriven(dead_letter=str(letter.id), by=by),
    )


def _operations(patch: tuple[Operation, ...]) -> list[dict[str, Any]]:
    """Return the patch as RFC 6902 writes it: `value` stands only where it was given."""
    return [operation.model_dump(mode="json", by_alias=True, exclude_unset=True) for operation in patch]


def _apply(raw: dict[str, Any], patch: tuple[Operation, ...]) -> dict[str, Any]:
    result: Any = raw
    for number, operation in enumerate(_operations(patch), 1):
        try:
            result = jsonpatch.apply_patch(result, [operation])
        except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError, ValueError, KeyError, IndexError, RecursionError):
            # The library's own message quotes values.
            raise Unfit(f"operation {number} of the patch ({operation['op']}) does not apply to this event") from None
        if not isinstance(result, dict):
            raise Unfit(f"operation {number} of the patch leaves no event")
        if len(to_json(result)) > EVENT_LIMIT:  # copying can double it at every step
            raise Unfit(f"operation {number} of the patch makes the event larger than {EVENT_LIMIT} bytes")
    return dict(result)
