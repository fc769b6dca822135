import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from faultmaven_events.infra.dead_letters import letter
from faultmaven_events.infra.revival import EVENT_LIMIT, Unfit, digest, edit, lane, patched, revive
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.letter import Letter
from faultmaven_events.schemas.redrive import PATCH, Operation
from faultmaven_events.topology import BY_NAME
from samples import event

NOW = datetime(2026, 5, 1, tzinfo=UTC)
SECRET = "hunter" + "2"


def dead(body: bytes, stage: str = "process", code: str = "missing_content", queue: str = "") -> Letter:
    return letter(
        body, "k", stage=stage, code=code, error="E", message="m", attempts=(), consumer="1/h", at=NOW, clean_key=b"c" * 32, queue=queue
    )


def patch(*operations: dict[str, Any]) -> tuple[Operation, ...]:
    return PATCH.validate_python(operations)


def changed(original: Event[Any], *operations: dict[str, Any]) -> Event[Any]:
    body = original.encode()
    return patched(dead(body), body, patch(*operations))


def test_a_revived_event_is_the_same_event_in_the_next_generation() -> None:
    original = event("ingest.sanitized.v1")
    revival = revive(dead(original.encode()), original.encode(), by="ann", now=NOW, deadline_s=60)
    assert revival.event == original.model_copy(update={"generation": 1})
    assert revival.queue == "fm.process"
    assert revival.note is not None
    assert (revival.note.type, revival.note.generation, revival.note.data.by) == ("ingest.redriven.v1", 1, "ann")
    assert revival.note.subject == original.subject


def test_reviving_twice_says_the_same_under_the_same_ids() -> None:
    body = event("document.processed.v1").encode()
    first, second = (revive(dead(body, "embed"), body, by="ann", now=NOW, deadline_s=60) for _ in range(2))
    assert first == second
    assert first.queue == "fm.embed.document"


def test_each_death_after_a_redrive_is_a_letter_of_its_own() -> None:
    body, seen = event("ingest.sanitized.v1").encode(), set()
    for generation in range(3):
        fallen = dead(body)
        assert fallen.generation == generation
        seen.add(fallen.id)
        body = revive(fallen, body, by="ann", now=NOW, deadline_s=60).event.encode()
    assert len(seen) == 3


def test_what_did_not_end_its_job_is_sent_again_without_reopening_it() -> None:
    original = event("ingest.sanitized.v1")
    revival = revive(dead(original.encode(), "record"), original.encode(), by="ann", now=NOW, deadline_s=60)
    assert revival.note is None
    assert revival.event.generation == 0
    assert revival.queue == "fm.record"


def test_a_deadline_that_passed_is_replaced_and_another_kept() -> None:
    for deadline, expected in ((NOW - timedelta(hours=1), NOW + timedelta(seconds=60)), (NOW + timedelta(hours=1),) * 2):
        body = event("troubleshoot.gathered.v1", deadline=deadline).encode()
        assert revive(dead(body), body, by="ann", now=NOW, deadline_s=60).event.deadline == expected


def test_it_goes_back_to_the_queue_it_came_from_as_long_as_the_stage_has_it() -> None:
    body = event("ingest.sanitized.v1").encode()
    queues = {
        given: revive(dead(body, queue=given), body, by="a", now=NOW, deadline_s=1).queue
        for given in ("fm.process.crowd", "fm.process.gone", "")
    }
    assert queues == {"fm.process.crowd": "fm.process.crowd", "fm.process.gone": "fm.process", "": "fm.process"}


def test_poison_is_refused_without_quoting_it() -> None:
    body = json.dumps({"type": "ingest.submitted.v9", "data": SECRET}).encode()
    with pytest.raises(Unfit, match="edit it first") as refused:
        revive(dead(body, "classify", "invalid_event"), body, by="a", now=NOW, deadline_s=1)
    assert SECRET not in str(refused.value)


def test_an_edited_event_is_a_new_one_of_the_same_job_caused_by_the_dead_one() -> None:
    original = event("ingest.sanitized.v1")
    new = changed(original, {"op": "replace", "path": "/data/name", "value": "other.log"})
    assert new.data.name == "other.log"
    assert (new.subject, new.tenantid, new.causationid) == (original.subject, original.tenantid, original.id)
    assert new.id != original.id
    assert new.id == changed(original, {"op": "replace", "path": "/data/name", "value": "other.log"}).id
    assert new.id != changed(original, {"op": "replace", "path": "/data/name", "value": "third.log"}).id


