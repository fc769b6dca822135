"""Tables: comma separated values, numbers after a time, aligned columns."""

import csv
import re
from collections import Counter
from itertools import pairwise
from typing import Final

from faultmaven_events.consumers.classify.detector import Detector, Vote
from faultmaven_events.consumers.classify.sample import Sample
from faultmaven_events.consumers.classify.stamps import CELL, STAMP

NUMBER: Final = re.compile(
    r'"?[-+]?(?:\d[\d_]*(?:[.,]\d*)?|\.\d+)(?:[eE][-+]?\d+)?\s?(?:%|[kKMGT]i?B?|ms|s)?"?|"?(?:NaN|nan|null|NULL|inf|-)?"?'
)
_ADDRESS: Final = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?|[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{0,4}){3,}|https?://|/[\w./-]+/")
_TALK: Final = re.compile(
    r"(?:msg|message|log|event|text|request|statement|query|description|detail|error|uri|url|reason)(?:_?\w*)", re.IGNORECASE
)
_NAME: Final = re.compile(r'"?[A-Za-z_][\w .%()/:#-]{0,80}"?')
_LEVELS: Final = re.compile(
    r"(?:trace|debug|info(?:rmation)?|notice|warn(?:ing)?|err(?:or)?|fatal|crit(?:ical)?|severe|[DIWEF])", re.IGNORECASE
)
_SERIES: Final = re.compile(r"[\s,;|]*-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?%?(?:[\s,;|]+-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?%?){0,40}[\s,;|]*")


def split(lines: list[str]) -> tuple[str, list[list[str]]] | None:
    """Return delimiter and cells when all but a few lines have the same number (>= 2) of cells."""
    for delimiter in (",", "\t", ";", "|"):
        if delimiter not in lines[0]:
            continue
        cells = list(csv.reader(lines, delimiter=delimiter)) if _sane(lines) else [line.split(delimiter) for line in lines]
        width, count = Counter(map(len, cells)).most_common(1)[0]
        if width >= 2 and count >= 0.9 * len(lines) and len(cells[0]) == width:
            return delimiter, [row for row in cells if len(row) == width]
    return None


def _sane(lines: list[str]) -> bool:
    return all(line.count('"') % 2 == 0 for line in lines)


def separated(sample: Sample) -> Vote | None:
    """Comma (tab, semicolon, bar) separated values: numbers over time are metrics, texts over time are a log, the rest is a table."""
    lines = [line for line in sample.lines if not line.startswith("#")]
    parts = split(lines) if lines else None
    if parts is None:
        return None
    _, cells = parts
    header = _headed(cells)
    rows = cells[1:] if header else cells
    if header and not rows:
        return None
    columns = [[row[i].strip() for row in rows] for i in range(len(cells[0]))]
    time = next((i for i, column in enumerate(columns) if _share(CELL, column) >= 0.9 and _is_time(cells[0][i], column)), None)
    if time is None and header and len(rows) >= 2:
        time = next((i for i, column in enumerate(columns) if _TIMED.fullmatch(cells[0][i].strip().strip('"')) and _rising(column)), None)
    others = [(cells[0][i] if header else "", column) for i, column in enumerate(columns) if i != time]
    return _judge(others, timed=time is not None, header=header, rows=len(rows))


def _headed(cells: list[list[str]]) -> bool:
    """Whether the first row names the columns: names all along, or neither number nor time where the next row has one."""
    first = [cell.strip() for cell in cells[0] if cell.strip()]
    if any(NUMBER.fullmatch(cell) or CELL.fullmatch(cell) for cell in first):
        return False
    if all(map(_NAME.fullmatch, first)):
        return True
    return len(cells) > 1 and any(NUMBER.fullmatch(cell.strip()) or CELL.fullmatch(cell.strip()) for cell in cells[1] if cell.strip())


_TIMED: Final = re.compile(r"time\w*|t|ts|date\w*|epoch|second\w*", re.IGNORECASE)


