"""JSON, with the line of every value. A scan of tokens finds lines, keys set twice, common mistakes; the standard parser the rest."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from faultmaven_events.consumers.process.config.entry import MOST_ENTRIES, Entry, Problem, Reading, last_line, within

MOST_CHECKED: Final = 20_000_000
"""Characters up to which the standard parser checks the whole text; the scan stops at `MOST_ENTRIES` values either way."""
DEEPEST: Final = 200
_TOKEN: Final = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/|[{}\[\],:\n]|[^\s{}\[\],:"/]+|["/]')
_MOST_PROBLEMS: Final = 10
_COMMENT: Final = ("//", "/*")


def read_json(text: str) -> Reading:
    """Read one JSON value; where it is none, say where, and keep what stands before."""
    text = text.removeprefix("\ufeff")
    scan = _Scan()
    entries, truncated = within(MOST_ENTRIES, _entries(text, scan))
    if len(text) > MOST_CHECKED:
        truncated = (*truncated, f"over {MOST_CHECKED} characters: syntax not checked")
    elif not scan.too_deep and (problem := _fault(text)):
        known = {(told.line, told.rule) for told in scan.problems}
        if not scan.broken:
            scan.problems += [problem] if (problem.line, problem.rule) not in known else []
    return Reading(entries, tuple(scan.problems[:_MOST_PROBLEMS]), truncated)


def _fault(text: str) -> Problem | None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return Problem("json-syntax", f"JSON syntax error: {error.msg}.", min(error.lineno, last_line(text)), error.colno)
    except RecursionError:
        return Problem("json-depth", "The JSON is nested too deeply to be read.", 1)
    except ValueError:  # a number of more digits than Python converts
        return Problem("json-value", "The JSON holds a number that is too long to be read.", 1)
    return None


@dataclass(slots=True)
class _Level:
    path: str
    is_list: bool
    line: int
    column: int
    key: str = ""
    number: int = 0
    keys: dict[str, int] = field(default_factory=dict)

    def place(self) -> str:
        if self.is_list:
            return f"{self.path}[{self.number}]"
        return f"{self.path}.{self.key}" if self.path else self.key


@dataclass(slots=True)
class _Scan:
    problems: list[Problem] = field(default_factory=list)
    broken: bool = False
    """Whether a problem explains why the parser fails."""
    too_deep: bool = False

    def fault(self, text: str, line: int, column: int, fix: str) -> None:
        self.broken = True
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(Problem("json-syntax", f"JSON syntax error: {text}", line, column, fix=fix))


def _entries(text: str, scan: _Scan) -> Iterator[Entry]:  # noqa: C901, PLR0912 - one case per kind of token
    levels: list[_Level] = []
    line, line_start, before = 1, 0, ""
    pending: Entry | None = None
    for match in _TOKEN.finditer(text):
        piece, column = match[0], match.start() - line_start + 1
        if piece == "\n":
            line, line_start = line + 1, match.end()
            continue
        if piece.startswith(_COMMENT):
            scan.fault("JSON has no comments.", line, column, "Delete the comment.")
            if "\n" in piece:
                line, line_start = line + piece.count("\n"), match.start() + piece.rindex("\n") + 1
            continue
        if piece in "{[":
            if len(levels) >= DEEPEST:
                scan.too_deep = True
                scan.problems.append(Problem("json-depth", "The JSON is nested too deeply to be read.", line, column))
                return
            levels.append(_Level(levels[-1].place() if levels else "", piece == "[", line, column))
        elif piece in "}],":
            if pending is not None:
                yield pending
                pending = None
            if piece == ",":
                if levels:
                    levels[-1].number += 1
            elif not levels or levels[-1].is_list != (piece == "]"):
                scan.fault(f"this {piece} closes nothing that was opened.", line, column, "Delete it, or open what it closes.")
                return
            else:
                if before == ",":
                    scan.fault(f"a comma stands before this {piece}.", line, column, "Delete the comma.")
                levels.pop()
        elif piece == ":":
            if pending is not None and levels:
                _keyed(levels[-1], pending, line, scan)
                pending = None
        else:
            if pending is not None and before not in {",", ":"}:
                scan.fault("a comma is missing before this value.", line, column, "Put a comma after the value before.")
            pending = Entry(levels[-1].place() if levels else "value", _value(piece), line)
        before = piece
    if pending is not None:
        yield pending
    if levels and not scan.broken:
        kind = "[" if levels[-1].is_list else "{"
        scan.fault(f"this {kind} is not closed.", levels[-1].line, levels[-1].column, "Close it.")


def _keyed(level: _Level, key: Entry, line: int, scan: _Scan) -> None:
    level.key = key.value
    if key.value in level.keys and not level.is_list and len(scan.problems) < _MOST_PROBLEMS:
        text = f"The key {level.place()} is set twice, on line {level.keys[key.value]} and on line {line}; most readers take the last."
        scan.problems.append(Problem("duplicate-key", text, line, 1, fix="Delete one of them."))
    level.keys[key.value] = line


def _value(piece: str) -> str:
    if len(piece) < 2 or piece[0] != '"':
        return piece
    try:
        return str(json.loads(piece, strict=False))
    except ValueError:
        return piece.strip('"')
