import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultmaven_events.errors import InvalidEvent
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.registry import EVENTS, decode, model
from samples import DATA, event


@pytest.mark.parametrize("type_", sorted(DATA))
def test_what_is_encoded_is_decoded_to_the_same_event_of_its_own_model(type_: str) -> None:
    sent = event(type_)
    got = decode(sent.encode())
    assert got == sent
    assert type(got) is model(type_)
    assert type(got.data) is EVENTS[type_]


def reversed_keys(sent: Event[object]) -> bytes:
    """The same event as another publisher may write it: data first, and in it something that looks like the event's type."""
    raw = json.loads(sent.encode())
    return json.dumps(dict(reversed(raw.items())), indent=1).encode()


def test_a_type_in_the_data_is_not_taken_for_the_events_own() -> None:
    sent = event("ingest.completed.v1")
    sent = sent.model_copy(update={"data": sent.data.model_copy(update={"result": {"type": "document.completed.v1"}})})
    body = reversed_keys(sent)
    assert body.index(b"document.completed.v1") < body.index(b"ingest.completed.v1")
    assert decode(body) == sent


def test_a_type_that_is_spelled_in_escapes_is_understood() -> None:
    sent = event("ingest.submitted.v1")
    assert decode(sent.encode().replace(b'"type"', b'"\\u0074ype"', 1)) == sent


def test_of_two_types_the_last_one_counts_whichever_comes_first() -> None:
    body = event("ingest.failed.v1").encode()
    twice = body.replace(b'"type":', b'"type":"document.failed.v1","type":', 1)
    assert decode(twice).type == "ingest.failed.v1"


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f'{{"type":"ingest.failed.v1","data":{text}'.encode()))
def test_what_is_no_event_is_refused_and_never_quoted(body: bytes) -> None:
    with pytest.raises(InvalidEvent) as refused:
        decode(body)
    assert len(str(refused.value)) < 1000


def test_the_reason_names_the_field_and_not_its_value() -> None:
    body = event("ingest.failed.v1").encode().replace(b'"attempts":1', b'"attempts":"hunter2"')
    with pytest.raises(InvalidEvent, match=r"data\.error\.attempts: int_parsing") as refused:
        decode(body)
    assert "hunter2" not in str(refused.value)
