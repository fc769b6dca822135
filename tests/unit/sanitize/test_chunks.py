"""Cutting a text into pieces changes neither the text nor what is found in it."""

import pytest

from faultmaven_events.consumers.sanitize.chunks import Chunks

BEGIN, END = "-----BEGIN EC " + "PRIVATE KEY-----\n", "-----END EC " + "PRIVATE KEY-----\n"


def cut(text: str, size: int, step: int) -> list[str]:
    chunks = Chunks(size)
    pieces: list[str] = []
    for start in range(0, len(text), step):
        pieces += chunks.feed(text[start : start + step])
    return [*pieces, chunks.rest()]


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_cuts_depend_on_the_text_and_not_on_how_it_arrives(step: int) -> None:
    text = "".join(f"line {n}\n" for n in range(200))
    pieces = cut(text, 100, step)
    assert pieces == cut(text, 100, len(text))
    assert "".join(pieces) == text
    assert len(pieces) > 5
    assert all(piece.endswith("\n") for piece in pieces)


def test_a_private_key_is_not_cut() -> None:
    text = "x\n" * 60 + BEGIN + "QUJD\n" * 10 + END + "y\n" * 40
    assert sum(BEGIN in piece and END in piece for piece in cut(text, 200, 1000)) == 1


def test_a_key_and_its_value_on_the_next_line_are_not_cut() -> None:
    text = "x\n" * 20 + "password:\n  hunter2\n" + "y\n" * 20
    assert any("password:\n  hunter2" in piece for piece in cut(text, 50, 1000))


def test_a_line_longer_than_a_piece_stays_whole() -> None:
    line = "z" * 300 + "\n"
    assert cut("a\n" + line + "b\n", 100, 50)[:2] == ["a\n", line]
