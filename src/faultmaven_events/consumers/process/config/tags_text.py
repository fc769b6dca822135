"""Apache httpd: directives in sections that look like tags. Braces that are missing or crossed are reported; names may be of any module."""

import re
from collections.abc import Iterator
from typing import Final

from faultmaven_events.consumers.process.config.entry import MOST_ENTRIES, Entry, Problem, Reading, joined, unquoted, within

_OPEN: Final = re.compile(r"^<([A-Za-z]\w{1,40})(?:\s+([^>]*))?(>?)\s*$")
_CLOSE: Final = re.compile(r"^</([A-Za-z]\w{1,40})\s*(>?)\s*$")
DEEPEST: Final = 60
_LINE_LIMIT: Final = 4_000


def read_apache(text: str) -> Reading:
    """Read directives; `VirtualHost *:80` and the like become parts of the path."""
    problems: list[Problem] = []
    entries, truncated = within(MOST_ENTRIES, _entries(text, problems))
    return Reading(entries, tuple(problems[:20]), truncated)


def _entries(text: str, problems: list[Problem]) -> Iterator[Entry]:
    stack: list[tuple[str, str, int]] = []
    for number, line in _logical(text):
        if opened := _OPEN.match(line):
            if not opened[3]:
                problems.append(Problem("apache-syntax", f"The section <{opened[1]} is not closed by `>`.", number, len(line)))
            if len(stack) < DEEPEST:
                stack.append((opened[1], joined_words(opened[1], opened[2]), number))
        elif closed := _CLOSE.match(line):
            _close(stack, closed[1], number, problems)
        else:
            key, _, value = line.partition(" ") if " " in line else line.partition("\t")
            if line.count('"') % 2 and not line.endswith("\\"):
                problems.append(Problem("apache-syntax", f"A quote of {key} is not closed.", number, line.rfind('"') + 1))
            yield Entry(joined(*(name for _, name, _ in stack), key), unquoted(value), number)
    for name, _, number in stack[:3]:
        problems.append(Problem("apache-syntax", f"The section <{name}> is not closed.", number, 1, fix=f"Add </{name}>."))


def joined_words(name: str, arguments: str | None) -> str:
    """`Location /a` of a tag's name and its arguments; dots would end the part of a path."""
    return " ".join([name, *(unquoted(word) for word in (arguments or "").split()[:4])]).replace(".", "·")


def _close(stack: list[tuple[str, str, int]], name: str, number: int, problems: list[Problem]) -> None:
    if not stack or all(one.lower() != name.lower() for one, _, _ in stack):
        problems.append(Problem("apache-syntax", f"</{name}> closes a section that was not opened.", number, 1))
        return
    if stack[-1][0].lower() != name.lower():
        text = f"</{name}> stands where </{stack[-1][0]}> of line {stack[-1][2]} belongs."
        problems.append(Problem("apache-syntax", text, number, 1, fix=f"Close <{stack[-1][0]}> first."))
    while stack and stack.pop()[0].lower() != name.lower():
        pass


def _logical(text: str) -> Iterator[tuple[int, str]]:
    """Lines without comments, those that end in a backslash joined, each with the number of its first line."""
    held, start = "", 0
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw[:_LINE_LIMIT].strip()
        if not held and (not line or line.startswith("#")):
            continue
        start = start if held else number
        held = f"{held} {line}".strip()[: _LINE_LIMIT * 4]
        if held.endswith("\\"):
            held = held[:-1].rstrip() or " "
            continue
        yield start, held
        held = ""
