"""A job's document is the same whatever the order and number of its events."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faultmaven_events.consumers.record.project import ended, is_last
from faultmaven_events.errors import InvalidEvent
from faultmaven_events.infra.jobs import Ending, job_of
from faultmaven_events.infra.jobs.fold import fold
from faultmaven_events.infra.mongo import Document
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.phase import PHASES, Phase
from samples import DATA, event

JOB = UUID(int=1)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def said(state: str, second: int, generation: int = 0, **data: Any) -> Event[Any]:
    """One event of the job; its id follows from what it says."""
    stages = {"classified": "classify", "sanitized": "sanitize", "processed": "process", "embedded": "embed", "completed": "record"}
    attributes: dict[str, Any] = {"stage": stages[state], "waitedms": second, "ranms": 2, "attempt": 1} if state in stages else {}
    made = event(f"ingest.{state}.v1", id=UUID(int=100 + second), subject=JOB, generation=generation, **attributes)
    made = made.model_copy(update={"time": BEGAN + timedelta(seconds=second)})
    return made.model_copy(update={"data": made.data.model_copy(update=data)}) if data else made


def died(second: int, generation: int, stage: str = "process", **data: Any) -> Event[Any]:
    made = said("failed", second, generation, failed_at=BEGAN + timedelta(seconds=second), **data)
    error = made.data.error.model_copy(update={"stage": stage})
    return made.model_copy(update={"data": made.data.model_copy(update={"error": error})})


def told(second: int, generation: int, stage: str) -> Event[Any]:
    made = said("delayed", second, generation, next_at=BEGAN + timedelta(seconds=second + 15))
    error = made.data.error.model_copy(update={"stage": stage})
    return made.model_copy(update={"data": made.data.model_copy(update={"error": error})})


SUBMITTED, CLASSIFIED = said("submitted", 0, name="upload-1.log"), said("classified", 1, name="upload-1.log")
SANITIZED = said("sanitized", 2)
DIED, AGAIN, DIED_AGAIN, ONCE_MORE = died(3, 0), said("redriven", 4, 1), died(5, 1), said("redriven", 6, 2)
PROCESSED, EMBEDDED, COMPLETED = said("processed", 7, 2), said("embedded", 8, 2), said("completed", 9, 2)
HELD_UP = told(2, 0, "process")
CANCELLED = said("cancelled", 10, 2, cancelled_at=BEGAN + timedelta(seconds=10))
LIFE = (SUBMITTED, CLASSIFIED, SANITIZED, HELD_UP, DIED, AGAIN, DIED_AGAIN, ONCE_MORE, PROCESSED, EMBEDDED, COMPLETED)


def grown(events: "tuple[Event[Any], ...] | list[Event[Any]]") -> Document:
    """What record makes of events in this order."""
    job: Document | None = None
    for each in events:
        job = fold(job, each, Ending("completed", each.time, result={"n": 1}) if is_last(each) else ended(each))
    assert job is not None
    return job


def test_every_order_of_two_failures_and_two_redrives_ends_the_same() -> None:
    """All 5,040 orders."""
    life = (SUBMITTED, CLASSIFIED, DIED, AGAIN, DIED_AGAIN, ONCE_MORE, EMBEDDED)
    whole = grown(life)
    assert whole["status"] == "completed"
    assert [(past["status"], past["generation"]) for past in whole["past"]] == [("failed", 0), ("failed", 1)]
    for order in permutations(life):
        assert grown(order) == whole


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_part_of_a_life_in_any_order_and_number_gives_one_document(data: st.DataObject) -> None:
    part = data.draw(st.lists(st.sampled_from([*LIFE, CANCELLED]), min_size=1, unique_by=lambda each: each.id))
    again = data.draw(st.lists(st.sampled_from(part), max_size=6))
    assert grown(data.draw(st.permutations(part + again))) == grown(part)


def test_a_duplicate_changes_nothing() -> None:
    whole = grown(LIFE)
    for each in LIFE:
        assert fold(whole, each, Ending("completed", each.time, result={"n": 1}) if is_last(each) else ended(each)) == whole


@pytest.mark.parametrize(
    ("events", "status", "stage", "generation"),
    [
        ((SUBMITTED,), "accepted", "classify", 0),
        ((SUBMITTED, CLASSIFIED), "running", "sanitize", 0),
        ((CLASSIFIED, SANITIZED, DIED), "failed", None, 0),
        ((CLASSIFIED, SANITIZED, DIED, AGAIN), "running", "process", 1),
        ((CLASSIFIED, SANITIZED, DIED, AGAIN, DIED_AGAIN), "failed", None, 1),
        ((CLASSIFIED, SANITIZED, DIED, AGAIN, ONCE_MORE, DIED_AGAIN), "running", "process", 2),
        ((CLASSIFIED, SANITIZED, DIED, EMBEDDED), "completed", None, 2),
        ((EMBEDDED, CANCELLED), "cancelled", None, 2),
        ((CANCELLED, EMBEDDED, COMPLETED), "cancelled", None, 2),
    ],
)
def test_an_ending_counts_by_the_redrive_protocol(events: tuple[Event[Any], ...], status: str, stage: str | None, generation: int) -> None:
    document = grown(events)
    assert (document["status"], document.get("stage"), document["generation"]) == (status, stage, generation)


def test_a_redriven_job_stands_in_its_stage_since_it_was_redriven() -> None:
    assert grown([SUBMITTED, CLASSIFIED, SANITIZED, DIED])["rank"] == 2
    document = grown([SUBMITTED, CLASSIFIED, SANITIZED, DIED, AGAIN])
    assert (document["stage"], document["arrived_at"]) == ("process", AGAIN.time)


def test_a_delay_is_told_until_the_job_moves_on() -> None:
    assert grown([SUBMITTED, CLASSIFIED, HELD_UP, SANITIZED])["delayed"]["next_at"] == HELD_UP.data.next_at
    assert "delayed" not in grown([SANITIZED, HELD_UP, PROCESSED])
    assert "delayed" not in grown([SANITIZED, HELD_UP, AGAIN])
    assert "delayed" not in grown([SANITIZED, DIED, HELD_UP])


def test_the_result_goes_with_its_ending() -> None:
    assert grown([EMBEDDED])["final"]["result"] == {"n": 1}
    cancelled = grown([EMBEDDED, CANCELLED])
    assert cancelled["final"]["result"] is None
    assert "result" not in cancelled["past"][0]


def test_an_event_that_shows_the_job_travels_ends_the_doors_care_for_it() -> None:
    waiting = {**grown([SUBMITTED]), "outbox_at": BEGAN, "outbox": b"event"}
    del waiting["reached_at"]
    assert "outbox_at" not in fold(waiting, SUBMITTED)
    assert "outbox_at" in fold({**waiting}, AGAIN)
    assert "outbox_at" not in fold(waiting, CANCELLED, ended(CANCELLED))


def test_an_event_of_another_kind_is_refused() -> None:
    stranger = event("document.classified.v1", subject=JOB)
    with pytest.raises(InvalidEvent, match="of the kind document names a job of the kind ingest"):
        fold(grown([SUBMITTED]), stranger)


def test_a_time_without_a_zone_is_utc() -> None:
    naive = SUBMITTED.model_copy(update={"time": BEGAN.replace(tzinfo=None)})
    assert grown([naive, SUBMITTED]) == grown([SUBMITTED])


def test_a_job_shows_its_undone_endings_and_where_its_data_came_from() -> None:
    job = job_of(grown(LIFE))
    assert [(each.status, each.generation) for each in job.history] == [("failed", 0), ("failed", 1)]
    assert job.stages[0].event_id == CLASSIFIED.id
    assert [run.state for run in job.stages] == ["done"] * 5
    assert set(DATA) >= {each.type for each in LIFE}


def phase(name: Phase, second: int, generation: int = 0, **data: Any) -> Event[Any]:
    """One phase of an investigation is done."""
    number = PHASES.index(name) + 1
    made = event("troubleshoot.progressed.v1", id=UUID(int=200 + second), subject=JOB, generation=generation, stage="reason")
    fresh = made.data.model_copy(update={"phase": name, "number": number, "ended_at": BEGAN + timedelta(seconds=second), **data})
    return made.model_copy(update={"time": BEGAN + timedelta(seconds=second), "data": fresh})


INVESTIGATION = (
    *(phase(name, second, found={"files": second}) for second, name in enumerate(PHASES, 1)),
    phase("validation", 8, summary="read again"),
    phase("timeline", 7, 1, found={"$odd.name": 2**80, "text": "a\x00b"}),
)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_phases_are_the_same_in_any_order_and_number_and_never_end_or_move_a_job(data: st.DataObject) -> None:
    asked = event("troubleshoot.submitted.v1", subject=JOB, id=UUID(int=199)).model_copy(update={"time": BEGAN})
    part = data.draw(st.lists(st.sampled_from(INVESTIGATION), unique_by=lambda each: each.id))
    again = data.draw(st.lists(st.sampled_from(part), max_size=4)) if part else []
    whole = grown([asked, *part])
    assert grown(data.draw(st.permutations([asked, *part, *again]))) == whole
    assert (whole["rank"], whole["final"]) == (0, None)
    assert [each.phase for each in job_of(whole).phases] == [name for name in PHASES if name in {each.data.phase for each in part}]


def test_a_job_shows_the_newest_word_on_each_phase() -> None:
    asked = event("troubleshoot.submitted.v1", subject=JOB, id=UUID(int=199))
    job = job_of(grown([asked, *INVESTIGATION]))
    assert [each.number for each in job.phases] == [1, 2, 3, 4, 5, 6]
    assert job.phases[4].summary == "read again"
    assert job.phases[1].found == {"$odd.name": 2**80, "text": "a\x00b"}


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_the_name_is_the_neutral_one_until_sanitize_has_read_the_files_own(order: tuple[int, ...]) -> None:
    life = (
        said("submitted", 0, name="of-jane.log"),
        said("classified", 1, name="of-jane.log"),
        said("sanitized", 2, name="EMAIL_1@a.example.log"),
        died(3, 0, name="of-jane.log"),
    )
    assert job_of(grown(life[:2])).name == "upload-00000001.log"
    assert job_of(grown([life[place] for place in order])).name == "EMAIL_1@a.example.log"


def test_a_name_that_somebody_edited_counts_from_its_generation_on() -> None:
    first, edited = said("sanitized", 2, name="b.log"), said("sanitized", 5, 1, name="a.log")
    assert {job_of(grown(order)).name for order in permutations((first, edited))} == {"a.log"}


def test_a_job_of_an_older_version_takes_the_name_that_comes() -> None:
    before = {name: value for name, value in grown([said("submitted", 0, name="old.log")]).items() if name != "named"}
    assert fold(before, said("sanitized", 2, name="new.log"))["name"] == "new.log"


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_an_archive_knows_its_files_and_a_file_its_archive_whatever_came_first(order: tuple[int, ...]) -> None:
    files = (UUID(int=7), UUID(int=8))
    life = (said("submitted", 0, parent=UUID(int=9)), said("classified", 1, children=files), said("sanitized", 2, children=files))
    job = job_of(grown([life[place] for place in order]))
    assert (job.parent, job.children) == (UUID(int=9), files)
