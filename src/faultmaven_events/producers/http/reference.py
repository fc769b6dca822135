"""The OpenAPI document beyond what FastAPI derives: forms, examples, problems, headers. Data for the routers' decorators."""

import copy
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from faultmaven_events import __version__
from faultmaven_events.producers.http.problems import CATALOG, MEDIA_TYPE, PREFIX
from faultmaven_events.producers.http.telling import KINDS
from faultmaven_events.schemas.job import Job
from faultmaven_events.schemas.ledger import Ledger
from faultmaven_events.schemas.lineage import Lineage

Fragment = dict[str, Any]
Responses = dict[int | str, dict[str, Any]]

_JOB = "01972c3e-8f1a-7c55-9d3a-4f0f6a1b2c3d"
_FILE = "01972c3e-8f19-7b01-8a52-0d9be1f4a6c7"


def _text(description: str, **more: Any) -> Fragment:
    return {"type": "string", "description": description, **more}


_PROBLEM: Final[Fragment] = {
    "type": "object",
    "description": "RFC 9457. `type` is stable; nothing in it repeats what was sent.",
    "required": ["type", "title", "status", "detail", "instance", "correlation_id"],
    "properties": {
        "type": {"type": "string", "enum": [PREFIX + code for code in CATALOG]},
        "title": _text("The type in words"),
        "status": {"type": "integer"},
        "detail": _text("What to do about it"),
        "instance": _text("The path"),
        "correlation_id": _text("Give it to whoever operates this"),
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code"],
                "properties": {"pointer": _text("JSON pointer to the field"), "code": _text("The rule"), "detail": _text("In words")},
            },
        },
    },
}
_ACCEPTED: Final[Fragment] = {
    "type": "object",
    "required": ["job_id", "kind", "status", "links"],
    "properties": {
        "job_id": {"type": "string", "format": "uuid"},
        "kind": {"type": "string", "enum": ["ingest", "document", "troubleshoot"]},
        "status": {"type": "string", "const": "accepted"},
        "name": _text("The file's name as you gave it, without folders; the job shows it sanitized"),
        "evidence": {
            "type": "array",
            "items": {"type": "object", "properties": {"job_id": {"type": "string", "format": "uuid"}, "name": {"type": "string"}}},
        },
        "links": {"type": "object", "properties": {"self": {"type": "string"}, "events": {"type": "string"}}},
    },
}


