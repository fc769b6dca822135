"""Why a job is not done: each condition from its facts."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from faultmaven_events.infra.jobs.facts import AHEAD, HUNG, STARVED, Awaited, Beat, Facts, Join, Place, Stop
from faultmaven_events.infra.jobs.pace import Pace
from faultmaven_events.infra.jobs.waiting import STALLED, explain
from faultmaven_events.schemas.job import Job, Waiting
from faultmaven_events.schemas.outcome import Failure
from faultmaven_events.topology import BY_NAME

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
BUSY = Beat(in_flight=4, handled=100, idle_s=0.5)
IDLE = Beat(in_flight=0, handled=100, idle_s=STALLED + 30)
ALL = dict.fromkeys(BY_NAME, (BUSY,))
PACE = Pace(jobs=50, waited_s={"process": 1.0, "embed": 1.0}, ran_s={"process": 2.0, "embed": 3.0, "record": 0.1})


def job(kind: str = "ingest") -> Job:
    facts = {"id": uuid4(), "tenant": "acme", "user": "ann", "kind": kind, "status": "running", "progress": 0.4, "correlation_id": "c"}
    return Job.model_validate({**facts, "created_at": NOW, "updated_at": NOW, "version": 3})


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def why(stage: str = "process", *, kind: str = "ingest", beats: Any = ALL, since: float = 1.0, **facts: Any) -> Waiting:
    place = Place(since=ago(since), **{name: facts.pop(name) for name in Place.__dataclass_fields__ if name in facts})
    return explain(Facts(job(kind), stage, NOW, place, beats=beats, **facts))


def failure(code: str, attempts: int = 1) -> Failure:
    return Failure(code=code, message="MongoDB does not answer", stage="process", attempts=attempts, retryable=True)


def test_what_the_broker_has_not_confirmed_is_unpublished_whatever_else_is_wrong() -> None:
    early = why(beats={}, since=1, unpublished=True)
    late = why(beats={}, since=60, unpublished=True)
    assert {early.condition, late.condition} == {"unpublished"}
    assert "a moment ago" in early.explanation
    assert "RabbitMQ is away or full" in late.explanation


def test_behind_others_it_is_queued_with_its_position_and_the_age_of_the_first() -> None:
    found = why(ahead=9, oldest=ago(12))
    assert (found.condition, found.position, found.oldest_ahead_s, found.consumers) == ("queued", 10, 12.0, 1)
    assert found.queue == "fm.process"
    assert "9 jobs stand before it" in found.explanation


@pytest.mark.parametrize(
    ("kind", "queue"), [("ingest", "fm.process"), ("document", "fm.process.document"), ("troubleshoot", "fm.process.question")]
)
def test_each_kind_stands_in_the_queue_of_its_lane(kind: str, queue: str) -> None:
    assert why(kind=kind).queue == queue


def test_among_the_first_it_is_in_hand() -> None:
    assert why(ahead=3).condition == "running"
    assert why(ahead=4).condition == "queued"


def test_when_nobody_lives_it_is_stalled_and_the_command_is_named() -> None:
    found = why(beats={**ALL, "process": ()}, ahead=2)
    assert (found.condition, found.consumers, found.eta_s) == ("stalled", 0, None)
    assert "faultmaven consume process" in found.explanation


def test_consumers_that_take_nothing_although_it_waits_are_stalled() -> None:
    assert why(beats={**ALL, "process": (IDLE,)}, since=STALLED + 1).condition == "stalled"
    assert why(beats={**ALL, "process": (IDLE,)}, since=STALLED - 1).condition == "queued"


def test_one_idle_consumer_beside_one_that_works_is_not_stalled() -> None:
    assert why(beats={**ALL, "process": (IDLE, BUSY)}, since=STALLED + 100, ahead=0).condition == "running"


def test_a_message_in_hand_beyond_its_limit_hangs() -> None:
    limit = BY_NAME["process"].deadline + HUNG
    hanging = Beat(in_flight=1, handled=9, idle_s=limit + 10)
    assert why(beats={**ALL, "process": (hanging,)}, since=limit + 20).condition == "stalled"
    assert why(beats={**ALL, "process": (hanging,)}, since=limit - 20).condition == "running"


def test_without_record_nobody_knows_where_jobs_are() -> None:
    found = why(beats={**ALL, "record": ()})
    assert found.condition == "stalled"
    assert "faultmaven consume record" in found.explanation


def test_when_redis_says_nothing_no_consumer_is_called_dead() -> None:
    found = why(beats=None, since=10_000)
    assert (found.condition, found.consumers) == ("queued", None)
    assert "not known" in found.explanation


def test_who_stands_behind_others_for_longer_than_usual_is_starved_and_not_stalled() -> None:
    assert why(ahead=50, since=STARVED - 1).condition == "queued"
    found = why(ahead=50, since=STARVED + 1)
    assert found.condition == "starved"
    assert "50 jobs came first" in found.explanation


def test_where_long_waits_are_usual_nobody_is_starved_by_one() -> None:
    assert why(ahead=50, since=STARVED + 1, pace=Pace(waited_s={"process": 600.0})).condition == "queued"


def test_who_is_starved_by_his_own_tenant_is_told_of_the_crowds_lane() -> None:
    found = why(ahead=50, own=40, since=STARVED + 1)
    assert found.condition == "starved"
    assert "40 jobs of its own tenant" in found.explanation
    assert "fm.process.crowd" in found.explanation


def test_whom_later_jobs_passed_long_ago_is_starved_although_it_is_the_first_in_line() -> None:
    found = why(overtaken=7, since=5000)
    assert found.condition == "starved"
    assert "fm.process.crowd" in found.explanation
    assert "faultmaven ledger" in found.explanation


def test_a_pause_by_a_person_names_who_and_why() -> None:
    found = why(stops={"process": Stop("ann", "deploy", "2026-01-01T11:00:00Z", breaker=False)})
    assert found.condition == "paused"
    assert "ann" in found.explanation
    assert "deploy" in found.explanation


def test_a_pause_by_the_breaker_says_that_it_probes() -> None:
    found = why(stops={"process": Stop("breaker", "20 of 20 messages failed", "2026-01-01T11:00:00Z", breaker=True)})
    assert found.condition == "paused"
    assert "paused itself" in found.explanation


def test_a_pause_of_another_stage_is_no_reason() -> None:
    assert why(stops={"embed": Stop("ann", "deploy", "2026-01-01T11:00:00Z", breaker=False)}).condition == "running"


def test_consumers_that_have_all_paused_are_not_stalled() -> None:
    assert why(beats={**ALL, "process": (Beat(0, 9, 900, paused=True),)}, since=900).condition == "paused"


def test_after_an_error_it_is_delayed_until_its_next_attempt() -> None:
    found = why(error=failure("temporarily_unavailable"), retry_at=NOW + timedelta(seconds=15), pace=PACE)
    assert (found.condition, found.next_retry_at, found.position) == ("delayed", NOW + timedelta(seconds=15), None)
    assert found.last_error == failure("temporarily_unavailable")
    assert found.eta_s == 15 + 2 + 4 + 0.1
    assert "12:00:15Z" in found.explanation


def test_a_server_that_is_away_is_waited_for_without_an_estimate() -> None:
    found = why(error=failure("unavailable"), retry_at=NOW + timedelta(seconds=15), pace=PACE)
    assert (found.condition, found.eta_s) == ("delayed", None)
    assert "never given up" in found.explanation


def test_once_its_delay_is_over_it_is_back_in_the_queue_and_remembers_the_error() -> None:
    found = why(error=failure("temporarily_unavailable"), retry_at=ago(5), ahead=9)
    assert found.condition == "queued"
    assert found.last_error is not None


def test_what_is_tried_again_without_announcement_is_still_delayed() -> None:
    found = why(error=failure("unavailable", attempts=3), retry_at=ago(500))
    assert (found.condition, found.next_retry_at) == ("delayed", None)


def test_a_question_names_the_evidence_that_it_waits_for_and_until_when() -> None:
    join = Join((Awaited("app.log", "running", "sanitize"), Awaited("42", None)), total=3, until=NOW + timedelta(minutes=3))
    found = why("gather", kind="troubleshoot", join=join)
    assert (found.condition, found.stage, found.position) == ("gathering", "gather", None)
    for said in ("2 of its 3", "app.log (running in sanitize)", "42 (no such job)", "12:03:00Z"):
        assert said in found.explanation


def test_counting_stops_somewhere_and_says_so() -> None:
    found = why(ahead=AHEAD, pace=PACE)
    assert f"At least {AHEAD:,} jobs" in found.explanation
    assert found.eta_s is None


def test_nobody_can_say_when_a_job_is_done_that_others_passed() -> None:
    assert why(overtaken=7, since=5000, pace=PACE).eta_s is None


def test_one_is_not_many() -> None:
    assert (
        why(ahead=1, beats={**ALL, "process": (Beat(1, 9, 0.1),)}).explanation
        == "1 job stands before it in process, where 1 consumer works."
    )


def test_the_estimate_tells_what_it_rests_on() -> None:
    found = why(ahead=24, pace=Pace(**{**_fields(PACE), "each_s": {"process": 0.5}}))
    assert found.eta_s == 20 * 0.5 + 2 + 4 + 0.1
    assert found.eta_basis == "medians of the last 50 completed jobs of this kind; 20 to be worked off before it at 0.5 s each"


def test_with_too_few_completed_jobs_there_is_no_estimate() -> None:
    found = why(ahead=24, pace=Pace(**{**_fields(PACE), "jobs": 4}))
    assert (found.eta_s, found.eta_basis) == (None, None)


def _fields(pace: Pace) -> dict[str, Any]:
    return {name: getattr(pace, name) for name in Pace.__dataclass_fields__}
