"""Kubernetes Secrets, whose values are secret under any key: `data:` and `stringData:` in YAML and JSON.

What belongs to one object is told by the indentation, which both of them have when people and `kubectl` write them.
"""

import re
from collections.abc import Iterator
from typing import Final

from faultmaven_events.consumers.sanitize import plausible
from faultmaven_events.consumers.sanitize.finding import Finding

TYPE: Final = "SECRET_KUBERNETES"
KIND: Final = re.compile(r"(?P<indent>[ ]{0,60}(?:- )?)\"?kind\"?:[ ]?[\"']?Secret[\"']?,?\s*$")
DATA: Final = re.compile(r"[ ]{0,60}(?:- )?\"?(?:data|stringData)\"?:\s*\{?\s*$")
ENTRY: Final = re.compile(r"\s*\"?[\w.-]{1,253}\"?:[ ]+(?P<q>[\"']?)(?P<value>[^\s\"'|>{}].*?)(?P=q),?\s*$")
REST: Final = re.compile(r"\s*(?P<value>\S.*?)\s*$")
BLOCK: Final = re.compile(r"\s*\"?[\w.-]{1,253}\"?:[ ]+[|>][+-]?\d?\s*$")
INLINE: Final = re.compile(r"\\{0,3}\"(?:data|stringData)\\{0,3}\"\s?:\s?\{(?P<map>[^{}]{1,100000})\}")
INLINE_KIND: Final = re.compile(r"\\{0,3}\"kind\\{0,3}\"\s?:\s?\\{0,3}\"Secret\\{0,3}\"")
INLINE_ENTRY: Final = re.compile(r"\\{0,3}\"[\w.-]{1,253}\\{0,3}\"\s?:\s?\\{0,3}\"(?P<value>[^\"\\]+)")
LONGEST: Final = 5000
"""Lines of one object at most."""


def blocks(lines: list[str]) -> dict[int, list[Finding]]:
    """Return the findings of each line inside a Secret's data, by the line's index; keys and line structure stay."""
    found: dict[int, list[Finding]] = {}
    walked: dict[int, int] = {}  # by indentation, the last line of an object that was looked at: none is looked at twice
    for number, line in enumerate(lines):
        if "Secret" in line and (match := KIND.match(line)) and number > walked.get(indent := len(match.group("indent")), -1):
            places, walked[indent] = _object(lines, number, indent, walked.get(indent, -1))
            for place in places:
                for where, finding in _data(lines, place):
                    found.setdefault(where, [finding])
    return found


def inline(line: str) -> Iterator[Finding]:
    """Find the values of a Secret that stands on one line as JSON, also inside an annotation."""
    if INLINE_KIND.search(line):
        for match in INLINE.finditer(line):
            for entry in INLINE_ENTRY.finditer(line, match.start("map"), match.end("map")):
                if _secret(entry.group("value")):
                    yield Finding(entry.start("value"), entry.end("value"), TYPE)


def _object(lines: list[str], number: int, indent: int, after: int) -> tuple[list[int], int]:
    """Return the numbers of the `data` lines of the object in which line `number` says what it is, and the object's last line."""
    first = last = number
    while first - 1 > after and number - first < LONGEST and _within(lines[first - 1], indent) and not _begins(lines[first], indent):
        first -= 1
    while last + 1 < len(lines) and last - number < LONGEST and _within(lines[last + 1], indent) and not _begins(lines[last + 1], indent):
        last += 1
    data = [place for place in range(first, last + 1) if column(lines[place]) == indent and DATA.match(lines[place])]
    return data, last


def _begins(line: str, indent: int) -> bool:
    """Say whether a line begins an item of a list of objects."""
    return line.lstrip(" ").startswith("- ") and column(line) == indent


def _within(line: str, indent: int) -> bool:
    return not line.strip() or (column(line) >= indent and not line.startswith("---"))


def column(line: str) -> int:
    """Return the column in which a line's key begins."""
    bare = line.lstrip(" ")
    return len(line) - len(bare) + (2 if bare.startswith("- ") else 0)


def _data(lines: list[str], number: int) -> Iterator[tuple[int, Finding]]:
    indent = column(lines[number])
    block = -1
    for place in range(number + 1, min(number + LONGEST, len(lines))):
        line = lines[place]
        if not line.strip():
            continue
        if column(line) <= indent or DATA.match(line):
            return
        match = REST.match(line) if block >= 0 and column(line) > block else ENTRY.match(line)
        block = block if block >= 0 and column(line) > block else column(line) if BLOCK.match(line) else -1
        if match is not None and _secret(match.group("value")):
            yield place, Finding(match.start("value"), match.end("value"), TYPE)


def _secret(value: str) -> bool:
    return not plausible.nothing(value)
