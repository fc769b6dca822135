"""What the rows of a table tell, whatever command printed it: states that dominate, bad states, work nobody takes, full disks, outliers."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median

from faultmaven_events.consumers.process.commands import vocabulary
from faultmaven_events.consumers.process.commands.quantity import quantity
from faultmaven_events.consumers.process.commands.table import Row, Table
from faultmaven_events.consumers.process.note import Note, figure, shortened
from faultmaven_events.schemas.insight import Scalar

SMALL = 8
"""Rows up to which every row is told."""
DOMINATES = 0.6
FULL = 95.0
OUTLIER = 50.0
"""How many times the median of the other rows a value must be to stand out."""
MOST_BAD = 12
_USED = ("used", "use", "current", "in_use", "active", "alloc", "allocated")
_TOTAL = ("total", "size", "limit", "max", "capacity", "hard", "quota")
_LEFT = ("available", "avail", "free", "remaining")
_PUBLISHED = re.compile(r"((?:\d{1,3}\.){3}\d{1,3}|\[?::\]?):(\d{1,5})->")


def rows_worth_knowing(table: Table, command: str | None) -> Iterator[Note]:
    """Notes about a table, the telling ones heavier than the plain rows of a small table."""
    telling = [
        note
        for rule in (_states, _bad_rows, _unserved, _full, _used_up, _published, _outliers, _settings_in_cells)
        for note in rule(table, command)
    ]
    yield from telling
    told = {note.start for note in telling if note.kind != "listening"}
    for row in table.rows if len(table.rows) <= SMALL else ():
        if row.line not in told:
            yield Note(
                "row", _told(table, row), row.line, weight=1.2, component=name_of(table, row), attributes=_attributes(table, row, command)
            )


def name_of(table: Table, row: Row) -> str | None:
    """What a row is about: the first column that names things."""
    columns = {_plain(column): number for number, column in enumerate(table.columns)}
    for wanted in vocabulary.NAME_COLUMNS:
        if wanted in columns and row.cells[columns[wanted]]:
            return shortened(row.cells[columns[wanted]], 80)
    return None


def _plain(column: str) -> str:
    return re.sub(r"\W+", "_", column.strip().lower()).strip("_")


def _told(table: Table, row: Row) -> str:
    return ", ".join(f"{column} {shortened(cell, 80)}" for column, cell in zip(table.columns, row.cells, strict=True) if cell)


def _attributes(table: Table, row: Row, command: str | None) -> dict[str, Scalar]:
    cells: dict[str, Scalar] = {"command": command}
    for column, cell in list(zip(table.columns, row.cells, strict=True))[:20]:
        cells[column or "value"] = shortened(cell, 120)
    return cells


def _states(table: Table, command: str | None) -> Iterator[Note]:
    """The counts of a state column, and what the rows of its commonest state have in common."""
    if len(table.rows) < 5:
        return
    for number, column in enumerate(table.columns):
        counts = Counter(cell for cell in table.column(number) if cell)
        if _plain(column) not in vocabulary.STATE_COLUMNS or not counts or len(counts) > 8:
            continue
        state, count = counts.most_common(1)[0]
        if count < 3 or count < DOMINATES * len(table.rows):
            continue
        having = [row for row in table.rows if row.cells[number] == state]
        shared = _shared(table, having, number)
        text = f"{count} of {len(table.rows)} rows have {column} = {state}" + (f", all with {_listed(shared)}" if shared else "")
        text += "".join(f"; {span}" for span in _spans(table, having)) + "."
        others = ", ".join(f"{shortened(other, 40)} {number}" for other, number in counts.most_common(6)[1:])
        attributes: dict[str, Scalar] = {
            "command": command,
            "column": column,
            "value": state,
            "count": count,
            "rows": len(table.rows),
            "others": others or None,
            **shared,
        }
        weight = 3.0 + (1.5 if len(counts) > 1 else 0.0) + (1.0 if vocabulary.BAD.search(state) or " in " in state else 0.0)
        yield Note(
            "row",
            text,
            having[0].line,
            having[-1].line,
            weight=weight,
            component=name_of(table, having[0]) if shared else None,
            count=count,
            attributes=attributes,
        )


def _shared(table: Table, rows: Sequence[Row], but: int) -> dict[str, Scalar]:
    """Columns in which all these rows agree."""
    agreed: dict[str, Scalar] = {}
    for number, column in enumerate(table.columns):
        values = {row.cells[number] for row in rows}
        if number != but and len(values) == 1 and (value := values.pop()) and len(agreed) < 4 and quantity(value) is None:
            agreed[column] = shortened(value, 80)
    return agreed


def _listed(values: dict[str, Scalar]) -> str:
    return ", ".join(f"{column} {value}" for column, value in values.items())


def _spans(table: Table, rows: Sequence[Row]) -> Iterator[str]:
    """From and to of columns that hold durations (`00:01:58.9`)."""
    for number, column in enumerate(table.columns):
        values = [row.cells[number] for row in rows]
        if all(re.fullmatch(r"(\d+ days? )?\d{1,3}:\d\d:\d\d(\.\d+)?", value) for value in values):
            yield f"{column} from {min(values)} to {max(values)}"


def _bad_rows(table: Table, command: str | None) -> Iterator[Note]:
    """Rows in a bad state, restarted rows, and rows of which only a part is ready."""
    told = 0
    for row in table.rows:
        if vocabulary.DONE.intersection(row.cells):
            continue
        reasons = [reason for number, column in enumerate(table.columns) if (reason := _bad_cell(column, row.cells[number]))]
        if reasons and told < MOST_BAD:
            told += 1
            yield Note(
                "row",
                f"{'; '.join(reasons)}: {_told(table, row)}",
                row.line,
                weight=3.2,
                component=name_of(table, row),
                level="warning",
                attributes=_attributes(table, row, command),
            )


def _bad_cell(column: str, cell: str) -> str | None:
    plain = _plain(column)
    if plain in vocabulary.STATE_COLUMNS and vocabulary.BAD.search(cell):
        return f"{column} is {shortened(cell, 60)}"
    if vocabulary.RESTARTS.match(plain) and (number := quantity(cell.split(" ", maxsplit=1)[0])) and number > 0:
        return f"restarted {number:g} times"
    if plain == "ready" and (parts := vocabulary.READY.match(cell)) and int(parts[1]) < int(parts[2]):
        return f"only {cell} ready"
    return None


def _unserved(table: Table, command: str | None) -> Iterator[Note]:
    """Work that waits where nobody takes it."""
    waiting = [number for number, column in enumerate(table.columns) if vocabulary.WAITING.match(column)]
    serving = [number for number, column in enumerate(table.columns) if vocabulary.SERVERS.match(column)]
    for row in table.rows if waiting and serving else ():
        depth = max(quantity(row.cells[number]) or 0.0 for number in waiting)
        server = serving[0]
        if depth > 0 and quantity(row.cells[server]) == 0:
            who, waits, serves = name_of(table, row) or "A row", table.columns[waiting[0]], table.columns[server]
            text = f"{who} has {depth:g} {waits} and 0 {serves}: {_told(table, row)}."
            yield Note(
                "row", text, row.line, weight=5.0, component=name_of(table, row), level="error", attributes=_attributes(table, row, command)
            )


def _full(table: Table, command: str | None) -> Iterator[Note]:
    """Percentages of use near 100."""
    for number, column in enumerate(table.columns):
        if not re.search(r"(use|used|usage|full|capacity|cpu|mem)", column, re.IGNORECASE):
            continue
        for row in table.rows:
            value = quantity(row.cells[number]) if row.cells[number].endswith("%") or "%" in column else None
            if value is not None and value >= FULL:
                what = name_of(table, row) or row.cells[0]
                yield Note(
                    "saturation",
                    f"{what} has {column} {value:g} %: {_told(table, row)}.",
                    row.line,
                    weight=4.5,
                    component=what,
                    attributes={"series": f"{what} {column}", "limit": 100.0, "value": value, "command": command},
                )


def _used_up(table: Table, command: str | None) -> Iterator[Note]:
    """Rows whose `used` is nearly their `total` (and whose `available`, where there is one, is nearly nothing)."""
    columns = {_plain(column): number for number, column in enumerate(table.columns)}
    used, total, left = (next((columns[name] for name in names if name in columns), None) for names in (_USED, _TOTAL, _LEFT))
    if used is None or total is None or any("%" in column for column in table.columns):
        return
    for row in table.rows:
        most, taken = quantity(row.cells[total]), quantity(row.cells[used])
        rest = quantity(row.cells[left]) if left is not None else None
        if most and taken is not None and taken >= FULL / 100 * most and (rest is None or rest <= 0.05 * most):
            what = (name_of(table, row) or row.cells[0]).rstrip(":")
            attributes: dict[str, Scalar] = {"series": f"{what} used", "limit": most, "value": taken, "command": command}
            yield Note(
                "saturation", f"{what} is used up: {_told(table, row)}.", row.line, weight=4.5, component=what, attributes=attributes
            )


def _published(table: Table, command: str | None) -> Iterator[Note]:
    """Ports that containers publish (`0.0.0.0:80->8080/tcp`)."""
    for row in table.rows[:100]:
        for address, port in _PUBLISHED.findall(" ".join(row.cells)[:1000]):
            held: dict[str, Scalar] = {"address": address, "port": int(port), "process": name_of(table, row), "command": command}
            yield Note(
                "listening",
                f"{name_of(table, row)} publishes {address}:{port}.",
                row.line,
                weight=1.1,
                component=name_of(table, row),
                attributes={**held, "container": True},
            )


def _outliers(table: Table, command: str | None) -> Iterator[Note]:
    """A value many times as large as what the other rows have in its column."""
    for number, column in enumerate(table.columns):
        values = [quantity(cell) for cell in table.column(number)]
        known = [(value, place) for place, value in enumerate(values) if value is not None]
        if len(known) < 3 or len(known) * 2 < len(values) or re.search(r"(^|_)(pid|id|oid|port|time|start|age|inode)$", _plain(column)):
            continue
        top, place = max(known)
        usual = median(value for value, other in known if other != place)
        if top >= 1000 and top >= OUTLIER * max(usual, 1.0):
            row = table.rows[place]
            who, others = name_of(table, row) or "One row", f"(the others: {figure(usual)} in the middle)"
            text = f"{who} stands out with {column} {figure(top)} {others}: {_told(table, row)}."
            yield Note("row", text, row.line, weight=3.4, component=name_of(table, row), attributes=_attributes(table, row, command))


def _settings_in_cells(table: Table, command: str | None) -> Iterator[Note]:
    """Limits that are set for one row: `{statement_timeout=30ms}`."""
    for row in table.rows[:200]:
        for cell in row.cells:
            for key, value in vocabulary.CELL_SETTING.findall(cell[:500]):
                name = name_of(table, row)
                text = f"{key} = {value} is set for {name or 'one row'}: {_told(table, row)}."
                yield Note(
                    "setting",
                    text,
                    row.line,
                    weight=3.6,
                    component=name,
                    attributes={"path": key, "value": value, "command": command, "for": name},
                )
