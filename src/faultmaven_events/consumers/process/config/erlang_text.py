"""Erlang terms, as advanced.config of RabbitMQ holds them (`[{rabbit, [{key, value}]}]` and a dot)."""

import re
from collections.abc import Iterator
from typing import Final

from faultmaven_events.consumers.process.config.entry import MOST_ENTRIES, Entry, Problem, Reading, joined, last_line, within

_PIECE: Final = re.compile(
    r'%[^\n]*|"(?:[^"\\]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|<<|>>|[\[\]{}(),|\n]|\.(?=\s|$)|#?[^\s\[\]{}(),|"\'%<>]+|[<>"\']'
)
_ENDS: Final = {"]": "[", "}": "{", ")": "(", ">>": "<<"}
DEEPEST: Final = 100


def read_erlang(text: str) -> Reading:
    """Read `{key, value}` pairs, nested lists as parts of the path; brackets and the final dot are checked."""
    problems: list[Problem] = []
    entries, truncated = within(MOST_ENTRIES, _entries(text, problems))
    return Reading(entries, tuple(problems[:10]), truncated)


def _entries(text: str, problems: list[Problem]) -> Iterator[Entry]:  # noqa: C901, PLR0912 - one case per kind of piece
    opened: list[tuple[str, int, int]] = []
    names: list[list[str]] = []
    line, line_start, ended, before = 1, 0, False, ""
    for match in _PIECE.finditer(text):
        piece, column = match[0], match.start() - line_start + 1
        if piece == "\n":
            line, line_start = line + 1, match.end()
            continue
        if piece.startswith("%"):
            continue
        if piece in ("[", "{", "(", "<<"):
            if len(opened) >= DEEPEST:
                problems.append(Problem("erlang-depth", "The terms are nested too deeply to be read.", line, column))
                return
            opened.append((piece, line, column))
            names.append([])
        elif piece in _ENDS:
            if before == ",":
                problems.append(Problem("erlang-syntax", "A comma stands before a closing bracket.", line, column, fix="Delete the comma."))
            if not opened or opened[-1][0] != _ENDS[piece]:
                problems.append(Problem("erlang-syntax", f"This {piece} closes nothing that was opened.", line, column))
                return
            kind, words = opened.pop()[0], names.pop()
            if kind == "{" and len(words) >= 2:
                path = [one[0] for one in names if one]
                yield Entry(joined(*path, words[0]), " ".join(words[1:])[:500], line)
        elif piece == ".":
            ended = not opened
        elif piece not in {",", "|"}:
            if names:
                names[-1].append(piece.strip("\"'"))
            line, line_start = line + piece.count("\n"), match.start() + piece.rfind("\n") + 1 if "\n" in piece else line_start
        before = piece
    if opened:
        problems.append(Problem("erlang-syntax", f"This {opened[-1][0]} is not closed.", opened[-1][1], opened[-1][2]))
    elif not ended and text.strip():
        problems.append(
            Problem("erlang-syntax", "The terms do not end with a dot.", last_line(text), None, fix="Put a dot after the last bracket.")
        )
