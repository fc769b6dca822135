"""Every answer that is not a success: RFC 9457 `application/problem+json`, with a stable type and nothing of what was sent.

`CATALOG` is the contract with clients: code, status, title. The type is `urn:faultmaven:problem:<code>`.
"""

import errno
import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from pydantic_core import to_json
from starlette.responses import Response

from faultmaven_events.errors import ContentTooLarge, FaultmavenError, Throttled, TransientError

MEDIA_TYPE: Final = "application/problem+json"
PREFIX: Final = "urn:faultmaven:problem:"
RETRY_AFTER: Final = 2
"""Seconds after which a client may come back when something of ours is away."""

CATALOG: Final[dict[str, tuple[int, str]]] = {
    "malformed-header": (400, "A request header does not have the form it must have"),
    "malformed-json": (400, "The body is not JSON"),
    "malformed-multipart": (400, "The body is not well-formed multipart/form-data"),
    "malformed-request": (400, "The request is malformed"),
    "invalid-name": (400, "A file's name cannot be used"),
    "invalid-encoding": (400, "A text is not UTF-8"),
    "reidentification-off": (403, "This ingress may not show what pseudonyms stand for"),
    "unknown-job": (404, "There is no such job"),
    "unknown-session": (404, "There is no such session"),
    "unknown-letter": (404, "There is no such dead letter"),
    "unknown-redrive": (404, "There is no such operation"),
    "unknown-mark": (404, "Nothing was hidden at that place"),
    "unknown-allowance": (404, "There is no such entry in the allow list"),
    "not-found": (404, "There is nothing at this address"),
    "method-not-allowed": (405, "The address does not take this method"),
    "not-acceptable": (406, "There is no form of it that the client takes"),
    "not-sanitized": (409, "The job has no sanitized text"),
    "no-report": (409, "The job has no report"),
    "ambiguous-mark": (409, "Several findings fit"),
    "unanswered-question": (409, "The question that this one follows has no answer yet"),
    "job-ended": (409, "The job has ended already"),
    "nothing-to-retry": (409, "The job cannot be sent on its way again"),
    "letter-decided": (409, "Somebody has decided about the dead letter already"),
    "request-timeout": (408, "The body stopped arriving"),
    "shredded": (410, "The key was destroyed"),
    "content-too-large": (413, "The content is over a limit"),
    "too-many-parts": (413, "The form has too many parts"),
    "unsupported-media-type": (415, "The content is of a kind that is not taken here"),
    "invalid-request": (422, "The request does not fit its schema"),
    "invalid-form": (422, "The form does not have the parts it must have"),
    "empty-file": (422, "A file is empty"),
    "empty-question": (422, "The question is empty"),
    "unknown-question": (422, "The question follows one that does not exist"),
    "unknown-evidence": (422, "The question names evidence that does not exist"),
    "throttled": (429, "A limit was hit"),
    "budget-spent": (429, "The budget for language models is spent"),
    "internal-error": (500, "Something went wrong here"),
    "temporarily-unavailable": (503, "A part of the system is away"),
    "busy": (503, "Too much is being handed in at a time"),
    "too-many-followers": (503, "Too many follow jobs here"),
    "broker-unavailable": (503, "The message broker is away or full"),
    "store-unavailable": (503, "A store is away"),
    "search-unavailable": (503, "Search does not answer"),
    "storage-full": (507, "The blob store is full"),
}


class Problem(Exception):  # the noun of RFC 9457
    """An answer that is not a success. `detail`, `errors` and `extra` never hold what the client sent.

    `errors` are `{"pointer": "#/field", "code": ..., "detail": ...}`, as RFC 9457 shows them; `extra` are further members.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code)
        self.code, self.detail, self.errors, self.extra = code, detail, errors, extra or {}
        self.status = status or CATALOG[code][0]
        self.headers = dict(headers or {})
        if self.status in {429, 503}:
            self.headers.setdefault("Retry-After", str(RETRY_AFTER))

    def response(self, instance: str, correlation_id: str) -> Response:
        """Return the answer. `instance` is the path without its query."""
        body: dict[str, Any] = {
            "type": PREFIX + self.code,
            "title": CATALOG[self.code][1],
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            "correlation_id": correlation_id,
            **self.extra,
        }
        if self.errors:
            body["errors"] = list(self.errors)
        return Response(to_json(body), self.status, self.headers, MEDIA_TYPE)


_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def from_status(status: int, headers: Mapping[str, str] | None = None) -> Problem:
    """Return the problem of an error that the framework answers by itself, for example 404 or 405."""
    codes = {404: "not-found", 405: "method-not-allowed", 413: "content-too-large", 415: "unsupported-media-type"}
    code = codes.get(status, "malformed-request" if status < 500 else "internal-error")
    return Problem(code, HTTPStatus(status).phrase, headers=headers, status=status)


def from_error(error: FaultmavenError) -> Problem:
    """Return the problem of an error of ours. Its message is for logs: only its type is shown."""
    if isinstance(error, Throttled):
        return Problem("throttled", "Try again later.", headers={"Retry-After": str(max(1, round(error.after)))})
    if isinstance(error, ContentTooLarge):
        return Problem("content-too-large", "The content is over the limit.")
    if _disk_full(error):
        return Problem("storage-full", "The blob store has no space left; nothing was accepted.")
    if isinstance(error, TransientError):
        return Problem("temporarily-unavailable", "Nothing was accepted; try again.")
    return Problem("internal-error", "The error was logged under the correlation id.")


def _disk_full(error: BaseException) -> bool:
    return any(getattr(cause, "errno", None) in _FULL or "No space left" in str(cause) for cause in _causes(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


_SENTENCES: Final = {
    "missing": "is missing",
    "extra_forbidden": "is not a known field",
    "string_pattern_mismatch": "does not have the form it must have",
    "string_too_short": "is too short",
    "string_too_long": "is too long",
    "too_long": "has too many items",
    "uuid_parsing": "is not a UUID",
    "uuid_type": "is not a UUID",
    "literal_error": "is not one of the allowed values",
    "int_parsing": "is not an integer",
    "greater_than_equal": "is too small",
    "less_than_equal": "is too large",
}
_RULES: Final = ("min_length", "max_length", "ge", "le", "gt", "lt", "pattern", "expected")
"""Parts of an error's context that come from the schema, not from the client."""
_KNOWN_FIELD: Final = re.compile(r"[A-Za-z0-9_\-]{1,64}")


def from_validation(errors: Sequence[Mapping[str, Any]], *, skip: int = 0) -> Problem:
    """Return the problem of a failed validation. `errors` as pydantic lists them; `skip` leaves out the first parts of each location."""
    return Problem("invalid-request", "See errors for each field.", errors=[_violation(error, skip) for error in errors[:20]])


def _violation(error: Mapping[str, Any], skip: int) -> dict[str, Any]:
    steps = [str(step) if _KNOWN_FIELD.fullmatch(str(step)) else "?" for step in error["loc"][skip:]]
    rules = {name: value for name, value in (error.get("ctx") or {}).items() if name in _RULES}
    found = {"pointer": "#/" + "/".join(steps), "code": error["type"], "detail": _SENTENCES.get(error["type"], "does not fit")}
    return found | ({"rules": rules} if rules else {})