def test_an_edit_can_mend_an_unknown_version() -> None:
    raw = {**json.loads(event("ingest.sanitized.v1").encode()), "type": "ingest.sanitized.v7"}
    body = json.dumps(raw).encode()
    mended = edit(
        dead(body, code="invalid_event"),
        body,
        patch({"op": "replace", "path": "/type", "value": "ingest.sanitized.v1"}),
        by="ann",
        at=NOW,
        now=NOW,
        deadline_s=60,
    )
    assert (mended.event.type, mended.event.time, mended.queue) == ("ingest.sanitized.v1", NOW, "fm.process")


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "/tenantid", "value": "evil"},
        {"op": "replace", "path": "/subject", "value": "0190aaaa-0000-7000-8000-000000000000"},
        {"op": "replace", "path": "/id", "value": "0190aaaa-0000-7000-8000-000000000000"},
        {"op": "remove", "path": "/tenantid"},
        {"op": "move", "from": "/source", "path": "/tenantid"},
        {"op": "replace", "path": "", "value": {"tenantid": "evil"}},
    ],
    ids=lambda operation: f"{operation['op']} {operation['path']}",
)
def test_a_patch_may_not_touch_whose_event_it_is(operation: dict[str, Any]) -> None:
    with pytest.raises(Unfit, match="changes"):
        changed(event("ingest.sanitized.v1"), operation)


@pytest.mark.parametrize(
    ("operations", "reason"),
    [
        ([{"op": "test", "path": "/data/name", "value": SECRET}], "does not apply"),
        ([{"op": "remove", "path": f"/{SECRET}"}], "does not apply"),
        ([{"op": "add", "path": "no/pointer", "value": 1}], "does not apply"),
        ([{"op": "add", "path": "/data/name"}], "does not apply"),
        ([{"op": "replace", "path": "", "value": []}], "leaves no event"),
        ([{"op": "replace", "path": "/data/name", "value": 7}], "not valid"),
        ([{"op": "replace", "path": "/type", "value": "ingest.embedded.v1"}], "not valid"),
        ([{"op": "replace", "path": "/type", "value": "ingest.classified.v1"}, {"op": "remove", "path": "/data/receipt"}], "does not take"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value[0]['op']} {value[0]['path']}".replace(SECRET, "x"),
)
def test_a_patch_that_does_not_fit_is_refused_with_a_reason_that_quotes_nothing(operations: list[dict[str, Any]], reason: str) -> None:
    with pytest.raises(Unfit, match=reason) as refused:
        changed(event("ingest.sanitized.v1"), *operations)
    assert SECRET not in str(refused.value)


def test_a_patch_that_doubles_the_event_again_and_again_is_stopped_early() -> None:
    doubling = [{"op": "copy", "from": "/data", "path": f"/data/x{number}"} for number in range(60)]
    with pytest.raises(Unfit, match=f"larger than {EVENT_LIMIT} bytes"):
        changed(event("ingest.sanitized.v1"), *doubling)


def test_garbage_cannot_be_edited() -> None:
    with pytest.raises(Unfit, match="publish a new event"):
        patched(dead(b"garbage"), b"garbage", patch({"op": "add", "path": "/id", "value": "x"}))


def test_the_digest_of_a_patch_is_that_of_its_operations() -> None:
    explicit, missing = patch({"op": "test", "path": "/a", "value": None}), patch({"op": "test", "path": "/a"})
    assert digest(explicit) != digest(missing)
    assert digest(explicit) == digest(patch({"value": None, "path": "/a", "op": "test"}))


@pytest.mark.parametrize(
    ("stage", "type_", "queue"),
    [
        ("process", "troubleshoot.gathered.v1", "fm.process.question"),
        ("record", "alert.raised.v1", "fm.record"),
        ("process", "troubleshoot.sanitized.v1", None),
    ],
)
def test_a_type_has_its_lane(stage: str, type_: str, queue: str | None) -> None:
    assert lane(BY_NAME[stage], type_) == queue
