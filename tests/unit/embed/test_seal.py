"""Queries in the queue are sealed."""

import pytest

from faultmaven_events.producers.search import Seal

SEAL = Seal(bytes(range(32)))


def test_a_query_comes_out_as_it_went_in() -> None:
    assert SEAL.open("query", "c-1", SEAL.close("query", "c-1", b"who is bob?")) == b"who is bob?"


def test_nothing_of_a_query_is_readable_and_the_same_query_looks_different() -> None:
    one, other = (SEAL.close("query", "c-1", b"who is bob?") for _ in range(2))

    assert b"bob" not in one
    assert one != other


@pytest.mark.parametrize(
    ("seal", "way", "correlation"),
    [(SEAL, "query", "c-2"), (SEAL, "answer", "c-1"), (Seal(bytes(32)), "query", "c-1")],
    ids=["another's", "the other way", "another key"],
)
def test_a_query_opens_only_where_it_belongs(seal: Seal, way: str, correlation: str) -> None:
    assert seal.open(way, correlation, SEAL.close("query", "c-1", b"x")) is None  # type: ignore[arg-type] # a parameter


@pytest.mark.parametrize("sealed", [b"", b"short", bytes(40)])
def test_noise_does_not_open(sealed: bytes) -> None:
    assert SEAL.open("query", "c-1", sealed) is None
