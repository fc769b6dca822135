import random

import pytest
from log_reading import insights

from hanging import must_end

LONG = 60_000


REPEATED = [
    "[",
    '"',
    '" ',
    "a.",
    "/a",
    "1",
    "a:",
    '{"a":',
    "http://a/b?",
    "k=v ",
    "=",
    "<",
    "\\",
    "a@",
    ":",
    "\x00",
    "\x1b[",
    "\u202e",
    "-",
    "a-",
]
LINES = [
    *(repeated * (LONG // len(repeated)) for repeated in REPEATED),
    *(f"2026-11-20 05:00:00 INFO {repeated * (LONG // len(repeated))}" for repeated in REPEATED),
    "",
    " " * LONG + "x",
    "\ud800",
    "Traceback (most recent call last):",
]


@pytest.mark.parametrize("line", LINES, ids=range(len(LINES)))
def test_no_line_breaks_the_analysis_or_makes_it_hang(line: str) -> None:
    with must_end():
        found = insights([line] * 20)
        found.model_dump_json()
    assert found.lines == 20


def test_an_empty_file_is_fine() -> None:
    assert insights([]).facts == ()


def test_a_line_that_is_too_long_is_cut_for_the_analysis_only() -> None:
    text = "2026-11-20 05:00:00 ERROR " + "x" * 5_000_000
    found = insights([text])
    assert found.truncated == ("1 lines are longer than 65536 characters and were analysed up to there",)
    assert len(found.templates[0].template) <= 1_000
    assert found.templates[0].sample.quote == text[:600]


def test_templates_facts_and_buckets_are_bounded_for_random_lines() -> None:
    draw = random.Random(7)  # no secret
    words = ["".join(draw.choices("abcdefghijklmnop", k=6)) for _ in range(3_000)]
    found = insights(
        f"2026-11-20 05:{n // 600 % 60:02d}:{n // 10 % 60:02d} ERROR {' '.join(draw.choices(words, k=5))}" for n in range(5_000)
    )
    assert len(found.templates) <= 250
    assert len(found.facts) <= 250
    assert found.truncated


def test_random_times_leave_the_buckets_bounded() -> None:
    draw = random.Random(7)  # no secret
    found = insights(f"{draw.randint(1_000_000_000, 4_000_000_000)} INFO tick" for _ in range(2_000))
    assert all(len(template.buckets) <= 240 for template in found.templates)


def test_the_same_lines_give_the_same_insights() -> None:
    lines = [f"2026-11-20 05:00:{n % 60:02d} ERROR failed {n} of {n * 7}" for n in range(500)]
    assert insights(lines) == insights(lines)


def test_ever_new_messages_stay_bounded_and_what_fits_nowhere_is_said() -> None:
    draw = random.Random(7)  # no secret
    found = insights(f"2026-11-20 05:00:00 INFO {draw.randbytes(9).hex(' ', 3).translate(LETTERS)} rest" for _ in range(10_000))
    assert sum(template.count for template in found.templates) > 0
    assert len(found.templates) <= 250
    assert any("too many different ones" in text or "not listed" in text for text in found.truncated)


LETTERS = str.maketrans("0123456789", "ghijklmnop")


@pytest.mark.parametrize(
    "lines",
    [
        ["\tat a.b.c(D.java:1)"] * 50,
        ["x"] * 500,
        ["2026-11-20 05:00:00 ERROR a\r"] * 30,
        ["2026-11-20 05:00:00 ERROR \x00a\x00"] * 30,
        ["caf\u00e9 \ufffd\ufffd refused"] * 30,
        ["{"] * 30,
        ["2026-03-29 01:59:59 INFO a", "2026-03-29 03:00:00 INFO a", "2026-10-25 02:59:59 INFO a", "2026-10-25 02:00:00 INFO a"] * 5,
        ["Feb 29 05:00:00 web-1 cron[1]: a"] * 10,
        ["Feb 30 05:00:00 web-1 cron[1]: a"] * 10,
    ],
    ids=["continuations", "one-character", "crlf", "nul", "replaced", "braces", "summer-time", "leap-day", "no-such-day"],
)
def test_odd_files_are_read_whole(lines: list[str]) -> None:
    found = insights(lines)
    assert found.lines == len(lines)
    assert sum(found.levels.values()) <= len(lines)
    for fact in found.facts:
        for citation in fact.citations:
            assert lines[citation.line_start - 1].removesuffix("\r").startswith(citation.quote)
