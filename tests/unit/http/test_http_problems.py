import errno
import json

import pytest
from pydantic import ValidationError

from faultmaven_events.errors import ContentTooLarge, MissingContent, Throttled, TransientError
from faultmaven_events.producers.http.problems import CATALOG, Problem, from_error, from_status, from_validation
from faultmaven_events.schemas.evidence import Submitted

SECRET = "hunter" + "2-is-my-password"


def test_a_problem_is_what_rfc_9457_says() -> None:
    response = Problem("unknown-job", "No job has this id.").response("/api/v1/jobs/1", "c-1")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert json.loads(bytes(response.body)) == {
        "type": "urn:faultmaven:problem:unknown-job",
        "title": "There is no such job",
        "status": 404,
        "detail": "No job has this id.",
        "instance": "/api/v1/jobs/1",
        "correlation_id": "c-1",
    }


@pytest.mark.parametrize("code", [code for code, (status, _) in CATALOG.items() if status in {429, 503}])
def test_whoever_may_come_back_is_told_when(code: str) -> None:
    assert int(Problem(code, "").headers["Retry-After"]) >= 1


def test_a_failed_validation_names_fields_and_rules_but_no_values() -> None:
    with pytest.raises(ValidationError) as caught:
        Submitted.model_validate({"name": "a" * 300, "collection": SECRET, "text": "x", "session_id": SECRET + "!", SECRET + " key": 1})
    problem = from_validation(caught.value.errors())
    assert {error["pointer"] for error in problem.errors} == {"#/name", "#/collection", "#/session_id", "#/?"}
    assert problem.status == 422
    assert SECRET not in bytes(problem.response("/", "c").body).decode()


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Throttled("x", after=7.2), 429),
        (ContentTooLarge("x"), 413),
        (TransientError("x"), 503),
        (MissingContent("x"), 500),
    ],
)
def test_an_error_of_ours_shows_its_type_and_not_its_message(error: Exception, status: int) -> None:
    error.args = (SECRET,)
    problem = from_error(error)  # type: ignore[arg-type]  # all four are of ours
    assert problem.status == status
    assert SECRET not in bytes(problem.response("/", "c").body).decode()


def test_a_full_disk_is_named() -> None:
    error = TransientError("the blob store did not take 7 bytes")
    error.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    assert (from_error(error).code, from_error(error).status) == ("storage-full", 507)


def test_errors_of_the_framework_keep_their_status_and_headers() -> None:
    problem = from_status(405, {"Allow": "GET"})
    assert (problem.status, problem.code, problem.headers) == (405, "method-not-allowed", {"Allow": "GET"})
    assert from_status(418).status == 418