def problems(*codes: str) -> Responses:
    """Return the documentation of the problems that an operation may answer, by status."""
    by_status: Responses = {}
    for code in codes:
        status, title = CATALOG[code]
        example = {
            "type": PREFIX + code,
            "title": title,
            "status": status,
            "detail": "...",
            "instance": "/api/v1/...",
            "correlation_id": "order-42",
        }
        found = by_status.setdefault(
            status, {"description": "", "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}}}
        )
        found["description"] = "; ".join(filter(None, [found["description"], title]))
        found["content"][MEDIA_TYPE]["examples"][code] = {"value": example}
    return by_status


_ANYWHERE: Final = ("malformed-header", "internal-error")
_SUBMITTING: Final = (
    *_ANYWHERE,
    "content-too-large",
    "unsupported-media-type",
    "invalid-request",
    "broker-unavailable",
    "store-unavailable",
    "storage-full",
)
_FORM: Final = (
    "malformed-multipart",
    "invalid-name",
    "invalid-encoding",
    "request-timeout",
    "too-many-parts",
    "invalid-form",
    "empty-file",
    "busy",
)


def _submitted(kind: str, **more: Any) -> Responses:
    example = {
        "job_id": _JOB,
        "kind": kind,
        "status": "accepted",
        **more,
        "links": {"self": f"/api/v1/jobs/{_JOB}", "events": f"/api/v1/jobs/{_JOB}/events"},
    }
    headers = {
        "Location": {"schema": {"type": "string"}, "description": "The job"},
        "Retry-After": {"schema": {"type": "integer"}, "description": "Seconds"},
    }
    schema = {"$ref": "#/components/schemas/Accepted"}
    return {
        200: {"model": Job, "description": "With `Prefer: wait=N`, when the job ended in time: the job"},
        202: {"description": "Accepted", "headers": headers, "content": {"application/json": {"schema": schema, "example": example}}},
    }


def _form(properties: Fragment, required: list[str], example: Fragment) -> Fragment:
    return {"schema": {"type": "object", "required": required, "properties": properties}, "example": example}


def _operation(content: Fragment, responses: Responses) -> Fragment:
    waiting = {
        "name": "Prefer",
        "in": "header",
        "schema": {"type": "string"},
        "example": "wait=30",
        "description": "Hold the answer for at most so many seconds (60) until the job has ended",
    }
    return {
        "status_code": 202,
        "responses": responses,
        "openapi_extra": {"requestBody": {"required": True, "content": content}, "parameters": [waiting]},
    }


_UPLOAD: Final[Fragment] = {"type": "string", "format": "binary", "description": "The file; its name is kept, its path is not"}
_TITLE: Final = _text("A title", maxLength=300)
_TAGS: Final[Fragment] = {"type": "array", "items": {"type": "string", "maxLength": 64}, "maxItems": 32, "description": "Repeat the field"}
_COLLECTION: Final[Fragment] = {"type": "string", "enum": ["user", "global"], "default": "user"}
_SESSION: Final = _text("An existing session", maxLength=128)
_CASE: Final = _text("The case that it belongs to", maxLength=128)

FILE_IN: Final = _operation(
    {
        "multipart/form-data": _form(
            {"file": _UPLOAD, "title": _TITLE, "tags": _TAGS, "session_id": _SESSION, "case_id": _CASE},
            ["file"],
            {"file": "order-api.log", "tags": ["production"], "case_id": "INC-1042"},
        )
    },
    {**_submitted("ingest", name="order-api.log"), **problems(*_SUBMITTING, *_FORM, "throttled", "unknown-session")},
)
DOCUMENT_IN: Final = _operation(
    {
        "multipart/form-data": _form(
            {
                "file": _UPLOAD,
                "title": _TITLE,
                "tags": _TAGS,
                "collection": _COLLECTION,
            },
            ["file"],
            {"file": "runbook.md", "title": "Order API runbook", "collection": "user"},
        )
    },
    {**_submitted("document", name="runbook.md"), **problems(*_SUBMITTING, *_FORM, "throttled")},
)
_EVIDENCE: Final[Fragment] = {
    "type": "array",
    "items": {"type": "string", "format": "uuid"},
    "maxItems": 200,
    "description": "Jobs of kind `ingest`; the answer waits for them",
}
_FILES: Final[Fragment] = {"type": "array", "items": _UPLOAD, "maxItems": 200, "description": "Evidence that comes with the question"}
_FOLLOWING: Final = ("unknown-question", "unanswered-question")
_FOLLOWS: Final[Fragment] = {
    "type": "string",
    "format": "uuid",
    "description": "The question, a job of kind `troubleshoot`, that this one follows up: its evidence is this one's too, and its report "
    "can be asked about",
}
_QUESTION: Final = _text("What is wrong, in words; at most 64 KiB")
QUESTION_IN: Final = _operation(
    {
        "application/json": _form(
            {"question": _QUESTION, "evidence": _EVIDENCE, "follows": _FOLLOWS, "session_id": _SESSION, "case_id": _CASE},
            ["question"],
            {"question": "Why do orders fail since 14:00?", "evidence": [_FILE], "case_id": "INC-1042"},
        ),
        "multipart/form-data": _form(
            {
                "question": _QUESTION,
                "files": _FILES,
                "evidence": _EVIDENCE,
                "follows": _FOLLOWS,
                "session_id": _SESSION,
                "case_id": _CASE,
            },
            ["question"],
            {"question": "Why do orders fail since 14:00?", "files": ["order-api.log", "order-api.yaml"]},
        ),
    },
    {
        **_submitted("troubleshoot", evidence=[{"job_id": _FILE, "name": "order-api.log"}]),
        **problems(
            *_SUBMITTING, *_FORM, "unknown-session", "malformed-json", "empty-question", "unknown-evidence", "budget-spent", *_FOLLOWING
        ),
    },
)

_READING: Final = (*_ANYWHERE, "invalid-request", "temporarily-unavailable")
JOB_OUT: Final[Responses] = {
    200: {"model": Job, "description": "The job", "headers": {"ETag": {"schema": {"type": "string"}, "description": "Its version"}}},
    304: {"description": "The client has this version already"},
    **problems(*_READING, "unknown-job"),
}
JOBS_OUT: Final[Responses] = {
    200: {
        "description": "A page of jobs",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["items", "next"],
                    "properties": {
                        "items": {"type": "array", "items": {"$ref": "#/components/schemas/Job"}},
                        "next": {"type": ["string", "null"], "description": "The cursor of the next page"},
                    },
                }
            }
        },
    },
    **problems(*_READING),
}
LINEAGE_OUT: Final[Responses] = {200: {"model": Lineage, "description": "The job's way"}, **problems(*_READING, "unknown-job")}


def _order(status: str, codes: tuple[str, ...], **more: Any) -> dict[str, Any]:
    """Return the documentation of an order about a job."""
    links = {"self": f"/api/v1/jobs/{_JOB}", "events": f"/api/v1/jobs/{_JOB}/events"}
    example = {"job_id": _JOB, "status": status, **dict.fromkeys(more, _FILE), "links": links}
    ids = {name: {"type": "string", "format": "uuid", "description": text} for name, text in {"job_id": "The job", **more}.items()}
    properties = {**ids, "status": {"type": "string", "const": status}, "links": {"type": "object"}}
    schema = {"type": "object", "required": ["job_id", "status", "links"], "properties": properties}
    taken = {
        "description": "The order is taken; the job shows its effect",
        "content": {"application/json": {"schema": schema, "example": example}},
    }
    return {"status_code": 202, "responses": {202: taken, **problems(*_READING, "unknown-job", *codes)}}


