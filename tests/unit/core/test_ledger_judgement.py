"""The ledger's judgement: since when a job must stand still to be missing, and whether an ended one is complete."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from faultmaven_events.infra.ledger.books import line
from faultmaven_events.infra.ledger.check import Finding, check
from faultmaven_events.infra.ledger.cutoff import Soundings, cutoff, settled_until
from faultmaven_events.infra.ledger.queues import QUEUES
from faultmaven_events.topology import BY_NAME, GIVES, PATHS, STAGES

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
QUIET = Soundings(NOW, ready={}, held=dict.fromkeys(QUEUES, 0))
PROCESS = BY_NAME["process"]


def hold(soundings: Soundings, kind: str = "ingest") -> float | str:
    """Seconds that a job must stand still in process, or why nobody can tell."""
    found = cutoff(PROCESS, kind, soundings, quiet=60, longest_rung=300)
    return (NOW - found.before).total_seconds() if found.before else found.reason


def test_when_nothing_waits_and_nothing_is_in_hand_a_minute_is_enough() -> None:
    assert hold(QUIET) == 60


def test_what_may_be_in_hand_gets_its_deadline() -> None:
    assert hold(replace(QUIET, held={"fm.process": 1})) == 60 + PROCESS.deadline
    assert hold(replace(QUIET, held={"fm.record": 1})) == 60 + 30
    assert hold(replace(QUIET, held={"fm.process.question": 1})) == 60
    assert hold(replace(QUIET, held=None)) == 60 + PROCESS.deadline + 30 + 30


def test_what_may_be_on_the_ladder_gets_the_longest_rung_and_one_more_run() -> None:
    assert hold(replace(QUIET, ladder=1)) == 60 + 300 + PROCESS.deadline


def test_behind_a_queue_only_what_came_before_its_head_is_missing() -> None:
    waiting = replace(QUIET, ready={"fm.process": 3})
    assert hold(waiting) == "3 waiting in fm.process, and none was dealt with lately"
    assert hold(waiting, "document") == 60
    taken = {("process", "ingest"): NOW - timedelta(seconds=100)}
    assert hold(replace(waiting, taken=taken)) == 160


def test_while_record_is_behind_it_counts_what_record_has_heard() -> None:
    behind = replace(QUIET, ready={"fm.record": 9})
    assert hold(behind) == "9 waiting for record, which has heard nothing lately"
    assert hold(replace(behind, heard=NOW - timedelta(seconds=40))) == 100
    assert hold(replace(behind, heard=NOW + timedelta(days=1))) == 60
    assert settled_until(behind, quiet=60, longest_rung=300) is None
    assert settled_until(QUIET, quiet=60, longest_rung=300) == NOW - timedelta(seconds=60)


@pytest.mark.parametrize(
    ("queue", "reason"),
    [
        ("fm.bury", "2 dead letters waiting to be told by bury"),
        ("fm.process.crowd", "2 waiting in fm.process.crowd, in no order of their arrival"),
    ],
)
def test_where_order_says_nothing_nobody_can_tell(queue: str, reason: str) -> None:
    assert hold(replace(QUIET, ready={queue: 2})) == reason


EVENTS = {stage: UUID(int=number) for number, stage in enumerate(PATHS["ingest"], 1)}
WHOLE = {"kind": "ingest", "status": "completed", "hops": {stage: {"event_id": id} for stage, id in EVENTS.items()}}
LOG = {id: f"ingest.{GIVES[stage]}.v1" for stage, id in EVENTS.items()}


def test_a_complete_job_lacks_nothing() -> None:
    assert check(WHOLE, LOG) == []


def test_an_event_that_only_one_store_has_is_named() -> None:
    without = {id: type_ for id, type_ in LOG.items() if "sanitized" not in type_}
    assert check(WHOLE, without) == [Finding("unlogged", "sanitized", EVENTS["sanitize"])]
    hops = {stage: hop for stage, hop in WHOLE["hops"].items() if stage != "record"}  # type: ignore[attr-defined]  # a dict above
    assert check({**WHOLE, "hops": hops}, LOG) == [Finding("unrecorded", "completed", EVENTS["record"])]
    assert check({**WHOLE, "hops": hops}, without)[0].why == "unrecorded"


def test_a_failed_job_needs_no_more_than_it_reached_and_the_word_of_its_failure() -> None:
    failed = {"kind": "ingest", "status": "failed", "hops": {}, "final": {"status": "failed", "event_id": UUID(int=9)}}
    assert check(failed, {UUID(int=9): "ingest.failed.v1"}) == []
    assert check(failed, {}) == [Finding("unlogged", "failed", UUID(int=9))]


def group(jobs: int, status: str, *done: str, **at: str | bool) -> dict[str, object]:
    hops = {stage.name: jobs if stage.name in done else 0 for stage in STAGES}
    return {"_id": {"kind": "ingest", "status": status, **at}, "jobs": jobs, "delayed": 0, **hops}


def test_every_job_of_a_kind_is_counted_once_and_every_stage_balances() -> None:
    books = line(
        "ingest",
        [
            group(1, "accepted", unpublished=True),
            group(2, "accepted", stage="classify"),
            group(3, "running", "classify", stage="sanitize"),
            group(4, "failed", "classify", died="sanitize"),
            group(5, "cancelled", "classify", "sanitize"),
            group(6, "completed", *PATHS["ingest"]),
            group(7, "completed", "classify", "sanitize", "process", "embed"),
        ],
    )
    assert books.accepted == books.unpublished + books.running + books.completed + books.failed + books.expired + books.cancelled == 28
    assert [(each.given, each.done, each.dead, each.cancelled, each.here) for each in books.stages] == [
        (27, 25, 0, 0, 2),
        (25, 18, 4, 0, 3),
        (18, 13, 0, 5, 0),
        (13, 13, 0, 0, 0),
        (13, 6, 0, 0, 7),
    ]
    assert all(each.missing == 0 for each in books.stages)


def test_a_job_without_an_event_in_the_middle_shows_as_missing() -> None:
    books = line("ingest", [group(1, "completed", "classify", "process", "embed", "record")])
    assert {each.stage: each.missing for each in books.stages if each.missing} == {"sanitize": 1, "process": -1}
