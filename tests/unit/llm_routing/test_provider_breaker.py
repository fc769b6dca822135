from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultmaven_events.infra.llm.breaker import REMEMBERED, Breaker, Limits, Outcome, due, note, probing

LIMITS = Limits()


def failing(breaker: Breaker, *kinds: str, at: float = 100.0, **more: object) -> Breaker:
    for number, kind in enumerate(kinds):
        outcome = Outcome(at + number, at + number, None if kind == "well" else kind, **more)  # type: ignore[arg-type] # a test's own words
        breaker = note(breaker, outcome, LIMITS)
    return breaker


@pytest.mark.parametrize(
    ("kinds", "state"),
    [
        (["service_error"] * 2, "closed"),
        (["service_error"] * 3, "open"),
        (["bad_output"] * 3, "open"),
        (["timeout"], "closed"),
        (["timeout"] * 2, "open"),
        (["service_error", "service_error", "well", "service_error"], "closed"),
        (["well", "service_error"] * 4, "open"),
        (["well", "well", "well", "service_error"] * 5, "closed"),
        (["rate_limit"], "open"),
    ],
)
def test_it_opens_after_failures_in_a_row_or_when_half_of_the_calls_fail(kinds: list[str], state: str) -> None:
    assert failing(Breaker(), *kinds).state == state


def test_a_wrong_key_opens_it_at_once_and_a_refused_request_never() -> None:
    assert failing(Breaker(), "service_error", effect="opens").state == "open"
    assert failing(Breaker(), *["bad_output"] * 50, effect="none") == Breaker()


def test_what_failed_before_the_window_is_forgotten() -> None:
    begun = failing(Breaker(), "service_error", "service_error", at=100)
    assert failing(begun, "service_error", at=100 + LIMITS.window_s + 2).state == "closed"


@pytest.mark.parametrize(("said", "pause"), [(7.0, 7.0), (0.0, 1.0), (10**9, LIMITS.longest_wait_s), (None, LIMITS.probe_s)])
def test_a_rate_limit_holds_for_as_long_as_the_provider_says_within_bounds(said: float | None, pause: float) -> None:
    opened = failing(Breaker(), "rate_limit", at=100, retry_after=said)
    assert opened.probe_at == 100 + pause
    assert not due(opened, opened.probe_at - 0.1)
    assert due(opened, opened.probe_at)


def test_it_closes_after_two_probes_in_a_row_and_begins_anew() -> None:
    opened = failing(Breaker(), "timeout", "timeout")
    half = probing(opened, 200, LIMITS)
    assert (half.state, half.since, due(half, 200)) == ("half_open", 200, False)
    once = failing(half, "well", at=201)
    assert once.state == "half_open"
    closed = failing(once, "well", at=202)
    assert (closed.state, closed.times, closed.recent) == ("closed", 0, ())


def test_each_probe_that_fails_doubles_the_pause_up_to_a_bound() -> None:
    breaker, pauses = failing(Breaker(), "timeout", "timeout", at=0), []
    for _ in range(2000):
        pauses.append(breaker.probe_at - breaker.since)
        half = probing(breaker, breaker.probe_at, LIMITS)
        breaker = failing(half, "service_error", at=half.since)
    assert pauses[:6] == [30, 60, 120, 240, 480, 480]
    assert pauses[-1] == LIMITS.longest_s


def test_what_began_before_the_last_change_says_nothing() -> None:
    opened = failing(Breaker(), "timeout", "timeout", at=100)
    assert note(opened, Outcome(began=90, ended=150), LIMITS) == opened
    assert note(opened, Outcome(began=90, ended=150, kind="timeout"), LIMITS) == opened
    closed = failing(probing(opened, 200, LIMITS), "well", "well", at=200)
    late = [Outcome(began=150, ended=210, kind="timeout")] * 5
    for outcome in late:
        assert note(closed, outcome, LIMITS) == closed


def test_a_prober_that_died_is_followed_by_another() -> None:
    half = probing(failing(Breaker(), "timeout", "timeout", at=100), 200, LIMITS)
    assert due(half, 200 + LIMITS.probe_s)
    assert probing(half, 300, LIMITS) == replace(half, touched=300, probe_at=330)


def test_a_probe_that_comes_too_late_or_too_early_changes_nothing() -> None:
    opened = failing(Breaker(), "timeout", "timeout", at=100)
    assert probing(opened, opened.probe_at - 1, LIMITS) == opened
    assert probing(Breaker(), 200, LIMITS) == Breaker()


@given(
    st.lists(
        st.tuples(
            st.floats(0, 100),
            st.sampled_from(["timeout", "rate_limit", "service_error", "bad_output", None]),
            st.sampled_from(["none", "counts", "opens"]),
            st.none() | st.floats(0, 10**12),
        ),
        max_size=200,
    )
)
def test_whatever_happens_it_stays_small_and_says_when_it_is_tried_again(outcomes: list[tuple[float, str, str, float]]) -> None:
    breaker, now = Breaker(), 0.0
    for pause, kind, effect, retry_after in outcomes:
        now += pause
        if due(breaker, now):
            breaker = probing(breaker, now, LIMITS)
        breaker = note(breaker, Outcome(now, now, kind, effect, retry_after), LIMITS)  # type: ignore[arg-type] # drawn from their values
        assert len(breaker.recent) <= REMEMBERED
        if breaker.state != "closed":
            assert now <= breaker.probe_at <= now + LIMITS.longest_wait_s
            assert len(breaker.reason) <= 300
