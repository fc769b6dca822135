import itertools

import pytest

from faultmaven_events import errors
from faultmaven_events.consumers.breaker import BLAME, Breaker, Limits, Transition

LIMITS = Limits()


def died(
    breaker: Breaker, times: int = 1, *, code: str = "internal_error", ours: bool = True, tenant: str = "acme", at: float = 0
) -> list[Transition]:
    said = [breaker.note("dead", code, ours=ours, now=at, tenant=tenant) for _ in range(times)]
    return [each for each in said if each]


def done(breaker: Breaker, times: int = 1, *, tenant: str = "acme", at: float = 0) -> None:
    for _ in range(times):
        assert breaker.note("done", None, ours=True, now=at, tenant=tenant) is None


def opened(at: float = 0, scale: float = 1.0) -> Breaker:
    breaker = Breaker(scale=scale)
    assert died(breaker, LIMITS.row, at=at)
    return breaker


def test_when_the_last_twenty_died_it_opens_once_and_says_why() -> None:
    breaker = Breaker(Limits(few=1000))
    assert died(breaker, 19) == []
    (opening,) = died(breaker, 5)
    assert opening == Transition("open", "the last 20 messages died: internal_error 20", 30)
    assert (breaker.state, breaker.reason) == ("open", opening.reason)


def test_a_success_in_between_begins_the_row_anew() -> None:
    breaker = Breaker(Limits(few=1000))
    died(breaker, 19)
    done(breaker)
    assert died(breaker, 19) == []
    assert died(breaker)


def test_more_than_one_in_a_hundred_is_too_many() -> None:
    breaker = Breaker()
    for _ in range(10):
        assert died(breaker, code="missing_content") == []
        done(breaker, 98)
    (opening,) = died(breaker)
    assert opening.reason == "11 of the last 991 messages died: missing_content 10, internal_error 1"


def test_one_in_a_hundred_goes_on_for_ever() -> None:
    breaker = Breaker()
    for _ in range(100):
        assert died(breaker) == []
        done(breaker, 99)


@pytest.mark.parametrize("code", ["unreadable_content", "content_too_large", "deadline_exceeded", "unknown_reference", "budget_spent"])
def test_what_somebody_sent_stops_nobody(code: str) -> None:
    assert died(Breaker(), 5000, code=code) == []


def test_an_invalid_event_counts_when_our_own_code_published_it() -> None:
    assert died(Breaker(), 5000, code="invalid_event", ours=False) == []
    assert died(Breaker(), 20, code="invalid_event", ours=True)


@pytest.mark.parametrize("code", ["missing_content", "crashed", "permanent_error", "temporarily_unavailable", "something_new"])
def test_what_is_ours_counts_and_so_does_what_nobody_knows(code: str) -> None:
    assert died(Breaker(), 20, code=code, ours=False)


def test_every_code_that_can_be_in_a_dead_letter_has_somebody_to_blame() -> None:
    codes = {error.code for error in vars(errors).values() if isinstance(error, type) and issubclass(error, errors.FaultmavenError)}
    assert codes - {"unavailable", "setup_error"} | {"crashed"} == set(BLAME)


def test_one_tenants_files_do_not_stop_the_others() -> None:
    breaker = Breaker()
    done(breaker, tenant="other")
    assert died(breaker, 500, tenant="attacker") == []
    (opening,) = died(breaker, tenant="other")
    assert opening.state == "open"


def test_it_opens_for_the_only_tenant_that_is_there() -> None:
    breaker = Breaker()
    done(breaker, tenant="other", at=0)
    done(breaker, tenant="acme", at=LIMITS.recent)
    assert died(breaker, 20, at=LIMITS.recent + 1)


def test_neutral_ends_and_messages_on_the_ladder_neither_count_nor_break_the_row() -> None:
    breaker = Breaker(Limits(few=1000))
    died(breaker, 19)
    for outcome, code in (
        ("retried", "internal_error"),
        ("left", None),
        ("moved", None),
        ("dropped", None),
        ("dead", "unreadable_content"),
    ):
        assert breaker.note(outcome, code, ours=True, now=0) is None
    assert died(breaker)


def test_after_the_pause_one_message_is_let_through() -> None:
    breaker = opened(at=100)
    assert not breaker.may_probe(129)
    assert breaker.may_probe(130)
    assert not breaker.may_probe(131)


def test_a_probe_that_works_closes_it() -> None:
    breaker = opened()
    breaker.may_probe(30)
    assert breaker.note("done", None, ours=True, now=30) == Transition("closed", "a message went through")
    assert breaker.state == "closed"
    assert died(breaker) == []


@pytest.mark.parametrize("outcome", ["dead", "retried"])
def test_each_probe_that_fails_doubles_the_pause_up_to_ten_minutes(outcome: str) -> None:
    breaker, now = opened(), 0.0
    pauses = []
    for _ in range(7):
        now += 10_000
        assert breaker.may_probe(now)
        change = breaker.note(outcome, "internal_error", ours=True, now=now)
        assert change
        assert change.reason.endswith("; the probe failed too: internal_error")
        pauses.append(change.after)
    assert pauses == [60, 120, 240, 480, 600, 600, 600]


@pytest.mark.parametrize(
    ("outcome", "code", "next_at"),
    [("dead", "unreadable_content", 30), ("moved", None, 30), ("retried", "unavailable", 60), ("left", None, 60)],
)
def test_a_probe_that_shows_nothing_is_followed_by_another(outcome: str, code: str | None, next_at: float) -> None:
    breaker = opened()
    assert breaker.may_probe(30)
    assert breaker.note(outcome, code, ours=True, now=30) is None
    assert not breaker.may_probe(next_at - 0.1)
    assert breaker.may_probe(next_at)


def test_with_no_message_to_probe_with_the_next_one_will_do() -> None:
    breaker = opened()
    assert breaker.may_probe(30)
    breaker.nothing()
    assert breaker.may_probe(31)


def test_a_fault_that_meets_some_messages_only_pauses_longer_each_time() -> None:
    breaker = Breaker()
    pauses = []
    for now in itertools.islice(itertools.count(0, 10_000), 4):
        done(breaker, 50, at=now)
        (opening,) = died(breaker, LIMITS.few, at=now)
        pauses.append(opening.after)
        assert breaker.may_probe(now + 5000)
        assert breaker.note("done", None, ours=True, now=now + 5000)
    assert pauses == [30, 60, 120, 240]
    done(breaker, LIMITS.window)
    assert died(breaker, LIMITS.few)[0].after == 30


def test_a_person_closes_it_at_once() -> None:
    breaker = opened()
    assert breaker.reset() == Transition("closed", "by order")
    assert breaker.reset() is None


def test_pauses_scale() -> None:
    breaker = opened(scale=0.01)
    assert not breaker.may_probe(0.29)
    assert breaker.may_probe(0.31)
