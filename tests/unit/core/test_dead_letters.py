import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from faultmaven_events.consumers.bury.verdict import ends_job, failure
from faultmaven_events.infra.dead_letters import envelope, fingerprint, letter, open_body
from faultmaven_events.schemas.letter import Letter
from faultmaven_events.schemas.registry import decode
from samples import event

KEY = b"c" * 32
AT = datetime(2026, 1, 1, tzinfo=UTC)


def dead(body: bytes, stage: str = "process", code: str = "unreadable_content", **given: Any) -> Letter:
    facts: dict[str, Any] = {"error": "UnreadableContent", "message": "no", "attempts": (), "consumer": "c/1", "at": AT, "clean_key": KEY}
    return letter(body, "k", stage=stage, code=code, **(facts | given))


def test_a_letter_keeps_the_original_event_and_its_reason() -> None:
    original = event("ingest.sanitized.v1")
    kept = dead(original.encode())
    assert kept.event == json.loads(original.encode())
    assert (kept.job_id, kept.tenant, kept.event_id) == (original.subject, "acme", original.id)


def test_dying_twice_gives_one_letter() -> None:
    body = event("ingest.sanitized.v1").encode()
    assert dead(body).id == dead(body, message="other").id
    assert dead(body).id != dead(body, stage="embed").id
    assert dead(b"garbage").id == dead(b"garbage").id


@pytest.mark.parametrize("body", [b"password=hunter2", b'{"type": "ingest.submitted.v9", "data": {"text": "password=hunter2"}}'])
def test_what_is_no_event_is_sealed(body: bytes) -> None:
    kept = dead(body, stage="classify", code="invalid_event")
    assert "hunter2" not in kept.model_dump_json()
    assert kept.sealed is not None
    assert open_body(KEY, kept.sealed) == body
    with pytest.raises(InvalidTag):
        open_body(b"x" * 32, kept.sealed)


def test_inline_text_of_a_sender_is_sealed() -> None:
    raw = json.loads(event("troubleshoot.submitted.v1").encode())
    raw["data"] = {"text": "my password is hunter2"}
    kept = dead(json.dumps(raw).encode(), stage="classify")
    assert "hunter2" not in kept.model_dump_json()
    assert "hunter2" not in base64.b64decode(kept.sealed or "").decode("latin-1")


def test_fingerprints_ignore_numbers_and_ids() -> None:
    assert fingerprint("s", "E", "gave up after 4 attempts: job 0190aaaaaaaa at 17:00") == fingerprint(
        "s", "E", "gave up after 9 attempts: job 0190bbbbbbbb at 18:30"
    )
    assert fingerprint("s", "E", "a") != fingerprint("s", "E", "b")


@pytest.mark.parametrize(
    ("type_", "stage", "ends"),
    [
        ("ingest.submitted.v1", "classify", True),
        ("ingest.embedded.v1", "record", True),
        ("ingest.sanitized.v1", "record", False),
        ("ingest.completed.v1", "gather", False),
        ("troubleshoot.sanitized.v1", "gather", True),
        ("troubleshoot.reasoned.v1", "record", True),
    ],
)
def test_only_the_death_of_the_event_that_carries_the_job_ends_it(type_: str, stage: str, ends: bool) -> None:
    assert ends_job(dead(event(type_).encode(), stage=stage)) is ends


def test_an_invalid_event_with_a_job_in_it_fails_that_job() -> None:
    raw = json.loads(event("ingest.submitted.v1").encode())
    raw["data"] = {"nonsense": True}
    told = failure(dead(json.dumps(raw).encode(), stage="classify", code="invalid_event"), AT)
    assert told is not None
    assert (str(told.subject), told.type, told.data.error.code) == (raw["subject"], "ingest.failed.v1", "invalid_event")


@pytest.mark.parametrize(
    ("state", "stage", "told"), [("submitted", "classify", None), ("classified", "sanitize", "upload-"), ("sanitized", "process", "jane")]
)
def test_a_name_that_nobody_has_sanitized_is_not_told_when_its_job_dies(state: str, stage: str, told: str | None) -> None:
    given = event(f"ingest.{state}.v1")
    given = given.model_copy(update={"data": given.data.model_copy(update={"name": "jane.log"})})
    failed = failure(dead(given.encode(), stage=stage), AT)
    assert failed is not None
    wanted = {None: None, "upload-": f"upload-{given.subject.hex[-8:]}.log", "jane": "jane.log"}
    assert failed.data.name == wanted[told]


def test_garbage_tells_no_job() -> None:
    assert failure(dead(b"garbage", stage="classify", code="invalid_event"), AT) is None


def test_a_letter_travels_as_an_event() -> None:
    kept = dead(b"garbage", stage="classify", code="invalid_event")
    assert decode(envelope(kept).encode()).data == kept
