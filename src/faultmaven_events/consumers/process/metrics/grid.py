"""Series out of tables: CSV, TSV and aligned columns, in wide form (a column per series) or long form (labels beside a value)."""

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from faultmaven_events.consumers.process.metrics.amount import amount, decimal_comma, in_one_unit, with_point
from faultmaven_events.consumers.process.metrics.sample import MOST_SERIES, Recording, Samples, Words, in_order
from faultmaven_events.consumers.process.metrics.stamp import Parse, names_time, parser_of

MOST_ROWS = 1_000_000
MOST_PREAMBLE = 40
MOST_PROBLEMS = 20
_COMPONENT = re.compile(
    r"^(service|component|app|application|job|host(name)?|instance|node|server|pod|container|queue|vhost|database|db|process|proc|device|topic|partition)$",
    re.IGNORECASE,
)
_METRIC = re.compile(r"^(metric|metric_name|name|series|measurement|__name__|counter|item)$", re.IGNORECASE)
_VALUE = re.compile(r"^(value|val|v|sample|reading)$", re.IGNORECASE)
_NOTHING = frozenset({"", "-", "nan", "null", "none", "n/a", "na", "inf", "-inf", "+inf"})
_NEVER = frozenset({"nan", "inf", "-inf", "+inf"})
_COMMA = re.compile(r"[-+]?\d{1,3}(?:\.\d{3})*,\d+|[-+]?\d+,\d+")

Rows = list[tuple[int, list[str]]]


def read_grid(lines: Sequence[str]) -> Recording:
    """Read a table. Without a time column the order of the rows is that of the samples, and one problem says so."""
    tables = [_table(rows) for rows in _sections(_rows(lines))]
    truncated = (f"rows: the first {MOST_ROWS}",) if len(lines) > MOST_ROWS else ()
    series = [one for table in tables for one in table.series]
    if len(series) > MOST_SERIES:
        truncated = (*truncated, f"series: the first {MOST_SERIES} of {len(series)}")
    return Recording(
        tuple(series[:MOST_SERIES]),
        tuple(one for table in tables for one in table.words),
        (),
        tuple(one for table in tables for one in table.problems)[:MOST_PROBLEMS],
        truncated,
    )


def _table(rows: Rows) -> Recording:
    if len(rows) < 2:
        return Recording(problems=(("The table has no rows below its header.", rows[0][0] if rows else 1),))
    header, body = _headed(rows)
    if len(header) < 2:
        return Recording(problems=(("The table has a single column.", rows[0][0]),))
    body, odd = _even(body, len(header))
    problems = ((f"{len(odd)} rows do not have the {len(header)} columns of the header (first: line {odd[0]}).", odd[0]),) if odd else ()
    if decimal_comma([cell for _, cells in body[:500] for cell in cells]):
        body = [(line, [with_point(cell) if _COMMA.fullmatch(cell) else cell for cell in cells]) for line, cells in body]
    clock = _clock(header, body)
    recording = _series(header, body, *clock) if clock else _untimed(header, body, rows[0][0])
    return Recording(recording.series, recording.words, (), (*problems, *recording.problems), recording.truncated)


def _untimed(header: list[str], body: Rows, line: int) -> Recording:
    stamped = [(float(place), number, cells) for place, (number, cells) in enumerate(body)]
    numeric, _ = _kinds(header, stamped, -1)
    series = tuple(in_order(header[number], _points(stamped, number), timed=False) for number in numeric)
    told = "No column holds times, so the values are in the order of the rows." if series else "No column holds times or numbers."
    return Recording(series, problems=((told, line),))


def _rows(lines: Sequence[str]) -> Rows:
    """(line number, cells) of every line that is not blank and no comment. The delimiter is what the first lines agree on.

    A comment with as many cells as the row below it is a header (`sadf -d`, gnuplot).
    """
    marked = next((line.strip()[4:] for line in lines[:1] if line.lower().startswith("sep=")), None)
    kept = [
        (number, line.rstrip("\r"))
        for number, line in enumerate(lines[:MOST_ROWS], start=1)
        if line.strip() and not (number == 1 and marked) and (not line.startswith("#") or _header_like(lines, number))
    ]
    kept = [(number, line.lstrip("# ") if line.startswith("#") else line) for number, line in kept]
    sample = [line for _, line in kept[:MOST_PREAMBLE]]
    delimiter = marked or next((mark for mark in ("\t", ";", ",", "|") if sample and _common(sample, mark)), None)
    if delimiter is None:
        return [(number, line.split()) for number, line in kept]
    if any('"' in line for _, line in kept[:1000]):
        rows = [(number, next(csv.reader([line[:100_000]], delimiter=delimiter), [])) for number, line in kept]
    else:
        rows = [(number, line.split(delimiter)) for number, line in kept]
    return _without_preamble(rows)


