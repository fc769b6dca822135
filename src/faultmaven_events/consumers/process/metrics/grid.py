"""Series out of tables: CSV, TSV and aligned columns, in wide form (a column per series) or long form (labels beside a value)."""

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from faultmaven_events.consumers.process.metrics.sample import Recording, Samples, Words, in_order
from faultmaven_events.consumers.process.metrics.stamp import Parse, names_time, parser_of

MOST_SERIES = 400
MOST_ROWS = 1_000_000
_COMPONENT = re.compile(
    r"^(service|component|app|application|job|host(name)?|instance|node|server|pod|container|queue|vhost|database|db|process|proc|device|topic|partition)$",
    re.IGNORECASE,
)
_METRIC = re.compile(r"^(metric|metric_name|name|series|measurement|__name__|counter|item)$", re.IGNORECASE)
_VALUE = re.compile(r"^(value|val|v|sample|reading)$", re.IGNORECASE)
_NOTHING = frozenset({"", "-", "nan", "null", "none", "n/a", "na", "inf", "-inf", "+inf"})

Rows = list[tuple[int, list[str]]]


def read_grid(lines: Sequence[str]) -> Recording:
    """Read a table with a header. Without a time column there is no series, and one problem says so."""
    rows = _rows(lines)
    if len(rows) < 2:
        return Recording(problems=(("The table has no rows below its header.", 1),))
    header, body = _headed(rows)
    if len(header) < 2:
        return Recording(problems=(("The table has a single column.", rows[0][0]),))
    body, odd = _even(body, len(header))
    problems = ((f"{len(odd)} rows do not have the {len(header)} columns of the header (first: line {odd[0]}).", odd[0]),) if odd else ()
    clock = _clock(header, body)
    if clock is None:
        return Recording(problems=(*problems, ("No column holds times, so the values cannot be set in order.", rows[0][0])))
    recording = _series(header, body, *clock)
    truncated = (f"rows: the first {MOST_ROWS}",) if len(lines) > MOST_ROWS else ()
    return Recording(recording.series, recording.words, (), (*problems, *recording.problems), (*recording.truncated, *truncated))


def _rows(lines: Sequence[str]) -> Rows:
    """(line number, cells) of every line that is not blank and no comment. The delimiter is what the first lines agree on."""
    kept = [
        (number, line.rstrip("\r")) for number, line in enumerate(lines[:MOST_ROWS], start=1) if line.strip() and not line.startswith("#")
    ]
    delimiter = next((mark for mark in ("\t", ";", ",", "|") if kept and all(line.count(mark) >= 1 for _, line in kept[:5])), None)
    if delimiter is None:
        return [(number, line.split()) for number, line in kept]
    if any('"' in line for _, line in kept[:1000]):
        return [(number, next(csv.reader([line[:100_000]], delimiter=delimiter), [])) for number, line in kept]
    return [(number, line.split(delimiter)) for number, line in kept]


def _headed(rows: Rows) -> tuple[list[str], Rows]:
    """Header and body; a table whose first row holds numbers gets the names column-1, column-2 ..."""
    first = [cell.strip().lstrip("\ufeff") for cell in rows[0][1]]
    if any(_number(cell) is not None for cell in first):
        return [f"column-{number}" for number in range(1, len(first) + 1)], rows
    return [name or f"column-{number}" for number, name in enumerate(first, start=1)], rows[1:]


def _even(body: Rows, width: int) -> tuple[Rows, list[int]]:
    odd = [number for number, cells in body if len(cells) != width]
    return [(number, [cell.strip() for cell in cells]) for number, cells in body if len(cells) == width], odd


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        pass
    try:
        return float(cell.rstrip("%").replace(",", ""))
    except ValueError:
        return None


def _clock(header: list[str], body: Rows) -> tuple[int, Parse] | None:
    """The column of times and its parser: a column named so, else the first whose values are times."""
    order = sorted(range(len(header)), key=lambda number: (not names_time(header[number]), number))
    for number in order[:20]:
        parse = parser_of([cells[number] for _, cells in body[:200]], named=names_time(header[number]))
        if parse:
            return number, parse
    return None