def _rising(column: list[str]) -> bool:
    """Whether whole numbers grow from row to row: a time in steps of its own."""
    steps = [int(cell) for cell in column if cell.isascii() and cell.isdigit() and len(cell) < 20]
    return len(steps) == len(column) and all(a < b for a, b in pairwise(steps))


def _judge(others: list[tuple[str, list[str]]], *, timed: bool, header: bool, rows: int) -> Vote | None:
    leveled = any(_share(_LEVELS, column) >= 0.8 for _, column in others)
    numeric = sum(_share(NUMBER, column) >= 0.85 and any(column) for _, column in others)
    talk = sum(_speaks(name, column) for name, column in others)
    labels = len(others) - numeric - talk
    seen = f"{numeric} columns of numbers, {labels} of labels, {talk} of text{', and a time' if timed else ''}"
    sure = 0.04 * min(1.0, rows / 5) + (0.03 if header else 0.0)
    if timed and numeric and not talk and numeric >= labels:
        return Vote("metrics", "csv-series", 0.9 + sure, seen)
    if timed and numeric == 1 and not talk and (header or (rows >= 3 and labels <= 3 and not leveled)):
        return Vote("metrics", "csv-series", 0.86 + sure, seen)
    if timed and len(others) >= (1 if header else 3):
        return Vote("log", "csv-log", (0.9 if header else 0.86) + sure, seen)
    if numeric == len(others) >= 2 and not timed and not header and rows >= 3:
        return Vote("metrics", "csv-series", 0.7 + sure, seen)
    if header and rows >= 1 and not timed and (numeric or rows >= 3) and len(others) >= (2 if talk else 1):
        return Vote("command_output", "csv", 0.55 + sure * 3 + (0.1 if numeric else 0), seen)
    return None


def _share(pattern: re.Pattern[str], column: list[str]) -> float:
    return sum(pattern.fullmatch(cell) is not None for cell in column) / max(1, len(column))


def _is_time(name: str, column: list[str]) -> bool:
    return bool(re.search(r"time|date|stamp|\bts\b|\bat\b|epoch|clock", name, re.IGNORECASE)) or sum(
        ":" in c or "-" in c[1:] or len(c) >= 10 for c in column
    ) * 2 > len(column)


def _speaks(name: str, column: list[str]) -> bool:
    if _share(NUMBER, column) >= 0.85:
        return False
    wordy = sum(cell.count(" ") >= 2 for cell in column) / max(1, len(column))
    return (
        wordy > 0.3
        or _TALK.fullmatch(name.strip().strip('"')) is not None
        or sum(_ADDRESS.search(cell) is not None for cell in column) > len(column) * 0.5
    )


def series(sample: Sample) -> Vote | None:
    """Lines of a time and then nothing but numbers, without separators to speak of."""
    rows = [(line, match) for line in sample.body if (match := STAMP.match(line))]
    hits = sum(
        _SERIES.fullmatch(re.sub(r"^(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d| UTC)?", "", line[match.end() :])) is not None for line, match in rows
    )
    if not hits and (_HEAD.match(sample.top) or len(sample.body) > 3):
        hits = sum(_CLOCKED.fullmatch(line) is not None for line in sample.body)
        return Vote("metrics", "columns", 0.9, f"{hits} rows of a clock and numbers") if hits >= 0.7 * (len(sample.body) - 1) > 0 else None
    share = hits / max(1, len(sample.body))
    return Vote("metrics", "csv-series", 0.9, f"{share:.0%} of the lines are a time and numbers") if hits >= 2 and share >= 0.8 else None


_HEAD: Final = re.compile(r"\d\d:\d\d:\d\d(?: [AP]M)?(?:\s+[A-Za-z%][\w%/().-]{0,30}){1,30}\s*$")
_CLOCKED: Final = re.compile(r"(?:\d\d:\d\d:\d\d(?: [AP]M)?|Average:)(?:\s+(?:[a-z][\w-]{0,15}|-?\d[\d.,]{0,20}%?)){1,30}\s*")

TABLES: Final[tuple[Detector, ...]] = (separated, series)
