"""Series out of tables: CSV, TSV and aligned columns, in wide form (a column per series) or long form (labels beside a value)."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence

import numpy as np

from faultmaven_events.consumers.process.metrics.amount import decimal_comma
from faultmaven_events.consumers.process.metrics.columns import NOTHING, Body, Wordy, gathered
from faultmaven_events.consumers.process.metrics.rows import MOST_ROWS, Row, Rows, number_in, tables_in
from faultmaven_events.consumers.process.metrics.sample import MOST_SERIES, Ints, Recording, Samples, Words, arranged
from faultmaven_events.consumers.process.metrics.stamp import Parse, names_time, parser_of

MOST_PROBLEMS = 20
_LEARNT = 2000
"""Rows from which the columns are told."""
_CELLS = 20_000
"""Cells from which the writing of numbers is told."""
_COMPONENT = re.compile(
    r"^(service|component|app|application|job|host(name)?|instance|node|server|pod|container|queue|vhost|database|db|process|proc|device|topic|partition)$",
    re.IGNORECASE,
)
_METRIC = re.compile(r"^(metric|metric_name|name|series|measurement|__name__|counter|item)$", re.IGNORECASE)
_VALUE = re.compile(r"^(value|val|v|sample|reading)$", re.IGNORECASE)


def read_grid(lines: Sequence[str]) -> Recording:
    """Read a table. Without a time column the order of the rows is that of the samples, and one problem says so."""
    tables = [_table(rows) for rows in tables_in(lines)]
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
    head = rows.head(2 * _LEARNT)
    if len(head) < 2:
        return Recording(problems=(("The table has no rows below its header.", head[0][0] if head else 1),))
    header, rows, begun = _headed(rows, head)
    if len(header) < 2:
        return Recording(problems=(("The table has a single column.", begun),))
    sample = [cells for _, cells in head if len(cells) == len(header)]
    if decimal_comma([cell.strip() for cells in sample[1:501] for cell in cells][:_CELLS]):
        rows = Rows(rows.lines, rows.start, rows.stop, rows.delimiter, quoted=rows.quoted, comma=True)
    learnt = [[cell.strip() for cell in cells] for _, cells in rows.head(2 * _LEARNT) if len(cells) == len(header)]
    clock = _clock(header, learnt)
    place, parse = clock or (None, None)
    del head, sample
    numeric, wordy = _kinds(header, [cells for cells in learnt if parse is None or _reads(parse, cells[place or 0])], place)
    del learnt
    body = gathered(rows, len(header), place, parse, numeric, wordy if clock else ())
    recording = _timed(header, body) if clock else _untimed(header, body, begun)
    odd = body.odd
    problems = ((f"{_rows(odd)} not of the {len(header)} columns of the header (first: line {odd[0]}).", odd[0]),) if odd else ()
    return Recording(recording.series, recording.words, (), (*problems, *recording.problems))


def _untimed(header: list[str], body: Body, line: int) -> Recording:
    series = tuple(_column(header[number], body, number, timed=False) for number in body.numeric)
    told = "No column holds times, so the values are in the order of the rows." if series else "No column holds times or numbers."
    return Recording(series, problems=((told, line),))


def _headed(rows: Rows, head: list[Row]) -> tuple[list[str], Rows, int]:
    """Header, body, and the table's first line; one whose first row holds numbers gets the names column-1, column-2 ..."""
    line, cells = head[0]
    first = [cell.strip().lstrip("\ufeff") for cell in cells]
    if any(number_in(cell) is not None for cell in first):
        return [f"column-{place}" for place in range(1, len(first) + 1)], rows, line
    return [name or f"column-{place}" for place, name in enumerate(first, start=1)], rows.below(line), line


def _clock(header: list[str], body: Sequence[list[str]]) -> tuple[int, Parse] | None:
    """The column of times and its parser: a column named so, else the first whose values are times."""
    order = sorted(range(len(header)), key=lambda place: (not names_time(header[place]), place))
    for place in order[:20]:
        parse = parser_of([cells[place] for cells in body[:200]], named=names_time(header[place]))
        if parse:
            return place, parse
    return None


def _reads(parse: Parse, cell: str) -> bool:
    try:
        parse(cell)
    except (ValueError, OverflowError):
        return False
    return True


