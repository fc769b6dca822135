"""Series out of JSON: answers of Prometheus, Graphite, CloudWatch, InfluxDB and the like, `sadf -j`, and samples as records.

Not each API is known by name; the shapes are, wherever they lie in the document:

* a list of pairs [time, value] or [value, time], named by what stands beside it (`metric`, `target`, `label` ...)
* a list of times beside a list of as many numbers (`Timestamps`, `Values`)
* `columns` beside `values` that are rows
* a list of objects, or an object a line, each with a time and numbers

A number remembers its line, so that facts can cite it.
"""

import json
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from faultmaven_events.consumers.process.metrics.sample import MOST_SERIES, Recording, in_order
from faultmaven_events.consumers.process.metrics.stamp import names_time, seconds_of

DEEPEST: Final = 40
MOST_POINTS: Final = 5_000_000
_NAMES: Final = ("target", "__name__", "metric", "metricname", "name", "label", "alias", "refid", "id", "series", "measurement")
_OWNERS: Final = ("service", "app", "job", "instance", "host", "hostname", "node", "pod", "container", "nodename", "scope")
_VALUES: Final = re.compile(r"values?|sample|reading", re.IGNORECASE)

Points = dict[tuple[str, str | None], list[tuple[float, float, int]]]


class Located(float):
    """A number and the line on which it stands."""

    __slots__ = ("line",)
    line: int


class _Lines:
    """Finds the lines of numbers in the order in which a JSON reader comes upon them."""

    def __init__(self, text: str) -> None:
        self._text, self._place = text, 0
        self._ends = [match.start() for match in re.finditer("\n", text)]

    def number(self, raw: str) -> Located:
        """Return a number; the place is never after its own, and that of a time is exact."""
        found = self._text.find(raw, self._place)
        self._place = self._place if found < 0 else found + len(raw)
        located = Located(raw)
        located.line = bisect_right(self._ends, max(0, self._place - 1)) + 1
        return located


def is_json(lines: Sequence[str]) -> bool:
    """Whether the text begins as JSON does."""
    first = next((line.strip() for line in lines[:50] if line.strip()), "")
    return first.startswith(("{", "["))


def read_json(lines: Sequence[str]) -> Recording:
    """Read one JSON document, or one per line."""
    points: Points = defaultdict(list)
    values: list[tuple[str, float, int]] = []
    odd: list[int] = []
    whole = _parsed("\n".join(lines), 0)
    if whole is not None:
        _walk(whole, {}, points, values)
    else:
        for number, line in enumerate(lines, start=1):
            found = _parsed(line, number) if line.strip() else {}
            if isinstance(found, dict):
                _record(found, points, number)
            else:
                odd.append(number)
    return _recording(points, values, odd)


def _parsed(text: str, line: int) -> Any:
    """The value of a text, its numbers on `line` where that is not 0; None where it is no JSON."""
    places = _Lines(text) if not line else None

    def located(raw: str) -> Located:
        if places is not None:
            return places.number(raw)
        number = Located(raw)
        number.line = line
        return number

    try:
        return json.loads(text, parse_float=located, parse_int=located)
    except (ValueError, RecursionError):
        return None


def _recording(points: Points, values: list[tuple[str, float, int]], odd: list[int]) -> Recording:
    several = {key: found for key, found in points.items() if len(found) > 1}
    values += [(name, found[-1][1], found[-1][2]) for (name, _), found in points.items() if len(found) == 1]
    series = tuple(in_order(name, found, owner) for (name, owner), found in list(several.items())[:MOST_SERIES])
    problems = [(f"{len(odd)} lines are no JSON objects (first: line {odd[0]}).", odd[0])] if odd else []
    if not series and not values:
        problems.append(("No list of times and numbers was found in this JSON.", 1))
    truncated = (f"series: the first {MOST_SERIES} of {len(several)}",) if len(several) > MOST_SERIES else ()
    return Recording(series, (), tuple(values[:2000]), tuple(problems), truncated)


