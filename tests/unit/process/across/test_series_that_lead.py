"""Which series moved first, out of the insights of several files."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from tests.unit.process.readings import classified

from faultmaven_events.consumers.process.across import across
from faultmaven_events.consumers.process.across.series import series_that_lead
from faultmaven_events.consumers.process.metrics import analyse_metrics
from faultmaven_events.schemas.insight import Fact, Insights

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def file(number: int, **columns: Sequence[float]) -> Insights:
    """One sample each 10 seconds; the line of sample n is n + 2."""
    count = len(next(iter(columns.values())))
    rows = [
        ",".join([f"{START + timedelta(seconds=10 * n):%Y-%m-%dT%H:%M:%SZ}", *(str(column[n]) for column in columns.values())])
        for n in range(count)
    ]
    text = "\n".join(["time," + ",".join(columns), *rows]) + "\n"
    return analyse_metrics(text, evidence_id=UUID(int=number), name=f"{number}.csv", classification=classified("metrics", "csv"))


def bump(at: int, *, height: float = 90.0, count: int = 300, seed: int = 1) -> list[float]:
    """A hump of 40 samples on noise: rises over ten samples, falls over thirty."""
    noise = Random(seed)
    shape = [min(n / 10, (40 - n) / 30) if 0 <= n <= 40 else 0.0 for n in range(-at, count - at)]
    return [round(10 + height * part + noise.uniform(0, 2), 3) for part in shape]


def told(facts: Sequence[Fact]) -> list[tuple[object, object]]:
    return [(fact.attributes["series"], fact.attributes["follower"]) for fact in facts]


def test_the_series_that_moved_first_leads_with_its_lag_across_files() -> None:
    files = [file(1, pool_used=bump(100)), file(2, latency_ms=bump(106, height=400, seed=2))]
    (fact,) = across(files)
    assert (fact.id, fact.kind) == ("lead-x1", "lead")
    assert told([fact]) == [("pool_used", "latency_ms")]
    assert isinstance(fact.attributes["lag_s"], float)
    assert abs(fact.attributes["lag_s"] - 60) <= 20
    assert {citation.file for citation in fact.citations} == {"1.csv", "2.csv"}
    assert across(files[::-1]) == (fact,)


def test_two_series_of_one_file_are_compared_too() -> None:
    assert told(list(series_that_lead([file(1, pool_used=bump(100), errors=bump(105, seed=3))]))) == [("pool_used", "errors")]


def test_series_that_only_grow_together_say_nothing() -> None:
    noise = Random(4)
    grow = [[3.0 * n + noise.uniform(0, 5) for n in range(300)] for _ in range(2)]
    assert list(series_that_lead([file(1, used_memory=grow[0]), file(2, disk_used=grow[1])])) == []


def test_noise_beside_a_move_and_moves_far_apart_say_nothing() -> None:
    noise = Random(5)
    still = [noise.uniform(0, 100) for _ in range(300)]
    assert list(series_that_lead([file(1, pool_used=bump(100)), file(2, latency_ms=still)])) == []
    assert list(series_that_lead([file(1, pool_used=bump(30)), file(2, latency_ms=bump(240, seed=2))])) == []


def test_a_move_with_another_course_does_not_follow() -> None:
    noise = Random(6)
    spikes = [noise.uniform(0, 2) + (90 if n in {106, 109, 121, 133} else 0) for n in range(300)]
    assert list(series_that_lead([file(1, pool_used=bump(100)), file(2, latency_ms=spikes)])) == []


def test_no_files_and_empty_ones_say_nothing() -> None:
    assert across([]) == ()
    assert list(series_that_lead([file(1, a=[1.0])])) == []
