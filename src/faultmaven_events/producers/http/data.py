"""POST /api/v1/data: one file of evidence."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from fastapi import APIRouter, Request
from pydantic import Field as Described
from starlette.responses import Response

from faultmaven_events.producers.http import accepted, reference, submissions
from faultmaven_events.producers.http.door import AtDoor, Calling, fit
from faultmaven_events.producers.http.intake import OVERHEAD, Field, Form, Shape, Upload, open_shelf, take
from faultmaven_events.producers.http.problems import Problem
from faultmaven_events.producers.http.submissions import Context
from faultmaven_events.producers.http.texts import Label, Title
from faultmaven_events.schemas.model import Model, Token

router = APIRouter(prefix="/api/v1", tags=["evidence"])

FIELDS: Final[Mapping[str, Field]] = {"title": Field(), "tags": Field(most=32), "session_id": Field(), "case_id": Field()}


class Evidence(Model):
    """The text fields beside the file."""

    title: Title | None = None
    tags: tuple[Label, ...] = Described(default=(), max_length=32)
    session_id: Token | None = None
    case_id: Token | None = None


def shape(limit: int) -> Shape:
    """Return what the form may hold."""
    return Shape(file="file", files=1, fields=FIELDS, file_limit=limit, total_limit=limit + OVERHEAD)


def only_file(form: Form) -> Upload:
    """Return the one file of a form.

    Raises:
        Problem: invalid-form.
    """
    if not form.uploads:
        raise Problem("invalid-form", "The form has no part `file`.")
    return form.uploads[0]


@router.post("/data", response_model=None, **reference.FILE_IN)
async def submit_evidence(request: Request, door: AtDoor, caller: Calling) -> Response:
    """Hand in one file: a log, a configuration, metrics, a trace, the output of a command, an archive of such, anything.

    The file is streamed to the encrypted blob store. The job classifies, sanitizes, analyses and indexes it. The files of an archive (zip,
    tar, packed or not) become jobs of their own, `children` of this one; a question about the archive waits for them.
    """
    door.check()
    form_shape = shape(door.settings.upload_limit)
    async with door.quota.file(caller.tenant), open_shelf(door.blobs, caller.tenant) as shelf:
        form = await take(request, form_shape, shelf)
        upload, fields = only_file(form), fit(Evidence, form.values(form_shape))
        await door.sessions.require(caller.tenant, fields.session_id)
        context = Context(fields.session_id, fields.case_id)
        submission = submissions.file(
            caller,
            upload,
            "ingest",
            datetime.now(UTC),
            captions=door.captions,
            context=context,
            collection="case",
            title=fields.title,
            tags=fields.tags,
        )
        await door.admission.admit(submission, shelf)
    return await accepted.answer(request, door.jobs, submission)