def _walk(node: Any, labels: Mapping[str, str], points: Points, values: list[tuple[str, float, int]], depth: int = 0) -> None:
    """Take in what lies at and below a node; `labels` are the words that stand above it."""
    if depth > DEEPEST:
        return
    if isinstance(node, dict):
        known = {**labels, **_words(node)}
        if not (_columns(node, known, points) or _parallel(node, known, points)):
            for key, child in node.items():
                _child(key, child, known, points, values, depth)
    elif isinstance(node, list) and _recorded(node):
        for each in node:
            _record({**labels, **each}, points, 1)
    elif isinstance(node, list):
        for each in node:
            _walk(each, labels, points, values, depth + 1)


def _child(  # noqa: PLR0917 # the state of the walk
    key: str, child: Any, labels: Mapping[str, str], points: Points, values: list[tuple[str, float, int]], depth: int
) -> None:
    """Take in what an object holds under one key."""
    if _pairs(child):
        _put(points, labels, _of_pairs(child))
    elif _value_of(child):
        _single(child, labels, values)
    elif isinstance(child, list):
        _walk(child, {**labels, "_in": key}, points, values, depth + 1)
    elif isinstance(child, dict):
        _walk(child, labels, points, values, depth + 1)


def _words(node: Mapping[str, Any]) -> dict[str, str]:
    """The words that an object says of what is in it; those of a nested `metric` or `tags` too."""
    words = {key: value for key, value in node.items() if isinstance(value, str) and len(value) <= 200}
    for key in ("metric", "tags", "labels", "Metric"):
        if isinstance(node.get(key), dict):
            words |= {name: str(value) for name, value in node[key].items() if isinstance(value, str | float)}
    return {key: value for key, value in words.items() if key.lower() not in {"status", "resulttype", "statuscode", "unit"}}


def _pairs(node: Any) -> bool:
    """Whether a list holds pairs of a time and a value."""
    if not isinstance(node, list) or not node or not all(isinstance(each, list) and len(each) == 2 for each in node[:20]):
        return False
    return any(seconds_of(each[place]) is not None for each in node[:3] for place in (0, 1))


def _of_pairs(node: list[Any]) -> Iterator[tuple[float, float, int]]:
    firsts = sum(seconds_of(each[0]) is not None for each in node[:20] if isinstance(each, list) and len(each) == 2)
    lasts = sum(seconds_of(each[1]) is not None for each in node[:20] if isinstance(each, list) and len(each) == 2)
    clock = 0 if firsts >= lasts else 1
    for each in node:
        if isinstance(each, list) and len(each) == 2:
            seconds, value = seconds_of(each[clock]), _number(each[1 - clock])
            if seconds is not None and value is not None:
                yield seconds, value, _line(each[clock], each[1 - clock])


def _value_of(node: Any) -> bool:
    """Whether it is Prometheus' instant value, [time, "value"]."""
    return (
        isinstance(node, list)
        and len(node) == 2
        and isinstance(node[0], float)
        and isinstance(node[1], str)
        and _number(node[1]) is not None
    )


def _single(node: list[Any], labels: Mapping[str, str], values: list[tuple[str, float, int]]) -> None:
    value = _number(node[1])
    if value is not None and len(values) < MOST_SERIES:
        values.append((_named(labels)[0], value, _line(node[0])))


def _columns(node: Mapping[str, Any], labels: Mapping[str, str], points: Points) -> bool:
    columns, rows = node.get("columns"), node.get("values", node.get("rows"))
    if not (isinstance(columns, list) and isinstance(rows, list) and rows and all(isinstance(row, list) for row in rows[:20])):
        return False
    names = [str(column.get("name", column.get("text", ""))) if isinstance(column, dict) else str(column) for column in columns]
    for row in rows:
        if isinstance(row, list) and len(row) == len(names):
            _record({**labels, **dict(zip(names, row, strict=True))}, points, 1)
    return True