def _kinds(header: list[str], rows: Sequence[list[str]], clock: int | None) -> tuple[list[int], list[int]]:
    """Columns of numbers (four of five filled cells), and columns of a few words."""
    numeric, wordy = [], []
    for place in range(len(header)):
        filled = [cells[place] for cells in rows[:_LEARNT] if cells[place].lower() not in NOTHING]
        if place == clock or not filled or header[place].lower() == "interval":
            continue
        if header[place] in {"CPU", "DEV", "IFACE"}:
            wordy.append(place)
            continue
        if sum(number_in(cell) is not None for cell in filled) >= 0.8 * len(filled) and not _COMPONENT.match(header[place]):
            numeric.append(place)
        elif len(set(filled)) <= max(50, len(filled) // 4):
            wordy.append(place)
    return numeric, wordy


def _timed(header: list[str], body: Body) -> Recording:
    unread = body.unread
    problems = ((f"{_rows(unread)} with a time that cannot be read (first: line {unread[0]}).", unread[0]),) if unread else ()
    if not len(body.seconds):
        return Recording(problems=problems)
    problems = (*problems, *_doubts(body))
    labels = list(body.wordy) if len(np.unique(body.seconds)) < 0.9 * len(body.seconds) else []
    series = list(_labelled(header, body, labels) if labels else _wide(header, body))
    words = () if labels else tuple(_words(header[number], body, column) for number, column in body.wordy.items())
    return Recording(tuple(series), words, (), problems)


def _column(name: str, body: Body, number: int, owner: str | None = None, *, timed: bool = True) -> Samples:
    return arranged(name, body.seconds, body.numeric[number].at(slice(None)), body.lines, owner, timed=timed)


def _doubts(body: Body) -> Iterator[tuple[str, int]]:
    """Rows whose time goes back, and cells that are no number: counted, with the first line."""
    back = np.flatnonzero(np.diff(body.seconds) < 0)
    if 0 < len(back) < 0.2 * len(body.seconds):  # a file in the other order, or one series after the other, is no accident
        line = int(body.lines[back[0] + 1])
        yield (
            f"Times go back {'once' if len(back) == 1 else f'{len(back):,} times'} (first: line {line}); the samples were set in order.",
            line,
        )
    if body.never:
        line = int(body.lines[min(body.never)])
        yield f"{_rows(body.never)} with NaN or infinity, which was left out (first: line {line}).", line


def _rows(found: Collection[int]) -> str:
    return f"{len(found):,} row{' is' if len(found) == 1 else 's are'}"


def _wide(header: list[str], body: Body) -> Iterator[Samples]:
    owners = _prefixes([header[number] for number in body.numeric])
    for number in body.numeric:
        yield _column(header[number], body, number, owners.get(header[number]))


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
        joined = name.replace(".", "_")
        begins = (joined[: mark.start()] for mark in re.finditer("_", joined))
        fitting = [prefix for prefix in begins if votes[prefix] > 1]
        if fitting:
            owners[name] = max(fitting, key=lambda prefix: (votes[prefix], len(prefix)))
    return owners if len(set(owners.values())) > 1 else {}


def _labelled(header: list[str], body: Body, labels: list[int]) -> Iterator[Samples]:
    """A series for each combination of labels and each column of numbers."""
    for places in _groups([body.wordy[number] for number in labels], len(body.seconds)):
        named = {header[number]: body.wordy[number].words[body.wordy[number].codes[places[0]]] for number in labels}
        metric = next((value for column, value in named.items() if _METRIC.match(column)), None)
        rest = {column: value for column, value in named.items() if not _METRIC.match(column)}
        owner = next((value for column, value in rest.items() if _COMPONENT.match(column)), None)
        suffix = "{" + ",".join(f"{column}={value}" for column, value in rest.items()) + "}" if rest else ""
        seconds, lines = body.seconds[places], body.lines[places]
        for number, column in body.numeric.items():
            alone = metric and (_VALUE.match(header[number]) or len(body.numeric) == 1)
            name = metric if alone and metric else ".".join(filter(None, (metric, header[number])))
            yield arranged(f"{name}{suffix}", seconds, column.at(places), lines, owner, rest)


def _groups(columns: Sequence[Wordy], rows: int) -> list[Ints]:
    """The places of the rows of each combination of words, in the order in which those come first; `MOST_SERIES` at most."""
    code = np.zeros(rows, dtype=np.int64)
    for column in columns:
        mixed = code * (len(column.words) + 1) + np.frombuffer(column.codes, dtype=np.int32)
        code = np.unique(mixed, return_inverse=True)[1].astype(np.int64)
    first = np.full(int(code.max()) + 1 if rows else 0, rows, dtype=np.int64)
    np.minimum.at(first, code, np.arange(rows))
    order = np.argsort(code, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(code))[:-1])
    return [parts[group] for group in np.argsort(first, kind="stable")[:MOST_SERIES].tolist()]


def _words(name: str, body: Body, column: Wordy) -> Words:
    order = np.argsort(body.seconds, kind="stable")
    codes = np.frombuffer(column.codes, dtype=np.int32)[order]
    nothing = [code for word, code in column.known.items() if word.lower() in NOTHING]
    told = np.flatnonzero(~np.isin(codes, nothing))
    codes, order = codes[told], order[told]
    places = np.flatnonzero(np.append(True, np.diff(codes) != 0)) if len(codes) else codes
    changes = [(float(body.seconds[order[place]]), column.words[codes[place]], int(body.lines[order[place]])) for place in places[:50]]
    return Words(name, tuple(changes))
