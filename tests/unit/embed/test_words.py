"""What words a text is found by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultmaven_events.infra.embedder.words import MOST, document_words, passage_words, query_words, stop_words, with_pairs, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The pods are crashing", ["pod", "crash"]),
        ("KubePodCrashLooping", ["kube", "pod", "crash", "loop", "kubepodcrashloop"]),
        ("max_connections", ["max", "connect", "max_connect"]),
        ("ORA-00942", ["ora", "00942"]),
        ("HTTPServer", ["http", "server", "httpserver"]),
        ("größe_überschritten", ["größe", "überschritten", "größe_überschritten"]),
        ("", []),
        ("is it the", []),
        ("x" * 41, []),
    ],
)
def test_an_identifier_is_found_by_its_parts_and_by_itself(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_neighbours_are_found_as_a_phrase() -> None:
    assert with_pairs(["out", "memori", "kill"]) == ["out", "memori", "kill", "out_memori", "memori_kill"]


def test_a_query_meets_the_passage_that_says_it_in_other_forms() -> None:
    query, passage = query_words("connections refused by the gateway"), passage_words("The gateway refuses a connection.")

    assert len(set(query.indices) & set(passage.indices)) >= 3


def test_a_word_said_more_often_weighs_more_but_not_in_proportion() -> None:
    (once,), (four,) = query_words("disk").values, query_words("disk x; disk").values[:1]
    said = dict(zip(query_words("disk").indices, [once], strict=True))
    twice = query_words("disk, disk")
    weight = dict(zip(twice.indices, twice.values, strict=True))[next(iter(said))]

    assert once == pytest.approx(1.0)
    assert weight == pytest.approx(2**0.5)
    assert four <= weight


def test_the_title_speaks_louder_than_the_text() -> None:
    (index,) = query_words("replication").indices
    inside = document_words("Runbook", "replication stopped on the standby")
    titled = document_words("Replication", "it stopped on the standby")

    assert dict(zip(*titled, strict=True))[index] > dict(zip(*inside, strict=True))[index]


def test_a_book_is_cut_to_its_heaviest_words() -> None:
    book = document_words("Book", " ".join(f"word{number}" for number in range(MOST)))

    assert len(book.indices) == MOST


@given(st.text(max_size=300))
def test_any_text_gives_a_sparse_vector_that_an_index_takes(text: str) -> None:
    for weights in (passage_words(text), query_words(text), document_words(text, text)):
        assert list(weights.indices) == sorted(set(weights.indices))
        assert all(0 <= index < 2**32 for index in weights.indices)
        assert all(value > 0 for value in weights.values)
        assert len(weights.indices) == len(weights.values)


def test_stop_words_are_words_and_not_the_file_s_remarks() -> None:
    assert "the" in stop_words()
    assert not any(word.startswith("#") for word in stop_words())
    assert "English" not in stop_words()
