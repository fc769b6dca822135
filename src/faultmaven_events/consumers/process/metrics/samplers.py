"""Tables that are printed again and again: vmstat, iostat, free -s, docker stats, kubectl top. A header, rows, sometimes a time between.

Where no time is printed the series are in the order of their samples. vmstat's and iostat's first report is the average since the start of
the machine (their manual pages say so), and is left out.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from faultmaven_events.consumers.process.metrics.amount import basic
from faultmaven_events.consumers.process.metrics.sample import MOST_SERIES, Recording, in_order

_ESCAPES: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_STAMP: Final = re.compile(r"(\d{4}-\d\d-\d\d|\d\d[/.]\d\d[/.]\d{2,4})[ T](\d\d:\d\d:\d\d)(?: ([AP]M))?")
_LONELY: Final = re.compile(rf"(?:Time: )?{_STAMP.pattern}(?:[.,]\d+)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?$")
_DATES: Final = ("%Y-%m-%d", "%m/%d/%Y", "%m/%d/%y", "%d.%m.%Y", "%d/%m/%Y", "%d.%m.%y")


@dataclass(frozen=True, slots=True)
class Tool:
    """How one kind of table begins, whether a row's first word says whom it speaks of, and whether its first report is to be left out."""

    header: re.Pattern[str]
    keyed: bool
    since_boot: bool = False
    unlabelled: bool = False
    """The header has no word above the keys."""
    wide: bool = False
    """Columns are two spaces apart, and a name may hold one."""

    def cells(self, line: str) -> list[str]:
        """Split a line of the table."""
        return re.split(r"\s{2,}|\t", line.strip()) if self.wide else line.split()


_TOOLS: Final = (
    Tool(re.compile(r"\s*r\s+b\s+swpd\s"), keyed=False, since_boot=True, unlabelled=True),
    Tool(re.compile(r"avg-cpu:\s"), keyed=False, since_boot=True),
    Tool(re.compile(r"Device:?\s+(?:tps|r/s|rrqm/s)"), keyed=True, since_boot=True),
    Tool(re.compile(r"\s+total\s+used\s+free\b"), keyed=True, unlabelled=True),
    Tool(re.compile(r"CONTAINER(?: ID)?\s.*CPU %"), keyed=True, wide=True),
    Tool(re.compile(r"(?:NAMESPACE\s+)?(?:POD\s+)?NAME\s+CPU\(cores\)"), keyed=True),
)


def is_sampler(lines: Sequence[str]) -> bool:
    """Whether one of the first lines is the header of such a table."""
    return any(tool.header.match(_ESCAPES.sub("", line[:2000])) for line in lines[:20] for tool in _TOOLS)


@dataclass(slots=True)
class _Reader:
    tool: Tool | None = None
    columns: list[str] = field(default_factory=list)
    at: float | None = None
    reports: dict[re.Pattern[str], int] = field(default_factory=lambda: defaultdict(int))

    def cells(self, line: str) -> Iterator[tuple[str, str | None, float | None, float]]:
        """Take in a line; yield (column, component, seconds, value) of a row."""
        tool = next((tool for tool in _TOOLS if tool.header.match(line)), None)
        if tool:
            self.tool, words = tool, tool.cells(line)
            self.columns = words if tool.unlabelled else words[1:]
            self.reports[tool.header] += 1
            return
        if stamp := _LONELY.match(line.strip()):
            self.at = _seconds(stamp)
            return
        if self.tool is None or not line.strip():
            return
        yield from self._row(self.tool, line)

    def _row(self, tool: Tool, line: str) -> Iterator[tuple[str, str | None, float | None, float]]:
        at = self.at
        if stamp := _STAMP.search(line):  # vmstat -t
            line, at = line[: stamp.start()], _seconds(stamp)
        words = tool.cells(line)
        columns, key = self.columns, None
        if tool.keyed and words:
            named = columns[0] == "NAME" and len(words) > 1  # after an id or a namespace
            key, words = (words[1], words[2:]) if named else (words[0].rstrip(":"), words[1:])
            columns = columns[1:] if named else columns
        if not words or len(words) > len(columns):
            return
        if tool.since_boot and tool.keyed and self.reports[tool.header] == 1:
            return
        for column, word in zip(columns, words, strict=False):
            for name, value in _values(column, word):
                yield name, key, at, value


def _values(column: str, word: str) -> Iterator[tuple[str, float]]:
    """One value, or two of `1.2GiB / 2GiB`: what is used and its limit, what came in and what went out."""
    names = [part.strip() for part in column.split(" / ")]
    parts = [part.strip() for part in word.split(" / ")]
    if len(names) < len(parts):
        names = [f"{column} in", f"{column} out"]
    elif len(names) == 2 == len(parts):
        names = [names[0], f"{names[0].split()[0]} {names[1]}"]
    for name, part in zip(names, parts, strict=False):
        milli = "cores" in name and part.endswith("m")
        value = basic((part[:-1] if milli else part).replace(",", "."))
        if value is not None:
            yield name, value / 1000 if milli else value


def _seconds(match: re.Match[str]) -> float | None:
    hour, minute, second = map(int, match[2].split(":"))
    hour = hour % 12 + 12 * (match[3] == "PM") if match[3] else hour
    for form in _DATES:
        try:
            return datetime.strptime(match[1], form).replace(hour=hour, minute=minute, second=second, tzinfo=UTC).timestamp()
        except ValueError:
            continue
    return None


def read_samplers(lines: Sequence[str]) -> Recording:
    """Series named by column, their component being the device, container or node of the row."""
    reader = _Reader()
    points: dict[tuple[str, str | None], list[tuple[float | None, float, int]]] = defaultdict(list)
    for number, line in enumerate(lines, start=1):
        for name, key, at, value in reader.cells(_ESCAPES.sub("", line[:4000]).rstrip("\r")):
            if (name, key) in points or len(points) < MOST_SERIES:
                points[name, key].append((at, value, number))
    series, values = [], []
    for (name, key), found in points.items():
        timed = all(at is not None for at, _, _ in found)
        kept = found[1:] if key is None and len(found) > 3 else found
        if len(kept) == 1:
            values.append((f"{name}{{{key}}}" if key else name, kept[0][1], kept[0][2]))
            continue
        rows = [(at if timed and at is not None else float(place), value, line) for place, (at, value, line) in enumerate(kept)]
        series.append(in_order(f"{name}{{{key}}}" if key else name, rows, key, timed=timed))
    problems = () if series or values else (("The report has no rows.", 1),)
    return Recording(tuple(series), (), tuple(values), problems)
