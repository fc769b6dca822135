"""Tables of sysstat (sar, pidstat): a date in the first line, then blocks that begin with a time and the column names."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from faultmaven_events.consumers.process.metrics.sample import MOST_SERIES, Recording, in_order

_FIRST = re.compile(r"^(Linux|AIX|FreeBSD|SunOS)\s.*?\((?P<host>[\w.-]+)\)\s+(?P<date>\d{1,4}(?:[./-]\d\d?[./-]|年\d\d?月)\d{1,4})")
_ROW = re.compile(r"^(\d\d):(\d\d):(\d\d)(?: ([AP]M))?\s+(\S.*)$")
_KEYS = {"CPU", "IFACE", "DEV", "TTY", "Command", "Device", "BUS"}


def is_sar(lines: Sequence[str]) -> bool:
    """Whether the first line is sysstat's."""
    return any(_FIRST.match(line) for line in lines[:3])


def read_sar(lines: Sequence[str]) -> Recording:
    """Series named `column{key=value}`, their times in UTC (sysstat writes local time and does not say which)."""
    first = next(match for line in lines[:3] if (match := _FIRST.match(line)))
    day = _day(first["date"])
    if day is None:
        return Recording(problems=(("The date of the report cannot be read.", 1),))
    points: dict[str, list[tuple[float, float, int]]] = defaultdict(list)
    for name, seconds, value, line in _points(lines, day):
        if name in points or len(points) < MOST_SERIES:
            points[name].append((seconds, value, line))
    series = tuple(in_order(name, found, first["host"]) for name, found in points.items())
    return Recording(series, problems=() if series else (("The report has no rows.", 1),))


def _day(date: str) -> datetime | None:
    for format in (
        "%m/%d/%Y",
        "%m/%d/%y",
        "%Y-%m-%d",
        "%d.%m.%Y",
        "%d/%m/%Y",
        "%d.%m.%y",
        "%d/%m/%y",
        "%Y/%m/%d",
        "%d-%m-%Y",
        "%Y年%m月%d",
    ):
        try:
            return datetime.strptime(date, format).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def _points(lines: Sequence[str], day: datetime) -> Iterator[tuple[str, float, float, int]]:
    columns: list[str] = []
    last = -1
    for number, line in enumerate(lines, start=1):
        match = _ROW.match(line.rstrip()[:4000])
        if match is None:
            continue
        words = match[5].split()
        if not any(_is_number(word) for word in words):
            columns = words
            continue
        if len(words) != len(columns):
            continue
        second = _second(match)
        day += timedelta(days=second < last - 43_200)  # past midnight
        last = second
        keys = [place for place, column in enumerate(columns) if column in _KEYS]
        label = "{" + ",".join(f"{columns[place]}={words[place]}" for place in keys) + "}" if keys else ""
        for place, (column, word) in enumerate(zip(columns, words, strict=True)):
            if place not in keys and _is_number(word):
                yield f"{column}{label}", (day + timedelta(seconds=second)).timestamp(), float(word.replace(",", ".")), number


def _second(match: re.Match[str]) -> int:
    hour = int(match[1]) % 12 + 12 * (match[4] == "PM") if match[4] else int(match[1])
    return hour * 3600 + int(match[2]) * 60 + int(match[3])


def _is_number(word: str) -> bool:
    return re.fullmatch(r"-?\d+([.,]\d+)?", word) is not None
