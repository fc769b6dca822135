"""POST /api/v1/knowledge/documents: a runbook or another document. GET /api/v1/knowledge/search: passages that fit a text."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field as Described
from starlette.responses import Response

from faultmaven_events.errors import TransientError
from faultmaven_events.producers.http import accepted, reference, submissions
from faultmaven_events.producers.http.data import only_file
from faultmaven_events.producers.http.door import AtDoor, Calling, fit
from faultmaven_events.producers.http.intake import OVERHEAD, Field, Shape, open_shelf, take
from faultmaven_events.producers.http.names import is_document
from faultmaven_events.producers.http.problems import Problem
from faultmaven_events.producers.http.submissions import Context
from faultmaven_events.producers.http.texts import Label, Title
from faultmaven_events.schemas.evidence import Collection
from faultmaven_events.schemas.knowledge import SearchQuery, SearchResult
from faultmaven_events.schemas.model import Model, Token

router = APIRouter(prefix="/api/v1/knowledge", tags=["knowledge"])

FIELDS: Final[Mapping[str, Field]] = {"title": Field(), "tags": Field(most=32), "collection": Field()}


class Document(Model):
    """The text fields beside the file."""

    title: Title | None = None
    tags: tuple[Label, ...] = Described(default=(), max_length=32)
    collection: Literal["user", "global"] = "user"


def _refuse(name: str, media_type: str) -> None:
    if not is_document(name, media_type):
        raise Problem("unsupported-media-type", "Documents are PDF, Markdown, plain text, HTML or DOCX, or a zip or tar of such.")


def shape(limit: int) -> Shape:
    """Return what the form may hold."""
    return Shape(file="file", files=1, fields=FIELDS, file_limit=limit, total_limit=limit + OVERHEAD, refuse=_refuse)


@router.post("/documents", response_model=None, **reference.DOCUMENT_IN)
async def submit_document(request: Request, door: AtDoor, caller: Calling) -> Response:
    """Hand in a document that answers may draw on: a runbook, a post-mortem, a manual, as PDF, Markdown, plain text, HTML or DOCX.

    An archive (zip, tar, packed or not) of such is unpacked: each file becomes a document and a job of its own.
    """
    door.check()
    form_shape = shape(door.settings.upload_limit)
    async with door.quota.file(caller.tenant), open_shelf(door.blobs, caller.tenant) as shelf:
        form = await take(request, form_shape, shelf)
        upload, fields = only_file(form), fit(Document, form.values(form_shape))
        submission = submissions.file(
            caller,
            upload,
            "document",
            datetime.now(UTC),
            captions=door.captions,
            context=Context(),
            collection=fields.collection,
            title=fields.title,
            tags=fields.tags,
        )
        await door.admission.admit(submission, shelf)
    return await accepted.answer(request, door.jobs, submission)


@router.get("/search", response_model=SearchResult, responses=reference.PROBLEMS_OF_SEARCH)
async def search(  # noqa: PLR0917  # FastAPI passes them by name
    door: AtDoor,
    caller: Calling,
    q: Annotated[str, Query(min_length=1, max_length=8000, description="What to look for", examples=["connection pool exhausted"])],
    limit: Annotated[int, Query(ge=1, le=50)] = 8,
    collection: Annotated[list[Collection] | None, Query(description="Repeat it for several; default: all")] = None,
    case_id: Annotated[Token | None, Query(description="Only evidence of this case")] = None,
) -> Response:
    """Find passages of documents and of evidence, best first, by meaning and by words."""
    collections = tuple(dict.fromkeys(collection)) if collection else ("user", "global", "case")
    query = SearchQuery(tenant=caller.tenant, user=caller.user, text=q, limit=limit, collections=collections, case_id=case_id)
    try:
        found = await door.search.search(query)
    except TransientError as error:
        raise Problem("search-unavailable", "The embed consumer does not answer; try again.") from error
    return Response(found.model_dump_json(), media_type=accepted.JSON)