def _parallel(node: Mapping[str, Any], labels: Mapping[str, str], points: Points) -> bool:
    """Lists of the same length, one of them of times."""
    lists = {key: value for key, value in node.items() if isinstance(value, list) and value and not isinstance(value[0], list | dict)}
    clock = next((key for key, value in lists.items() if all(seconds_of(each) is not None for each in value[:20])), None)
    if clock is None:
        return False
    others = [key for key, value in lists.items() if key != clock and len(value) == len(lists[clock]) and _number(value[0]) is not None]
    for key in others:
        name = {} if _VALUES.fullmatch(key) else {"_value": key}
        rows = zip(lists[clock], lists[key], strict=True)
        found = [(seconds_of(at), _number(value), _line(at, value)) for at, value in rows]
        _put(points, {**labels, **name}, [(at, value, line) for at, value, line in found if at is not None and value is not None])
    return bool(others)


def _recorded(node: Sequence[Any]) -> bool:
    """Whether a list holds objects that each say a time and a number."""
    told = [each for each in node[:20] if isinstance(each, dict)]
    return bool(told) and len(told) == len(node[:20]) and all(_clock(each) and any(True for _ in _numbers(each)) for each in told)


def _clock(record: Mapping[str, Any]) -> str | None:
    return next((key for key, value in record.items() if names_time(key) and _time(value) is not None), None)


def _time(value: Any) -> float | None:
    """Seconds of a time, also of one in two parts (`sadf -j`)."""
    if isinstance(value, dict) and isinstance(value.get("date"), str) and isinstance(value.get("time"), str):
        return seconds_of(f"{value['date']}T{value['time']}")
    return seconds_of(value)


def _numbers(record: Mapping[str, Any], above: str = "", depth: int = 0) -> Iterator[tuple[str, float, int]]:
    for key, value in record.items():
        if isinstance(value, bool) or (names_time(key) and _time(value) is not None):
            continue
        if isinstance(value, list) and depth < 5:
            for each in value:
                if isinstance(each, dict):
                    said = ",".join(f"{word}={told}" for word, told in each.items() if isinstance(told, str) and len(told) <= 64)
                    yield from _numbers(each, f"{above}{key}{{{said}}}." if said else f"{above}{key}.", depth + 1)
            continue
        if isinstance(value, dict) and depth < 5:
            yield from _numbers(value, f"{above}{key}.", depth + 1)
        elif isinstance(value, float):
            yield above + key, float(value), _line(value)


def _record(record: Mapping[str, Any], points: Points, line: int) -> None:
    """One object with a time: a point of each of its numbers."""
    clock = _clock(record)
    seconds = _time(record[clock]) if clock else None
    if seconds is None:
        return
    words = {key: value for key, value in _words(record).items() if key != clock and _number(value) is None and len(value) <= 64}
    for name, value, told in _numbers(record):
        last = name.rpartition(".")[2]
        labels = words if _VALUES.fullmatch(last) and any(key.lower() in _NAMES for key in words) else {**words, "_value": name}
        _put(points, labels, [(seconds, value, told or line)])


def _put(points: Points, labels: Mapping[str, str], found: Iterator[tuple[float, float, int]] | Sequence[tuple[float, float, int]]) -> None:
    key = _named(labels)
    if key in points or len(points) <= MOST_SERIES:
        points[key].extend(found)


def _named(labels: Mapping[str, str]) -> tuple[str, str | None]:
    """A series' name and component out of the words that were said of it."""
    lower = {key.lower(): key for key in labels}
    main = next((labels[lower[name]] for name in _NAMES if name in lower), "")
    used = {next((lower[name] for name in _NAMES if name in lower), ""), "_value", "_in"}
    value = labels.get("_value", "")
    rest = ",".join(f"{key}={value}" for key, value in labels.items() if key not in used and value != main)
    name = ".".join(part for part in (main, value) if part) or labels.get("_in", "") or "value"
    owner = next((labels[lower[name]] for name in _OWNERS if name in lower), None)
    return (f"{name}{{{rest}}}" if rest else name)[:300], owner


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _line(*values: Any) -> int:
    return next((value.line for value in values if isinstance(value, Located)), 1)
