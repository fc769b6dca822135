"""Lines as other systems write them: the time to the second, the level, and where the message begins."""

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from log_reading import events


class Expected(NamedTuple):
    """Of the first event with a time; `-` for none."""

    time: str
    level: str
    text: str
    lines: tuple[str, ...]


def formats() -> dict[str, Expected]:
    """`formats.txt`: a heading `== name | time | level | beginning of the message`, and the lines."""
    read = {}
    for block in Path(__file__).with_name("formats.txt").read_text("utf-8").removeprefix("== ").removesuffix("\n").split("\n== "):
        heading, *lines = block.split("\n")
        name, time, level, text = heading.split(" | ")
        read[name] = Expected(time, level, text, tuple(lines))
    return read


FORMATS = formats()


@pytest.mark.parametrize("name", FORMATS)
def test_the_lines_of_many_systems_are_read(name: str) -> None:
    expected = FORMATS[name]
    found = events(expected.lines)
    first = next((event for event in found if event.at is not None), found[0])
    time = "-" if first.at is None else datetime.fromtimestamp(int(first.at), UTC).isoformat()[:19]
    assert (time, first.level or "-") == (expected.time, expected.level)
    assert expected.text == "-" or first.text.startswith(expected.text)


def test_what_stands_below_its_header_is_its_message() -> None:
    head = "Nov 20, 2026 5:26:42 AM org.shop.Main main"
    first, second = events([head, "SEVERE: cannot bind", "\tat a.b", head, "INFO: up"])
    assert (first.level, first.logger, first.text, first.end) == ("error", "org.shop.Main", "cannot bind", 3)
    assert (second.level, second.text) == ("info", "up")


def test_two_digits_of_a_year_are_read_as_what_lies_nearest_in_the_past() -> None:
    for line in ("26/11/20 05:26:42 INFO up", "20/11/26 05:26:42 INFO up", "11/20/26 05:26:42 INFO up"):
        read = events([line] * 5)[0]
        assert read.at == datetime(2026, 11, 20, 5, 26, 42, tzinfo=UTC).timestamp()


def test_a_priority_tells_trouble_and_leaves_the_rest_to_the_words() -> None:
    read = events(["<11>Nov 20 05:26:42 web-1 shop: disk gone", "<13>Nov 20 05:26:42 web-1 shop: hello"] * 3)
    assert [event.level for event in read[:2]] == ["error", None]
