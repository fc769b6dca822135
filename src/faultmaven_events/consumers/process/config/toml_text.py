"""TOML, with the line of every value."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

from faultmaven_events.consumers.process.config.entry import MOST_ENTRIES, Entry, Problem, Reading, joined, within

_HEADER = re.compile(r"^\s*\[(\[?)\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"^\s*([A-Za-z0-9_.\-\"' ]+?)\s*=")
_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)")


def read_toml(text: str) -> Reading:
    """Read a document; where it is no TOML, say where."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _PLACE.search(str(error))
        last = max(1, text.count("\n") + (not text.endswith("\n")))
        line, column = (min(int(place[1]), last), int(place[2])) if place else (last, None)
        return Reading((), (Problem("toml-syntax", f"TOML syntax error: {_PLACE.sub('', str(error)).strip()}.", line, column),))
    except (RecursionError, ValueError):
        return Reading((), (Problem("toml-value", "The TOML is nested too deeply or holds a number that is too long.", 1),))
    lines = _lines_of_keys(text)
    entries, truncated = within(MOST_ENTRIES, _entries(document, "", lines, 1))
    return Reading(entries, (), truncated)


def _lines_of_keys(text: str) -> dict[str, int]:
    """Line of every table and key. A key inside a multi-line string may slip in, and then names no value of the document."""
    found: dict[str, int] = {}
    counts: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.match(line):
            table = _plain(header[2])
            if header[1]:
                counts[table] = counts.get(table, -1) + 1
                table = f"{table}[{counts[table]}]"
            found.setdefault(table, number)
        elif key := _KEY.match(line[:500]):
            found.setdefault(joined(table, _plain(key[1])), number)
    return found


def _plain(path: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in path.split("."))


def _entries(value: Any, path: str, lines: dict[str, int], line: int) -> Iterator[Entry]:
    line = lines.get(path, line)
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _entries(item, joined(path, str(key)), lines, line)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _entries(item, f"{path}[{number}]", lines, line)
    else:
        yield Entry(path, str(value).lower() if isinstance(value, bool) else str(value), line)
