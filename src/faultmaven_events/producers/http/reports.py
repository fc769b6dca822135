"""The report of a question, and the post-mortem's draft out of it: as JSON, Markdown, a page of HTML, and the timeline as SVG."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from faultmaven_events.producers.http import identified, reference
from faultmaven_events.producers.http.door import AtDoor, Calling, Door
from faultmaven_events.producers.http.operators import Identifying
from faultmaven_events.producers.http.preferences import listed
from faultmaven_events.producers.http.problems import Problem
from faultmaven_events.producers.http.representation import liked
from faultmaven_events.reports import html, markdown, postmortem, svg
from faultmaven_events.reports.renamed import renamed
from faultmaven_events.reports.style import PICTURE, digest
from faultmaven_events.schemas.job import TERMINAL, Job
from faultmaven_events.schemas.report import IncidentReport

router = APIRouter(prefix="/api/v1/jobs", tags=["reports"])

Format = Literal["json", "md", "html", "svg"]
Draft = Literal["json", "md", "html"]
MEDIA: Final[Mapping[Format, str]] = {"json": "application/json", "md": "text/markdown", "html": "text/html", "svg": "image/svg+xml"}
_FORMATS: Final = {media: name for name, media in MEDIA.items()}
_CLOSED: Final = "; frame-ancestors 'none'; sandbox"
POLICIES: Final[Mapping[Format, str]] = {
    "html": html.POLICY + _CLOSED,
    "svg": f"default-src 'none'; style-src {digest(PICTURE)}" + _CLOSED,
}
"""What a browser may do with what it is shown: use its one style. No script, no address, no form, no frame."""
_DRAWN: Final[Mapping[Format, Callable[[IncidentReport], str]]] = {"md": markdown.markdown, "html": html.html, "svg": svg.svg}
_CODES: Final = (
    "unknown-job",
    "no-report",
    "not-acceptable",
    "invalid-request",
    "malformed-header",
    "internal-error",
    "temporarily-unavailable",
)
_BODIES: Final[dict[str, Any]] = {media: {"schema": {"type": "string"}} for media in MEDIA.values()}
_REPORT: Final[reference.Responses] = {
    200: {"description": "The report", "content": {**_BODIES, MEDIA["json"]: {"schema": {"type": "object"}}}},
    304: {"description": "Not changed"},
    **reference.problems(*_CODES),
}
_NAMED: Final[reference.Responses] = {**_REPORT, **reference.problems(*_CODES, "reidentification-off")}

Wanted = Annotated[Format | None, Query(alias="format", description="Instead of an Accept header")]
WantedDraft = Annotated[Draft | None, Query(alias="format", description="Instead of an Accept header")]
Download = Annotated[bool, Query(description="To be saved as a file rather than shown")]


@router.get("/{id}/report", response_model=None, responses=_REPORT)
async def show_report(
    id: UUID, request: Request, door: AtDoor, caller: Calling, *, wanted: Wanted = None, download: Download = False
) -> Response:
    """Show the report of a finished question. Everything in a rendering comes from the fields of the JSON."""
    job = await _find(door, caller.tenant, id)
    form = _form(request, wanted, get_args(Format))
    stored = _stored(job)
    body = json.dumps(stored, ensure_ascii=False) if form == "json" else await asyncio.to_thread(_DRAWN[form], _report(stored))
    return _answer(request, body, form, _name(id, "report", form) if download else None)


@router.get("/{id}/postmortem", response_model=None, responses=_REPORT)
async def show_postmortem(
    id: UUID, request: Request, door: AtDoor, caller: Calling, *, wanted: WantedDraft = None, download: Download = False
) -> Response:
    """Show a draft of the post-mortem, out of the report of a finished question: for people to edit."""
    job = await _find(door, caller.tenant, id)
    form = _form(request, wanted, get_args(Draft))
    body = await asyncio.to_thread(_draft, _report(_stored(job)), form)
    return _answer(request, body, form, _name(id, "postmortem", form) if download else None)


@router.get("/{id}/identified/report", response_model=None, responses=_NAMED, tags=["privacy"])
async def show_identified_report(
    id: UUID, request: Request, door: AtDoor, caller: Calling, who: Identifying, *, wanted: Wanted = None, download: Download = False
) -> Response:
    """Show the report with what its pseudonyms stand for, as far as the vault knows; secrets stay hidden. Noted in the audit first."""
    job = await _find(door, caller.tenant, id)
    form = _form(request, wanted, get_args(Format))
    report, naming = _report(_stored(job)), (await identified.learned(door, who, job))[0]
    known = renamed(report, naming.apply)
    await identified.note(door, who, job, naming.restored)
    body = known.model_dump_json(warnings=False) if form == "json" else await asyncio.to_thread(_DRAWN[form], known)
    return _personal(body, form, _name(id, "report-identified", form) if download else None)


@router.get("/{id}/identified/postmortem", response_model=None, responses=_NAMED, tags=["privacy"])
async def show_identified_postmortem(
    id: UUID, request: Request, door: AtDoor, caller: Calling, who: Identifying, *, wanted: WantedDraft = None, download: Download = False
) -> Response:
    """Show the post-mortem's draft with what its pseudonyms stand for. Noted in the audit first."""
    job = await _find(door, caller.tenant, id)
    form = _form(request, wanted, get_args(Draft))
    report, naming = _report(_stored(job)), (await identified.learned(door, who, job))[0]
    known = renamed(report, naming.apply)
    await identified.note(door, who, job, naming.restored)
    return _personal(await asyncio.to_thread(_draft, known, form), form, _name(id, "postmortem-identified", form) if download else None)


