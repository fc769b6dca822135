from datetime import UTC, datetime, timedelta

from faultmaven_events.infra.jobs.pace import FEWEST, Pace, Run, pace_of

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def run(at: float, *, waited: float = 0.0, ran: float = 1.0, stage: str = "process") -> Run:
    return Run(stage, T0 + timedelta(seconds=at), waited, ran)


def test_medians_are_taken_by_stage() -> None:
    pace = pace_of([[run(0, waited=1, ran=2), run(1, ran=9, stage="embed")], [run(5, waited=3, ran=4)]])
    assert (pace.jobs, pace.waited_s["process"], pace.ran_s) == (2, 2.0, {"process": 3.0, "embed": 9.0})


def test_the_time_between_jobs_counts_only_while_jobs_waited() -> None:
    busy = [[run(at, waited=60)] for at in range(FEWEST + 1)]
    quiet = [[run(1000 * at)] for at in range(1, 20)]
    assert pace_of(busy).each_s == {"process": 1.0}
    assert pace_of(quiet).each_s == {}


def test_jobs_that_end_together_count_for_the_throughput_that_they_are() -> None:
    pairs = [[run(4 * (at // 2), waited=60)] for at in range(12)]
    assert 1.8 < pace_of(pairs).each_s["process"] < 2.3


def test_no_jobs_give_no_estimate() -> None:
    assert pace_of([]).eta("ingest", "process", ahead=0, waited_s=0, hands=1) is None


def test_what_it_has_waited_already_is_not_counted_again() -> None:
    pace = Pace(jobs=10, waited_s={"record": 4.0}, ran_s={"record": 1.0})
    assert pace.eta("ingest", "record", ahead=0, waited_s=3.0, hands=1) == (2.0, "medians of the last 10 completed jobs of this kind")
    late = pace.eta("ingest", "record", ahead=0, waited_s=30.0, hands=1)
    assert late is not None
    assert late[0] == 0.0


def test_without_a_measured_pace_those_ahead_are_shared_among_the_hands() -> None:
    pace = Pace(jobs=10, waited_s={"record": 0.0}, ran_s={"record": 2.0})
    found = pace.eta("ingest", "record", ahead=8, waited_s=3.0, hands=4)
    assert found is not None
    assert found[0] == 8 * 0.5 + 2.0
