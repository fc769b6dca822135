"""How lists become one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultmaven_events.infra.vectors.fusion import best, fused, scaled

SCORES = st.dictionaries(st.text(max_size=3), st.floats(-1, 50, allow_nan=False), max_size=6)


def test_a_full_list_is_scaled_between_its_best_and_its_last() -> None:
    assert scaled({"a": 10.0, "b": 6.0, "c": 2.0}, full=3) == {"a": 1.0, "b": 0.5, "c": 0.0}


def test_the_second_of_two_is_not_worthless() -> None:
    assert scaled({"a": 0.8, "b": 0.7}, full=50)["b"] == pytest.approx(0.87, abs=0.01)


@pytest.mark.parametrize("scores", [{}, {"a": 0.0}, {"a": 3.0, "b": 3.0}])
def test_equals_are_all_best(scores: dict[str, float]) -> None:
    assert scaled(scores, full=1) == dict.fromkeys(scores, 1.0)


def test_the_heavier_list_decides() -> None:
    words, meanings = {"a": 9.0, "b": 0.0}, {"b": 0.9, "a": 0.0}

    order = fused([(words, 3.0), (meanings, 1.0)], full=2)

    assert order["a"] == pytest.approx(0.75)
    assert order["b"] == pytest.approx(0.25)


def test_an_empty_list_does_not_weaken_the_others() -> None:
    assert fused([({}, 3.0), ({"a": 0.4}, 1.0)], full=50) == {"a": 1.0}


@given(st.lists(st.tuples(SCORES, st.floats(0.1, 5)), max_size=4), st.integers(1, 50))
def test_nothing_is_better_than_best_everywhere_or_worse_than_nothing(lists: list[tuple[dict[str, float], float]], full: int) -> None:
    assert all(0.0 <= score <= 1.0 + 1e-9 for score in fused(lists, full).values())


def test_the_best_place_speaks_for_its_document() -> None:
    assert best([("a", 0.2), ("b", 0.1), ("a", 0.6)]) == {"a": 0.6, "b": 0.1}
