"""Budgets as values: whatever happens in whatever order, entries sum to zero, and nothing is spent that was not there."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from faultmaven_events.infra.llm.budget import (
    MOST,
    NOTHING,
    Amount,
    Limits,
    Moves,
    balance,
    ending,
    micros,
    period_of,
    reserving,
    resets_at,
)

AMOUNTS = st.builds(Amount, st.integers(0, 10**7), st.integers(0, 10**6))
STEPS = st.lists(st.tuples(st.sampled_from(("reserve", "settle", "expire", "again")), AMOUNTS, st.integers(0, 30)), max_size=60)


@hypothesis(deadline=None, derandomize=True, max_examples=200)
@given(STEPS, AMOUNTS)
def test_entries_sum_to_zero_and_what_is_spent_never_exceeds_the_limit(steps: list[tuple[str, Amount, int]], limit: Amount) -> None:
    limits = Limits(limit.micros, limit.tokens)
    entries: dict[tuple[int, str], Moves] = {}
    held: list[Amount] = []
    for what, amount, which in steps:
        now = balance(entries.values())
        if what == "reserve" and not limits.lacks(now["aside"] + now["spent"], amount):
            entries[len(held), "reserved"] = reserving(amount)
            held.append(amount)
        elif what != "reserve" and held:
            call = which % len(held)
            whole = held[call]
            cost = Amount(min(amount.micros, whole.micros), min(amount.tokens, whole.tokens)) if what == "settle" else whole
            entries.setdefault((call, "ended"), ending(whole, cost))  # a call ends once, however often it is tried
    total = balance(entries.values())
    assert total["allowance"] + total["aside"] + total["spent"] == NOTHING
    assert min(total["aside"].micros, total["aside"].tokens, total["spent"].micros, total["spent"].tokens) >= 0
    drawn = total["aside"] + total["spent"]
    assert drawn.micros <= limit.micros
    assert drawn.tokens <= limit.tokens


@hypothesis(derandomize=True)
@given(AMOUNTS, AMOUNTS)
def test_a_call_that_costs_more_than_was_set_aside_is_booked_as_what_it_cost(reserved: Amount, cost: Amount) -> None:
    total = balance([reserving(reserved), ending(reserved, cost)])
    assert total == {"allowance": -cost, "aside": NOTHING, "spent": cost}


@pytest.mark.parametrize(
    ("usd", "parts"),
    [(0, 0), (0.1 + 0.2, 300_000), (1e-9, 1), (2.5e-6, 3), (-1, 0), (float("inf"), MOST), (float("nan"), MOST), (1e300, MOST)],
)
def test_money_is_counted_in_whole_parts_and_never_below_what_it_is(usd: float, parts: int) -> None:
    assert micros(usd) == parts


@hypothesis(derandomize=True)
@given(st.integers(0, 10**12))
def test_parts_of_a_dollar_survive_the_way_through_a_float(parts: int) -> None:
    assert micros(Amount(parts).usd) == parts


def test_a_period_is_that_of_utc_wherever_the_clock_stands() -> None:
    late = datetime(2026, 12, 31, 23, 30, tzinfo=timezone(timedelta(hours=-2)))
    assert (period_of("day", late), period_of("month", late)) == ("2027-01-01", "2027-01")
    assert resets_at("day", late) == datetime(2027, 1, 2, tzinfo=UTC)
    assert resets_at("month", late) == datetime(2027, 2, 1, tzinfo=UTC)
    assert resets_at("month", datetime(2027, 1, 31, tzinfo=UTC)) == datetime(2027, 2, 1, tzinfo=UTC)


@hypothesis(derandomize=True)
@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)), st.sampled_from(("day", "month")))  # noqa: DTZ001  # hypothesis wants them so
def test_a_new_period_begins_when_the_old_one_is_over(at: datetime, span: str) -> None:
    end = resets_at(span, at)  # type: ignore[arg-type]  # one of the two spans
    assert period_of(span, end) != period_of(span, at)  # type: ignore[arg-type]  # see above
    assert period_of(span, end - timedelta(microseconds=1)) == period_of(span, at)  # type: ignore[arg-type]  # see above


def test_a_budget_is_gone_when_less_is_left_than_was_refused() -> None:
    limits = Limits(micros=1000, tokens=None)
    assert not limits.gone(Amount(900, 10**9), {})
    assert limits.gone(Amount(900), {"micros": 200})
    assert not limits.gone(Amount(700), {"micros": 200})
    assert limits.gone(Amount(1000), {})
    assert not Limits().gone(Amount(10**12, 10**12), {"micros": 1, "tokens": 1})


def test_a_limit_of_nothing_leaves_room_for_what_costs_nothing_alone() -> None:
    assert Limits(micros=0).lacks(NOTHING, Amount(1, 1)) == {"micros": 1}
    assert Limits(micros=0).lacks(NOTHING, Amount(0, 10**6)) == {}
