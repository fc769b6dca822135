"""Tables as commands print them: `a | b` with a rule below the header, tabs, or columns aligned by blanks."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Lines = Sequence[tuple[int, str]]
_RULE = re.compile(r"^[\s|+:=-]*[-=]{2,}[\s|+:=-]*$")
_FOOTER = re.compile(r"^\(\d+ rows?\)|^\d+ rows? in set|^Empty set")
MOST_ROWS = 5000
WIDEST = 2000
"""Characters of a line that are looked at."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `cells` has as many members as its table has columns."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns, rows, and the line of the header."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    line: int
    title: str = ""

    def column(self, number: int) -> list[str]:
        """The cells of one column."""
        return [row.cells[number] for row in self.rows]


def tables_of(output: Lines) -> tuple[list[Table], list[tuple[int, str]]]:
    """The tables of an output, and the lines that belong to none."""
    tables: list[Table] = []
    rest: list[tuple[int, str]] = []
    for block in _blocks(output):
        table = _ruled(block) or _tabbed(block) or _aligned(block)
        if table is None:
            rest.extend(block)
            continue
        tables.append(table)
        covered = {row.line for row in table.rows} | {table.line}
        rest.extend(
            line
            for line in block
            if line[0] not in covered and not _RULE.match(line[1]) and not _FOOTER.match(line[1]) and line[1] != table.title
        )
    return tables, rest


def _blocks(output: Lines) -> Iterator[list[tuple[int, str]]]:
    block: list[tuple[int, str]] = []
    for number, line in output:
        if line.strip():
            block.append((number, line.expandtabs() if line.startswith("\t") else line))
        elif block:
            yield block
            block = []
    if block:
        yield block


def _ruled(block: Lines) -> Table | None:
    """psql, MySQL and Markdown: a rule of dashes under (or around) the header, cells between bars."""
    rules = [place for place, (_, line) in enumerate(block) if _RULE.match(line[:WIDEST]) and ("+" in line or "|" in line or place > 0)]
    if not rules:
        return None
    header = rules[0] - 1 if rules[0] > 0 else 1
    if header >= len(block) or ("|" not in block[header][1] and len(rules[:1]) and not set(block[rules[0]][1].strip()) <= {"-"}):
        return None
    columns = _barred(block[header][1])
    first = header + 2
    rows = []
    for number, line in block[first : first + MOST_ROWS]:
        if _RULE.match(line) or _FOOTER.match(line):
            continue
        cells = _barred(line)
        if len(cells) != len(columns):
            break
        rows.append(Row(number, cells))
    title = block[0][1] if header == 1 and rules[0] == 2 else ""
    return Table(columns, tuple(rows), block[header][0], title) if rows else None


def _barred(line: str) -> tuple[str, ...]:
    line = line[:WIDEST].strip()
    if line.startswith("|") and line.endswith("|"):
        line = line[1:-1]
    return tuple(cell.strip() for cell in line.split("|"))


def _tabbed(block: Lines) -> Table | None:
    columns = tuple(cell.strip() for cell in block[0][1].split("\t"))
    if len(columns) < 2 or len(block) < 2 or any(_numeric(column) or re.match(r"\d+ ", column) for column in columns):
        return None
    rows = [Row(number, tuple(cell.strip() for cell in line.split("\t"))) for number, line in block[1 : MOST_ROWS + 1]]
    return Table(columns, tuple(rows), block[0][0]) if all(len(row.cells) == len(columns) for row in rows) else None


def _aligned(block: Lines) -> Table | None:
    """Columns separated by places that are blank in every line; else by words, where each row has as many as the header."""
    header = block[0][1].rstrip()
    words = header.split()
    if len(block) < 2 or len(words) < 2 or any(_numeric(word) for word in words) or re.search(r"[=;,]|\S:\s", header):
        return None
    for table in (_by_gutters(block), _by_words(block, words)):
        if table and len(table.columns) * 2 >= len(words) and len(table.columns) >= 2 and _is_table(table, words):
            return table
    return None


def _by_gutters(block: Lines) -> Table | None:
    texts = [line[:WIDEST] for _, line in block[: MOST_ROWS + 1]]
    header = texts[0]
    last = len(header.rstrip()) - len(header.rstrip().split()[-1])
    blank = [all(len(text) <= place or text[place] == " " for text in texts) for place in range(len(header))]
    bounds, inside = [], False
    for place, is_blank in enumerate(blank):
        if not is_blank and not inside and place <= last:
            bounds.append(place)
        inside = not is_blank
    bounds = [bound for number, bound in enumerate(bounds) if number == 0 or header[bound : _end(bounds, number, header)].strip()]
    if len(bounds) < 2:
        return None
    spans = [slice(bound, bounds[number + 1] if number + 1 < len(bounds) else None) for number, bound in enumerate(bounds)]
    spans[0] = slice(0, spans[0].stop)
    columns = tuple(header[span].strip() for span in spans)
    rows = [Row(number, tuple(line[:WIDEST][span].strip() for span in spans)) for number, line in block[1 : MOST_ROWS + 1]]
    return Table(columns, tuple(rows), block[0][0])


def _end(bounds: list[int], number: int, header: str) -> int:
    return bounds[number + 1] if number + 1 < len(bounds) else len(header)


def _by_words(block: Lines, words: list[str]) -> Table | None:
    rows = [Row(number, tuple(line[:WIDEST].split(None, len(words) - 1))) for number, line in block[1 : MOST_ROWS + 1]]
    rows = [row for row in rows if len(row.cells) == len(words)]
    return Table(tuple(words), tuple(rows), block[0][0]) if len(rows) * 2 > len(block) - 1 else None


def _is_table(table: Table, words: list[str]) -> bool:
    """Prose has no column whose cells are all single words or numbers under a heading; a table has most."""
    compact = sum(all(len(cell.split()) <= 2 for cell in table.column(number)) for number in range(len(table.columns)))
    heading = sum(word.upper() == word or word.istitle() or "_" in word for word in words) * 2 >= len(words)
    return compact * 2 >= len(table.columns) and (heading or len(table.columns) >= 3)


def _numeric(text: str) -> bool:
    return re.fullmatch(r"[-+]?\d[\d.,:%]*\w?", text) is not None
