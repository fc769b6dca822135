import json
from uuid import uuid4

import pytest

from faultmaven_events.errors import InvalidEvent
from faultmaven_events.schemas.event import derive
from faultmaven_events.schemas.evidence import Classified
from faultmaven_events.schemas.registry import EVENTS, decode
from samples import DATA, event


@pytest.mark.parametrize("type_", sorted(EVENTS))
def test_every_event_survives_the_wire(type_: str) -> None:
    sent = event(type_)
    assert decode(sent.encode()) == sent


def test_there_is_a_sample_of_every_type() -> None:
    assert set(DATA) == set(EVENTS)


def test_the_same_parent_and_stage_give_the_same_id() -> None:
    parent = event("ingest.submitted.v1")
    data = Classified.model_validate(DATA["ingest.classified.v1"])
    first, second = parent.follow("classify", "classified", data), parent.follow("classify", "classified", data)
    assert first.id == second.id == derive(parent.id, "classify/0")
    assert first.id != parent.follow("classify", "classified", data, index=1).id


def test_a_following_event_keeps_job_tenant_correlation_deadline_and_cause() -> None:
    parent = event(
        "ingest.submitted.v1", userid="ann", deadline="2030-01-01T00:00:00Z", traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    )
    child = parent.follow("classify", "classified", Classified.model_validate(DATA["ingest.classified.v1"]))
    kept = ("subject", "tenantid", "userid", "correlationid", "deadline", "traceparent")
    assert [getattr(child, name) for name in kept] == [getattr(parent, name) for name in kept]
    assert child.causationid == parent.id
    assert child.type == "ingest.classified.v1"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"not json",
        b"[1, 2]",
        b"{}",
        b'{"type": 7}',
        b'{"type": "ingest.submitted.v2"}',
        b'{"type": "nobody.knows.v1"}',
        b'{"type": "ingest.submitted.v1"}',
    ],
)
def test_what_is_not_an_event_of_ours_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidEvent):
        decode(body)


def test_a_refusal_names_the_field_and_never_its_value() -> None:
    raw = json.loads(event("ingest.submitted.v1").encode())
    raw["data"]["name"] = ["password=hunter2"]
    raw["tenantid"] = "hunter2 !"
    with pytest.raises(InvalidEvent) as caught:
        decode(json.dumps(raw).encode())
    assert "data.name" in str(caught.value)
    assert "tenantid" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_extensions_of_other_senders_are_let_through() -> None:
    raw = json.loads(event("ingest.submitted.v1").encode()) | {"partitionkey": "x"}
    assert decode(json.dumps(raw).encode()).data.name == "app.log"


def test_content_and_text_exclude_each_other() -> None:
    raw = json.loads(event("troubleshoot.submitted.v1").encode())
    raw["data"]["text"] = "why?"
    with pytest.raises(InvalidEvent):
        decode(json.dumps(raw).encode())
    del raw["data"]["text"], raw["data"]["content"]
    with pytest.raises(InvalidEvent):
        decode(json.dumps(raw).encode())


def test_evidence_of_a_question_is_bounded() -> None:
    raw = json.loads(event("troubleshoot.submitted.v1").encode())
    raw["data"]["evidence"] = [str(uuid4()) for _ in range(201)]
    with pytest.raises(InvalidEvent):
        decode(json.dumps(raw).encode())
