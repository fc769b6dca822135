"""POST /api/v1/troubleshoot: a question, as JSON about evidence that was handed in before, or as a form together with its files."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BeforeValidator
from pydantic import Field as Described
from pydantic_core import from_json
from starlette.responses import Response
from uuid_utils.compat import uuid7

from faultmaven_events.producers.http import accepted, reference, submissions
from faultmaven_events.producers.http.body import whole
from faultmaven_events.producers.http.budgets import require_budget
from faultmaven_events.producers.http.door import AtDoor, Calling, Door, fit
from faultmaven_events.producers.http.identity import Caller
from faultmaven_events.producers.http.intake import OVERHEAD, Field, Shape, Shelf, Upload, open_shelf, take
from faultmaven_events.producers.http.problems import Problem
from faultmaven_events.producers.http.submissions import Context
from faultmaven_events.schemas.job import TERMINAL, Job
from faultmaven_events.schemas.model import Model, Token

router = APIRouter(prefix="/api/v1", tags=["troubleshoot"])

QUESTION: Final = 65_536
"""Bytes of a question in UTF-8."""
FILES: Final = 200
FILE_TOTAL: Final = 10
"""The files of one question may together be so many times the limit of one file."""
JSON_LIMIT: Final = 8 * QUESTION
"""Bytes of a JSON body: JSON may write one byte of text as six."""
FIELDS: Final[Mapping[str, Field]] = {
    "question": Field(limit=QUESTION),
    "evidence": Field(most=FILES),
    "follows": Field(),
    "session_id": Field(),
    "case_id": Field(),
}


def _distinct(values: Any) -> Any:
    return tuple(dict.fromkeys(values)) if isinstance(values, list) and all(isinstance(value, str) for value in values) else values


class Question(Model):
    """A question, and what it is about."""

    question: str = Described(description="What is wrong, in words; at most 64 KiB", examples=["Why do orders fail since 14:00?"])
    evidence: Annotated[tuple[UUID, ...], BeforeValidator(_distinct)] = Described(
        default=(), max_length=FILES, description="Ids of jobs of kind `ingest`; the answer waits for them"
    )
    follows: UUID | None = Described(
        default=None, description="The question, a job of kind `troubleshoot`, that this one follows up: its evidence is this one's too"
    )
    session_id: Token | None = None
    case_id: Token | None = None


def shape(limit: int) -> Shape:
    """Return what the form may hold."""
    return Shape(file="files", files=FILES, fields=FIELDS, file_limit=limit, total_limit=FILE_TOTAL * limit + OVERHEAD)


@router.post("/troubleshoot", response_model=None, **reference.QUESTION_IN)
async def ask(request: Request, door: AtDoor, caller: Calling) -> Response:
    """Ask what is wrong. The answer is an incident report in which every claim points at lines of the evidence.

    Files sent along become jobs of their own; their ids are in the answer.
    """
    door.check()
    await require_budget(door, caller.tenant)
    async with open_shelf(door.blobs, caller.tenant) as shelf:
        question, uploads = await _read(request, door, shelf)
        text = _text(question)
        await door.sessions.require(caller.tenant, question.session_id)
        await _require(door, caller, question.evidence)
        earlier = await _followed(door, caller, question.follows)
        case_id = question.case_id or (earlier.case_id if earlier else None)
        now, context = datetime.now(UTC), Context(question.session_id, case_id, question.follows)
        about: Mapping[str, Any] = {"captions": door.captions, "context": context, "collection": "case"}
        evidence = [submissions.file(caller, each, "ingest", now, urgent=True, **about) for each in uploads]
        id, ids = uuid7(), _together(earlier, (*question.evidence, *(each.job.id for each in evidence)))
        content = await shelf.put(id, text, media_type="text/plain", limit=QUESTION)
        submission = submissions.question(caller, id, content, ids, now, context=context, deadline_s=door.settings.job_deadline_s)
        await door.admission.admit(submission, shelf, evidence=evidence)
    return await accepted.answer(request, door.jobs, submission, evidence)


async def _read(request: Request, door: Door, shelf: Shelf) -> tuple[Question, list[Upload]]:
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        form_shape = shape(door.settings.upload_limit)
        async with door.quota.question():
            form = await take(request, form_shape, shelf)
        question = fit(Question, {"question": "", **form.values(form_shape)})
        if len(question.evidence) + len(form.uploads) > FILES:
            raise Problem("too-many-parts", f"A question may have {FILES} pieces of evidence.")
        return question, form.uploads
    if media_type != "application/json":
        taken = "application/json, multipart/form-data"
        raise Problem("unsupported-media-type", f"Send one of {taken}.", headers={"Accept-Post": taken})
    try:
        values = from_json(await whole(request, JSON_LIMIT), allow_inf_nan=False)
    except ValueError:
        raise Problem("malformed-json", "The body is not JSON in UTF-8.") from None
    return fit(Question, values), []


def _text(question: Question) -> bytes:
    text = question.question.strip().encode()
    if not text:
        errors = [{"pointer": "#/question", "code": "missing", "detail": "is empty"}]
        raise Problem("empty-question", "Say what is wrong in `question`.", errors=errors)
    if len(text) > QUESTION:
        raise Problem("content-too-large", f"A question may have {QUESTION} bytes.")
    return text


async def _require(door: Door, caller: Caller, evidence: tuple[UUID, ...]) -> None:
    if not evidence:
        return
    known = await door.jobs.existing(caller.tenant, evidence, "ingest")
    unknown = [index for index, id in enumerate(evidence) if id not in known]
    if unknown:
        about = {"code": "unknown", "detail": "is not evidence of this tenant"}
        errors = [{"pointer": f"#/evidence/{index}", **about} for index in unknown[:20]]
        raise Problem("unknown-evidence", "Hand the evidence in first with POST /api/v1/data.", errors=errors)


async def _followed(door: Door, caller: Caller, follows: UUID | None) -> Job | None:
    """Return the question that this one follows; it must have ended, so that its report is known when this one is answered."""
    if follows is None:
        return None
    earlier = await door.jobs.get(caller.tenant, follows)
    if earlier is None or earlier.kind != "troubleshoot":
        errors = [{"pointer": "#/follows", "code": "unknown", "detail": "is not a question of this tenant"}]
        raise Problem("unknown-question", "Name a job of POST /api/v1/troubleshoot in `follows`, or leave it out.", errors=errors)
    if earlier.status not in TERMINAL:
        errors = [{"pointer": "#/follows", "code": "unanswered", "detail": "is still being answered"}]
        later = {"Retry-After": accepted.RETRY_AFTER}
        raise Problem("unanswered-question", "Ask again when its job has ended.", errors=errors, headers=later)
    return earlier


def _together(earlier: Job | None, own: tuple[UUID, ...]) -> tuple[UUID, ...]:
    """Return a question's evidence: that of the question it follows, then its own."""
    ids = tuple(dict.fromkeys((*(earlier.evidence if earlier else ()), *own)))
    if len(ids) > FILES:
        detail = f"With that of the question it follows, it has more than {FILES} pieces of evidence. Leave `follows` out."
        raise Problem("too-many-parts", detail)
    return ids
