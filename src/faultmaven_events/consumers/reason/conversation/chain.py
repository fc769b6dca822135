"""Reading a conversation: the chain of questions that each follow another, or those of one case. Only what is sanitized is read."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from faultmaven_events.consumers.reason.conversation.turns import MESSAGES, Conversation, Room, Turn, conversation
from faultmaven_events.errors import MissingContent
from faultmaven_events.infra.blobs import Blobs
from faultmaven_events.infra.jobs import Earlier, Questions
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.question import Question
from faultmaven_events.schemas.report import IncidentReport

COUNTED: Final = 500
"""Questions before those that are read that are counted; what is beyond is left out without a number."""
TEXT_LIMIT: Final = 48 * 1024 * 1024
"""Bytes of sanitized text that are read again for an answer, over all files."""


async def load(questions: Questions, event: Event[Any]) -> Conversation:
    """Return what was asked and answered before a question: the chain that it follows, else the questions of its case.

    The tenant's own questions only: one that is not known in the tenant is as one that does not exist, and said.

    Raises:
        Unavailable: MongoDB is away.
    """
    data: Question = event.data
    if data.follows is not None:
        return await _chain(questions, event.tenantid, data.follows, own=event.subject)
    if data.case_id is not None:
        return await _case(questions, event.tenantid, data.case_id, own=event.subject, before=event.time)
    return Conversation()


async def _chain(questions: Questions, tenant: str, first: UUID, *, own: UUID) -> Conversation:
    """Walk back until the chain ends, bites its tail, or no more fits."""
    turns, notes, seen, room = list[Turn](), list[str](), {own}, Room()
    next_: UUID | None = first
    while next_ is not None and next_ not in seen:
        seen.add(next_)
        found = await questions.get(tenant, next_)
        if found is None:
            notes.append(f"The conversation begins with a question that is not known here ({next_}).")
            break
        turn, note = _turn(found)
        notes += note
        if not room.takes(turn):
            return conversation(turns, further=await _further(questions, tenant, next_, seen), notes=tuple(notes))
        turns.append(turn)
        next_ = found.follows
    if next_ is not None and next_ in seen and not notes:
        notes.append("The questions of the conversation follow each other in a circle; each was read once.")
    return conversation(turns, notes=tuple(notes))


async def _further(questions: Questions, tenant: str, id: UUID, seen: set[UUID]) -> int:
    """Count the messages from a question on, which is the first that did not fit."""
    count, next_ = 1, await questions.followed(tenant, id)
    while next_ is not None and next_ not in seen and count < COUNTED:
        seen.add(next_)
        count, next_ = count + 1, await questions.followed(tenant, next_)
    return 2 * count


async def _case(questions: Questions, tenant: str, case_id: str, *, own: UUID, before: datetime) -> Conversation:
    """Read the newest questions of a case first; what was asked after this one was not before it, however long this one takes."""
    before = await questions.asked_at(tenant, own) or before
    turns, notes, room = list[Turn](), list[str](), Room()
    ids = await questions.of_case(tenant, case_id, before=before, without=own, most=MESSAGES)
    for place, id in enumerate(ids):
        found = await questions.get(tenant, id)
        if found is None:
            continue
        turn, note = _turn(found)
        notes += note
        if not room.takes(turn):
            return conversation(turns, further=2 * (len(ids) - place), notes=tuple(notes))
        turns.append(turn)
    return conversation(turns, notes=tuple(notes))


def _turn(found: Earlier) -> tuple[Turn, tuple[str, ...]]:
    report, note = _report(found)
    return Turn(found.id, found.asked_at, found.status, found.evidence, report), note


def _report(found: Earlier) -> tuple[IncidentReport | None, tuple[str, ...]]:
    if found.report is None:
        what = "has no answer yet" if found.status in {"accepted", "running"} else f"has no report: it is {found.status}"
        return None, (f"An earlier question of the conversation ({found.id}) {what}.",)
    try:
        return IncidentReport.model_validate(found.report), ()
    except ValueError:
        return None, (f"The report of an earlier question ({found.id}) is of another version and was not read.",)


async def cited_texts(
    questions: Questions, blobs: Blobs, tenant: str, report: IncidentReport, known: Mapping[UUID, str] | None = None
) -> dict[UUID, str]:
    """Return the sanitized texts of the files that a report cites, those that are `known` as they are; what is gone is left out.

    Raises:
        Unavailable: a store is away.
    """
    texts, room = dict(known or {}), TEXT_LIMIT
    wanted = {one.citation.evidence_id for one in report.evidence}
    wanted |= {cited.evidence_id for one in report.hypotheses for cited in one.citations}
    for id, content in sorted((await questions.texts(tenant, wanted - texts.keys())).items()):
        if content.area != "clean" or content.size > room:
            continue
        try:
            texts[id] = (await blobs.read(tenant, content)).decode("utf-8", "replace")
        except MissingContent:
            continue
        room -= content.size
    return texts
