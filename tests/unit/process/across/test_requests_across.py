"""Requests that are seen in several files: where they failed first, and whose clock is off."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from faultmaven_events.consumers.process.across.correlation import request_paths
from faultmaven_events.consumers.process.across.skew import clock_skews, offsets
from faultmaven_events.consumers.process.logs import analyse_log
from faultmaven_events.consumers.process.merge import merge
from faultmaven_events.schemas.evidence import Classification
from faultmaven_events.schemas.insight import Insights

START = datetime(2026, 11, 20, 5, tzinfo=UTC)
LOG = Classification(type="log", format="text", confidence=1, reason="a test")


def read(name: str, lines: list[tuple[float, str]], ahead: float = 0.0) -> Insights:
    written = [f"{START + timedelta(seconds=second + ahead):%Y-%m-%dT%H:%M:%S.%fZ} {text}" for second, text in sorted(lines)]
    return analyse_log(written, evidence_id=uuid5(UUID(int=0), name), name=name, classification=LOG, now=START)


def shop(ahead: float = 0.0) -> Iterator[Insights]:
    """A gateway calls orders, which calls payments, where every tenth request fails; the clock of payments is `ahead`."""
    requests = [(3.0 * n, f"trace_id=4bf92f3577b34da6{n:016x}", n % 10 == 0) for n in range(100)]
    yield read(
        "gateway.log",
        [(at, f"INFO begin {key}") for at, key, _ in requests]
        + [(at + 0.5, f"{'ERROR' if bad else 'INFO'} answered {502 if bad else 200} {key}") for at, key, bad in requests],
    )
    yield read(
        "orders.log",
        [(at + 0.1, f"INFO place {key}") for at, key, _ in requests]
        + [(at + 0.4, f"ERROR cannot place {key}") for at, key, bad in requests if bad],
    )
    yield read(
        "payments.log",
        [(at + 0.2, f"INFO charge {key}") for at, key, _ in requests]
        + [(at + 0.3, f"ERROR card service refused {key}") for at, key, bad in requests if bad],
        ahead,
    )


def test_the_first_component_that_fails_is_named_with_the_way_of_the_requests() -> None:
    (fact,) = request_paths(list(shop()))
    assert (fact.component, fact.count) == ("payments", 10)
    assert fact.attributes["path"] == "gateway → orders → payments"
    assert "card service refused" in fact.text
    assert {citation.file for citation in fact.citations} == {"gateway.log", "orders.log", "payments.log"}
    assert "refused" in fact.citations[0].quote


def test_a_clock_that_is_off_does_not_change_who_failed_first() -> None:
    for ahead in (40.0, -40.0):
        (fact,) = request_paths(list(shop(ahead)))
        assert (fact.component, fact.attributes["path"]) == ("payments", "gateway → orders → payments")


def test_a_clock_that_is_ahead_is_told_with_its_basis() -> None:
    found = list(clock_skews(list(shop(12.0))))
    assert {(fact.component, fact.attributes["beside"]) for fact in found} == {("payments", "gateway.log"), ("payments", "orders.log")}
    for fact in found:
        seconds = fact.attributes["seconds"]
        assert isinstance(seconds, float)
        assert abs(seconds - 12) < 0.5
        assert {citation.file for citation in fact.citations} == {"payments.log", fact.attributes["beside"]}


def test_clocks_that_agree_are_not_told() -> None:
    assert not list(clock_skews(list(shop())))


def test_work_that_takes_its_time_is_no_clock() -> None:
    keys = [f"request_id=r{n:06d}" for n in range(60)]
    one = read("api.log", [(5.0 * n, f"INFO queued {key}") for n, key in enumerate(keys)])
    other = read("worker.log", [(5.0 * n + 4 + n % 7, f"INFO worked {key}") for n, key in enumerate(keys)])
    assert not offsets([one, other])


def test_requests_of_one_file_only_say_nothing() -> None:
    gateway = next(shop())
    assert not list(request_paths([gateway]))


def test_the_facts_are_part_of_the_merged_insights_in_any_order() -> None:
    files = list(shop(12.0))
    merged, other = merge("why?", files), merge("why?", files[::-1])
    assert {"request_path", "clock_skew"} <= {fact.kind for fact in merged.facts}
    assert merged.facts == other.facts