async def _find(door: Door, tenant: str, id: UUID) -> Job:
    job = await door.jobs.get(tenant, id)
    if job is None:
        raise Problem("unknown-job", "No job of this tenant has this id.")
    return job


def _stored(job: Job) -> dict[str, Any]:
    """The report as it is stored.

    Raises:
        Problem: no-report: the job is no question, is not done, or ended without one.
    """
    found = (job.result or {}).get("report") if job.status == "completed" else None
    if isinstance(found, dict):
        return found
    if job.kind != "troubleshoot":
        raise Problem("no-report", "The job is no question: only questions have a report.")
    if job.status in TERMINAL:
        raise Problem("no-report", "The job ended without a report; the job says why.")
    raise Problem("no-report", "The question is not answered yet.", headers={"Retry-After": "1"})


def _report(stored: Mapping[str, Any]) -> IncidentReport:
    try:
        return IncidentReport.model_validate(stored)
    except ValidationError:
        raise Problem("no-report", "The report was written by another version and cannot be rendered here: ask for JSON.") from None


def _form(request: Request, wanted: Format | None, offered: tuple[Format, ...]) -> Format:
    if wanted is not None:
        return wanted
    found = liked(request.headers.getlist("accept"), [MEDIA[name] for name in offered])
    if found is None:
        raise Problem("not-acceptable", f"There is {', '.join(MEDIA[name] for name in offered)}.")
    return _FORMATS[found]


def _draft(report: IncidentReport, form: Format) -> str:
    found = postmortem.draft(report)
    if form == "json":
        return found.model_dump_json(warnings=False)
    return postmortem.html(found) if form == "html" else postmortem.markdown(found)


def _name(id: UUID, what: str, form: Format) -> str:
    return f"{what}-{id}.{form}"


def _answer(request: Request, body: str, form: Format, name: str | None) -> Response:
    """The rendering under its hash as entity tag; nothing when the client has it."""
    content = body.encode("utf-8", "replace")
    tag = hashlib.sha256(content).hexdigest()[:32]
    headers = {"ETag": f'"{tag}"', "Vary": "Accept", **_headers(form, name)}
    if listed(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers={"ETag": headers["ETag"], "Vary": "Accept"})
    return Response(content, headers=headers, media_type=f"{MEDIA[form]}{'' if form == 'json' else '; charset=utf-8'}")


def _personal(body: str, form: Format, name: str | None) -> Response:
    media = f"{MEDIA[form]}{'' if form == 'json' else '; charset=utf-8'}"
    headers = {**identified.HEADERS, "Vary": "Accept", **_headers(form, name)}
    return Response(body.encode("utf-8", "replace"), headers=headers, media_type=media)


def _headers(form: Format, name: str | None) -> dict[str, str]:
    policy = {"Content-Security-Policy": POLICIES[form]} if form in POLICIES else {}
    return policy | ({"Content-Disposition": f'attachment; filename="{name}"'} if name else {})
