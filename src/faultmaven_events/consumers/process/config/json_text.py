"""JSON, with the line of every value (the standard parser checks it; a scan of its tokens finds the lines)."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from faultmaven_events.consumers.process.config.entry import MOST_ENTRIES, Entry, Problem, Reading, within

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:\n]|[^\s{}\[\],:"]+')


def read_json(text: str) -> Reading:
    """Read one JSON value; where it is none, say where."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        last = max(1, text.count("\n") + (not text.endswith("\n")))
        return Reading((), (Problem("json-syntax", f"JSON syntax error: {error.msg}.", min(error.lineno, last), error.colno),))
    except RecursionError:
        return Reading((), (Problem("json-depth", "The JSON is nested too deeply to be read.", 1),))
    except ValueError:  # a number of more digits than Python converts
        return Reading((), (Problem("json-value", "The JSON holds a number that is too long to be read.", 1),))
    entries, truncated = within(MOST_ENTRIES, _entries(text))
    return Reading(entries, (), truncated)


@dataclass(slots=True)
class _Level:
    path: str
    is_list: bool
    key: str = ""
    number: int = 0

    def place(self) -> str:
        if self.is_list:
            return f"{self.path}[{self.number}]"
        return f"{self.path}.{self.key}" if self.path else self.key


def _entries(text: str) -> Iterator[Entry]:  # noqa: C901 - one case per kind of token
    """Walk the tokens of a text that is known to be JSON."""
    levels: list[_Level] = []
    line, pending = 1, None
    for match in _TOKEN.finditer(text):
        piece = match[0]
        if piece == "\n":
            line += 1
        elif piece in "{[":
            levels.append(_Level(levels[-1].place() if levels else "", piece == "["))
        elif piece in "}]":
            if pending is not None:
                yield pending
                pending = None
            levels.pop()
        elif piece == ",":
            if pending is not None:
                yield pending
                pending = None
            levels[-1].number += 1
        elif piece == ":":
            if pending is not None:
                levels[-1].key = pending.value
                pending = None
        else:
            value = json.loads(piece) if piece[0] == '"' else piece
            pending = Entry(levels[-1].place() if levels else "value", value, line)
    if pending is not None:
        yield pending
