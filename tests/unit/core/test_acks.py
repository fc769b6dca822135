from hypothesis import given
from hypothesis import strategies as st

from faultmaven_events.consumers.acks import Settled

ORDERS = st.permutations(range(1, 25))


@given(ORDERS, st.lists(st.integers(1, 6), min_size=24, max_size=24))
def test_the_broker_is_told_of_every_settled_delivery_and_of_no_other(order: list[int], sizes: list[int]) -> None:
    settled, known, told, rest = Settled(), set[int](), set[int](), list(order)
    for size in sizes:
        batch, rest = set(rest[:size]), rest[size:]
        known |= batch
        for number, multiple in settled.add(batch):
            told |= set(range(1, number + 1)) if multiple else {number}
        assert told == known
    assert (settled.floor, settled.above) == (24, set())


def test_what_is_ready_together_is_one_acknowledgement() -> None:
    assert Settled().add({1, 2, 3}) == [(3, True)]


def test_a_delivery_in_hand_is_never_covered_and_delays_nobody() -> None:
    settled = Settled()
    assert settled.add({1, 3, 4}) == [(1, False), (3, False), (4, False)]
    assert settled.add({2, 5}) == [(5, True)]


def test_behind_a_gap_that_never_closes_memory_stays_bounded() -> None:
    settled = Settled()
    for number in range(2, 30_000):
        assert settled.add({number}) == [(number, False)]
    assert len(settled.above) == 10_000