_REASON: Final = _form({"reason": _text("Kept with the job as it is; at most 500 characters", maxLength=500)}, [], {"reason": "Wrong file"})
CANCEL_IN: Final = {
    **_order(
        "cancelling",
        ("job-ended", "malformed-json", "content-too-large", "request-timeout", "unsupported-media-type", "broker-unavailable"),
    ),
    "openapi_extra": {"requestBody": {"required": False, "content": {"application/json": _REASON}}},
}
RETRY_IN: Final = _order("retrying", ("nothing-to-retry",), dead_letter="The letter that is sent", redrive="The operation that sends it")
_STREAM: Final = 'id: 3\nevent: job\ndata: {"id": "...", "status": "running"}\n\n'
EVENTS_OUT: Final[Responses] = {
    200: {
        "description": "Server-sent events",
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": _STREAM,
            }
        },
    },
    204: {"description": "The job has ended, and the client has seen its end"},
    **problems(*_READING, "unknown-job"),
}
_LIVE: Final = 'id: 2.3.1700000000000-0\nevent: phase\ndata: {"phase": "knowledge", "number": 3, "summary": "..."}\n\n'
_KINDS: Final = "\n".join(f"* `{kind}`: {about}" for kind, about in KINDS.items())
STREAM_OUT: Final[Responses] = {
    200: {
        "description": f"Server-sent events:\n{_KINDS}",
        "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _LIVE}},
    },
    204: {"description": "The job has ended, and the client has seen its end"},
    **problems(*_READING, "unknown-job", "too-many-followers"),
}
SOCKET: Final[Fragment] = {
    "tags": ["jobs"],
    "summary": "Talk Job",
    "description": 'Follow a job live over a WebSocket: what `/stream` tells, each as one message `{"type", "id", "data"}`. The client '
    'may send `{"type": "resume", "after": ID}`, answered by `resumed` and then by what came after that id, and `{"type": "ping"}`, '
    "answered by `pong`. A browser's page of another site gets 403.",
    "operationId": "talk_job",
    "parameters": [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}},
        {"name": "after", "in": "query", "schema": {"type": "string", "maxLength": 64}, "description": "The id of the last message seen"},
    ],
    "responses": {"101": {"description": "The connection is a WebSocket now. The codes of its end are in docs/streams.md"}},
}
"""OpenAPI knows no WebSockets: their opening request is described."""
PROBLEMS_OF_SEARCH: Final = problems(*_ANYWHERE, "invalid-request", "search-unavailable")
LEDGER_OUT: Final[Responses] = {200: {"model": Ledger, "description": "The ledger"}, **problems(*_READING)}
STAGES_OUT: Final[Responses] = {200: {"description": "The stages"}, **problems(*_ANYWHERE)}
STAGE_ORDERED: Final[Responses] = {
    202: {"description": "The consumers obey within some seconds"},
    **problems(*_READING, "not-found", "malformed-json", "content-too-large"),
}
LIVE_OUT: Final[Responses] = {200: {"description": "Alive", "content": {"application/json": {"example": {"status": "healthy"}}}}}
READY_OUT: Final[Responses] = {
    200: {"description": "Ready", "content": {"application/json": {"example": {"status": "ready", "checks": {"broker": {"ok": True}}}}}},
    **problems("temporarily-unavailable"),
}
METRICS_OUT: Final[Responses] = {200: {"description": "Prometheus text format", "content": {"text/plain": {}}}}

_WHO: Final[list[Fragment]] = [
    {"name": "X-Tenant-Id", "in": "header", "schema": {"type": "string", "default": "default", "maxLength": 128}},
    {"name": "X-User-Id", "in": "header", "schema": {"type": "string", "default": "anonymous", "maxLength": 128}},
    {
        "name": "X-Correlation-Id",
        "in": "header",
        "schema": {"type": "string", "maxLength": 128},
        "description": "Comes back in the answer",
    },
]


def describe(app: FastAPI) -> Fragment:
    """Return the whole OpenAPI document of an application."""
    document = get_openapi(
        title="faultmaven-events",
        version=__version__,
        summary="Evidence and a question in, an evidenced incident report out",
        routes=app.routes,
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas |= {"Problem": _PROBLEM, "Accepted": _ACCEPTED}
    document["paths"]["/api/v1/jobs/{id}/ws"] = {"get": copy.deepcopy(SOCKET)}
    for path, operations in document["paths"].items():
        for operation in operations.values() if path.startswith("/api/") else ():
            operation["parameters"] = [*operation.get("parameters", []), *_WHO]
    return document