def _series(header: list[str], body: Rows, clock: int, parse: Parse) -> Recording:
    stamped, unread = [], []
    for line, cells in body:
        try:
            stamped.append((parse(cells[clock]), line, cells))
        except (ValueError, OverflowError):
            unread.append(line)
    problems = ((f"{len(unread)} rows have a time that cannot be read (first: line {unread[0]}).", unread[0]),) if unread else ()
    if not stamped:
        return Recording(problems=problems)
    numeric, wordy = _kinds(header, stamped, clock)
    labels = wordy if len({seconds for seconds, _, _ in stamped}) < 0.9 * len(stamped) else []
    series = list(_labelled(header, stamped, numeric, labels) if labels else _wide(header, stamped, numeric))
    words = () if labels else tuple(_words(header[number], stamped, number) for number in wordy)
    truncated = (f"series: the first {MOST_SERIES} of {len(series)}",) if len(series) > MOST_SERIES else ()
    return Recording(tuple(series[:MOST_SERIES]), words, (), problems, truncated)


Stamped = list[tuple[float, int, list[str]]]


def _kinds(header: list[str], rows: Stamped, clock: int) -> tuple[list[int], list[int]]:
    """Columns of numbers (four of five filled cells), and columns of a few words."""
    numeric, wordy = [], []
    for number in range(len(header)):
        filled = [cells[number] for _, _, cells in rows[:2000] if cells[number].lower() not in _NOTHING]
        if number == clock or not filled:
            continue
        if sum(_number(cell) is not None for cell in filled) >= 0.8 * len(filled) and not _COMPONENT.match(header[number]):
            numeric.append(number)
        elif len(set(filled)) <= max(50, len(filled) // 4):
            wordy.append(number)
    return numeric, wordy


def _points(rows: Stamped, number: int) -> list[tuple[float, float, int]]:
    found = []
    for seconds, line, cells in rows:
        if cells[number].lower() not in _NOTHING and (value := _number(cells[number])) is not None:
            found.append((seconds, value, line))
    return found


def _wide(header: list[str], rows: Stamped, numeric: list[int]) -> Iterator[Samples]:
    owners = _prefixes([header[number] for number in numeric])
    for number in numeric:
        yield in_order(header[number], _points(rows, number), owners.get(header[number]))


def _prefixes(names: Sequence[str]) -> dict[str, str]:
    """Who the columns speak of, where several prefixes carry the same endings (`web_cpu, web_rss, db_cpu, db_rss`)."""
    endings: dict[str, set[str]] = defaultdict(set)
    for name in names:
        parts = re.split(r"(?<=[A-Za-z0-9])[_.](?=[A-Za-z0-9])", name)
        for cut in range(1, len(parts)):
            endings["_".join(parts[cut:])].add("_".join(parts[:cut]))
    votes = Counter(prefix for prefixes in endings.values() if len(prefixes) > 1 for prefix in prefixes)
    owners = {}
    for name in names:
        fitting = [prefix for prefix, count in votes.items() if count > 1 and name.replace(".", "_").startswith(f"{prefix}_")]
        if fitting:
            owners[name] = max(fitting, key=lambda prefix: (votes[prefix], len(prefix)))
    return owners if len(set(owners.values())) > 1 else {}


def _labelled(header: list[str], rows: Stamped, numeric: list[int], labels: list[int]) -> Iterator[Samples]:
    groups: dict[tuple[str, ...], Stamped] = defaultdict(list)
    for row in rows:
        groups[tuple(row[2][number] for number in labels)].append(row)
    for key, members in list(groups.items())[:MOST_SERIES]:
        named = {header[number]: value for number, value in zip(labels, key, strict=True)}
        metric = next((value for column, value in named.items() if _METRIC.match(column)), None)
        rest = {column: value for column, value in named.items() if not _METRIC.match(column)}
        owner = next((value for column, value in rest.items() if _COMPONENT.match(column)), None)
        suffix = "{" + ",".join(f"{column}={value}" for column, value in rest.items()) + "}" if rest else ""
        for number in numeric:
            name = (
                metric
                if metric and (_VALUE.match(header[number]) or len(numeric) == 1)
                else ".".join(filter(None, (metric, header[number])))
            )
            yield in_order(f"{name}{suffix}", _points(members, number), owner, rest)


def _words(name: str, rows: Stamped, number: int) -> Words:
    changes: list[tuple[float, str, int]] = []
    for seconds, line, cells in sorted(rows, key=lambda row: row[0]):
        if cells[number].lower() not in _NOTHING and (not changes or changes[-1][1] != cells[number]):
            changes.append((seconds, cells[number], line))
    return Words(name, tuple(changes[:50]))