def _header_like(lines: Sequence[str], number: int) -> bool:
    """Whether the comment on a line is followed by a row of as many cells, which it can name."""
    comment, below = lines[number - 1].lstrip("# "), lines[number] if number < len(lines) else ""
    mark = next((mark for mark in (";", ",", "\t") if mark in comment), None)
    words = comment.split(mark)
    return len(words) > 1 and len(words) == len(below.split(mark)) and not any(_number(word) is not None for word in words)


def _common(sample: Sequence[str], mark: str) -> bool:
    """Whether most lines have a delimiter, and as often as most others."""
    counts = Counter(line.count(mark) for line in sample)
    most, times = max(counts.items(), key=lambda pair: (pair[1], pair[0]))
    return most >= 1 and times >= 0.5 * len(sample)


def _without_preamble(rows: Rows) -> Rows:
    """Leave out what stands above a table (dstat says who wrote it): rows before the header that are not as wide as the numbers below."""
    wide = Counter(len(cells) for _, cells in rows[:MOST_PREAMBLE]).most_common(1)
    first = next((place for place, (_, cells) in enumerate(rows[:MOST_PREAMBLE]) if len(cells) == wide[0][0]), 0) if wide else 0
    body = next((place for place in range(first, min(len(rows), MOST_PREAMBLE)) if _numeric(rows[place][1])), 0)
    return rows[max(first, body - 1) :] if body > 0 else rows[first:]


def _numeric(cells: Sequence[str]) -> bool:
    told = [cell for cell in cells if cell.strip()]
    return sum(_number(cell) is not None for cell in told) > 0.3 * len(told) if told else False


def _sections(rows: Rows) -> list[Rows]:
    """Split where a header of other columns begins, as `sadf -d` prints one after the other."""
    heads = [place for place, (_, cells) in enumerate(rows) if len(cells) > 3 and cells[:3] == ["hostname", "interval", "timestamp"]]
    if len(heads) < 2:
        return [rows]
    return [rows[start:stop] for start, stop in zip(heads, [*heads[1:], len(rows)], strict=True)]


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
    found = amount(cell.replace(",", ""))
    return found[0] if found else None


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
    problems = (*problems, *_doubts(stamped, numeric))
    labels = wordy if len({seconds for seconds, _, _ in stamped}) < 0.9 * len(stamped) else []
    series = list(_labelled(header, stamped, numeric, labels) if labels else _wide(header, stamped, numeric))
    words = () if labels else tuple(_words(header[number], stamped, number) for number in wordy)
    return Recording(tuple(series), words, (), problems)


Stamped = list[tuple[float, int, list[str]]]


def _kinds(header: list[str], rows: Stamped, clock: int) -> tuple[list[int], list[int]]:
    """Columns of numbers (four of five filled cells), and columns of a few words."""
    numeric, wordy = [], []
    for number in range(len(header)):
        filled = [cells[number] for _, _, cells in rows[:2000] if cells[number].lower() not in _NOTHING]
        if number == clock or not filled or header[number].lower() == "interval":
            continue
        if header[number] in {"CPU", "DEV", "IFACE"}:
            wordy.append(number)
            continue
        if sum(_number(cell) is not None for cell in filled) >= 0.8 * len(filled) and not _COMPONENT.match(header[number]):
            numeric.append(number)
        elif len(set(filled)) <= max(50, len(filled) // 4):
            wordy.append(number)
    return numeric, wordy


def _points(rows: Stamped, number: int) -> list[tuple[float, float, int]]:
    found, units = [], []
    for seconds, line, cells in rows:
        cell = cells[number]
        try:
            found.append((seconds, float(cell), line))
            continue
        except ValueError:
            pass
        if cell.lower() not in _NOTHING and (read := amount(cell.replace(",", ""))) is not None:
            units.append((len(found), read))
            found.append((seconds, read[0], line))
    for (place, _), value in zip(units, in_one_unit([read for _, read in units]), strict=True):
        found[place] = (found[place][0], value, found[place][2])
    return found


def _doubts(rows: Stamped, numeric: list[int]) -> Iterator[tuple[str, int]]:
    """Rows whose time goes back, and cells that are no number: counted, with the first line."""
    back = [line for (before, _, _), (after, line, _) in pairwise(rows) if after < before]
    if 0 < len(back) < 0.2 * len(rows):  # a file in the other order, or one series after the other, is no accident
        yield f"Times go back {len(back)} times (first: line {back[0]}); the samples were set in order.", back[0]
    odd = [line for _, line, cells in rows if any(cells[number].lower() in _NEVER for number in numeric)]
    if odd:
        yield f"{len(odd)} rows hold NaN or infinity, which was left out (first: line {odd[0]}).", odd[0]


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
