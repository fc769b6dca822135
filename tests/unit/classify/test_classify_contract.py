"""What classify promises besides type and format: alternatives, the hint, a confidence that keeps its word, an answer in time."""

import random
from itertools import product

import pytest
from classify_samples import MORE, SAMPLES
from hypothesis import given, settings
from hypothesis import strategies as st

from faultmaven_events.consumers.classify.classify import classify
from faultmaven_events.consumers.classify.names import hinted
from hanging import must_end

VARIANTS = {
    "line ends of Windows": lambda text: text.replace("\n", "\r\n").encode(),
    "a byte order mark": lambda text: text.encode("utf-8-sig"),
    "UTF-16": lambda text: text.encode("utf-16"),
    "a hole of NUL before it": lambda text: bytes(4096) + text.encode(),
    "colours of a terminal": lambda text: "\n".join(f"\x1b[32m{row[:8]}\x1b[0m{row[8:]}" for row in text.split("\n")).encode(),
}


@pytest.mark.parametrize(("type_", "form", "text"), MORE, ids=[f"{i}-{type_}-{form}" for i, (type_, form, _) in enumerate(MORE)])
def test_the_content_alone_tells_type_and_format_in_many_shapes(type_: str, form: str, text: str) -> None:
    found = classify(text.encode())
    assert (found.type, found.format) == (type_, form), found.reason


@pytest.mark.parametrize("variant", VARIANTS)
def test_how_a_text_is_written_down_does_not_change_what_it_is(variant: str) -> None:
    known = [sample for sample in MORE if sample[0] != "unknown"]
    wrong = [(type_, text[:40]) for type_, _, text in known if classify(VARIANTS[variant](text)).type != type_]
    assert not wrong


def test_what_else_it_might_be_is_told_best_first() -> None:
    found = classify(b"alpha = 1\nbeta = 2\n", "release.md")
    others = [other.confidence for other in found.alternatives]
    assert found.alternatives
    assert others == sorted(others, reverse=True)
    assert found.type not in {other.type for other in found.alternatives}


def test_nothing_comes_close_to_what_is_sure() -> None:
    assert classify(b'FROM alpine:3\nRUN apk add curl\nCMD ["sh"]\n').alternatives == ()


@pytest.mark.parametrize(
    ("media_type", "type_"),
    [
        ("text/markdown; charset=utf-8", "document"),
        ("application/yaml", "config"),
        ("text/x-log", "log"),
        ("image/png", "image"),
        ("application/zip", "archive"),
        ("application/pdf", "document"),
        ("text/plain; version=0.0.4", "metrics"),
        ("text/plain", None),
        ("application/octet-stream", None),
        ("application/gzip", None),
        ("text/csv", None),
        ("", None),
        (None, None),
    ],
)
def test_a_media_type_stands_for_a_type_or_for_nothing(media_type: str | None, type_: str | None) -> None:
    told = hinted(media_type)
    assert (told[0] if told else None) == type_


def test_the_hint_is_kept() -> None:
    assert classify(b"2026-03-01T10:00:00Z INFO up\n" * 5, "", "text/x-log").hint == "log"
    assert classify(b"2026-03-01T10:00:00Z INFO up\n" * 5, "", "text/plain").hint is None


def test_a_hint_that_the_content_refutes_is_overruled_and_the_reason_says_so() -> None:
    found = classify(b"2026-03-01T10:00:00Z INFO up\n" * 5, "", "application/yaml")
    assert (found.type, found.hint) == ("log", "config")
    assert "media type says config" in found.reason


def test_a_hint_agreed_with_leaves_no_complaint_in_the_reason() -> None:
    assert "media type says" not in classify(b"a: 1\nb:\n  - c\n", "", "application/yaml").reason


def test_a_picture_sent_as_text_is_a_picture_and_the_hint_is_overruled() -> None:
    found = classify(b"\x89PNG\r\n\x1a\n" + bytes(20), "notes.md", "text/markdown")
    assert (found.type, found.hint) == ("image", "document")
    assert "media type says document" in found.reason


def test_a_hint_decides_where_the_content_is_silent() -> None:
    silent = b"alpha beta\ngamma\n"
    assert classify(silent).type == "unknown"
    assert classify(silent, "", "text/x-log").type == "log"


def test_the_right_name_makes_the_answer_surer() -> None:
    text = b"alpha = 1\nbeta = two words\n"
    assert classify(text, "app.ini").confidence > classify(text).confidence


def test_confidence_keeps_its_word() -> None:
    """Of the answers that claim 0.9 and more, more than nine in ten are right."""
    judged = [(classify(text.encode()[: len(text) * 3 // 4]), type_) for type_, _, text in (*SAMPLES, *MORE) if type_ != "unknown"]
    sure = [found.type == type_ for found, type_ in judged if found.confidence >= 0.9]
    assert len(sure) > 100
    assert sum(sure) / len(sure) > 0.9


PIECES = [
    "a",
    "A",
    "1",
    " ",
    ".",
    "=",
    ":",
    "-",
    "_",
    "/",
    '"',
    "'",
    "\\",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "<",
    ">",
    ",",
    ";",
    "|",
    "*",
    "@",
    "$",
    "#",
]
PAIRS = ["".join(pair) for pair in random.Random(4).sample(list(product(PIECES, repeat=2)), 40)]


@pytest.mark.parametrize("piece", [*PAIRS, "a.b.c;", 'a="x b=" ', "[}", "\t", "key.of.something.level"])
def test_lines_of_repeated_pieces_do_not_hang_it(piece: str) -> None:
    line = piece * (590 // len(piece))
    with must_end():
        assert classify(f"{line}!\n".encode() * 20).reason


@pytest.mark.parametrize("piece", ["{", "(", "a:", "<", "#\n", "[", '{"a":[', "=", " "])
def test_a_megabyte_of_one_thing_is_answered(piece: str) -> None:
    with must_end():
        assert classify((piece * (1_000_000 // len(piece))).encode()).confidence >= 0


@given(
    st.lists(
        st.sampled_from([*PIECES, "\n", "\t", "2026-03-01 10:00:00", "ERROR", "at a.b(c.java:1)", 'http_total{a="b"} 1']), max_size=300
    )
)
@settings(max_examples=60, deadline=None)
def test_any_mixture_gets_an_answer_and_alternatives_of_other_types(pieces: list[str]) -> None:
    found = classify("".join(pieces).encode())
    assert len(found.reason) <= 300
    assert len({found.type, *(other.type for other in found.alternatives)}) == 1 + len(found.alternatives)
