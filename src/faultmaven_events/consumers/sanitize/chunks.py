"""Pieces of a text that can be sanitized each on its own, with the same result as the whole.

Cuts depend on the text alone, not on the sizes in which it arrives.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final

from faultmaven_events.consumers.sanitize import grids, hanging, manifests, pem

SIZE: Final = 1 << 20
"""Characters of a piece at most, unless one line is longer, or one object."""
LARGER: Final = (1, 2, 4)
"""What belongs together and is longer than a piece makes it so many times larger; beyond that it is cut."""
LOOKBACK: Final = 500
"""Lines that are looked at for a better place to cut: more than the longest PEM block."""
ANNOUNCES: Final = re.compile(r"[:=>|+,\"'-]\s*$|\bname\b.*$", re.IGNORECASE)
"""The end of a line whose secret may stand on the next one."""
PUTTY: Final = re.compile(r"^Private-Lines: \d{1,3}\s*$", re.MULTILINE)
ROUNDS: Final = 8


class Chunks:
    """Takes a text bit by bit, gives out pieces that end at a line's end where nothing that belongs together is cut apart.

    That is a key and its value, a private key, an object that may be a Kubernetes Secret, a table with a ruled header.
    """

    def __init__(self, size: int = SIZE) -> None:
        self._size, self._buffer, self._level = size, "", 0

    def feed(self, text: str) -> Iterator[str]:
        """Take more text; yield the pieces that are complete."""
        self._buffer += text
        while (end := self._end()) is not None:
            yield self._buffer[:end]
            self._buffer, self._level = self._buffer[end:], 0

    def rest(self) -> str:
        """Return the last piece, which may be empty."""
        rest, self._buffer = self._buffer, ""
        return rest

    def _end(self) -> int | None:
        """Return where to cut, None when more of the text is needed to tell."""
        latest = None
        while self._level < len(LARGER) and len(self._buffer) > (size := self._size * LARGER[self._level]):
            latest = self._buffer.rfind("\n", 0, size) + 1
            if latest == 0:
                return self._buffer.find("\n", size) + 1 or None
            if end := _apart(self._buffer, latest):
                return end
            self._level += 1  # all of it belongs together
        return None if latest is None or self._level < len(LARGER) else _private_key(self._buffer, latest) or latest


def _apart(text: str, end: int) -> int:
    """Return the last place up to `end`, an end of a line, at which nothing is cut apart; 0 when there is none."""
    for _ in range(ROUNDS):
        before = end
        for step in STEPS:
            end = step(text, end)
        if end in {0, before}:
            break
    return end


def _before(text: str, end: int, most: int) -> Iterator[tuple[int, str]]:
    """Yield the lines up to `end`, the last one first, each with its start."""
    for _ in range(most):
        if end == 0:
            return
        start = text.rfind("\n", 0, end - 1) + 1
        yield start, text[start : end - 1]
        end = start


def _key(text: str, end: int) -> int:
    """Step back over keys that wait for a value, and over values of several lines; not at all where that never ends."""
    place = end
    for start, line in _before(text, end, LOOKBACK):
        if (ANNOUNCES.search(line) and pem.END not in line) or hanging.CONTINUED.match(line):
            place = start
        elif line.strip() and not hanging.INSIDE.match(line):
            return place
    return 0 if place == 0 else end


def _private_key(text: str, end: int) -> int:
    begin = text.rfind(pem.MARK, 0, end)
    if begin >= 0 and text.find(pem.END, begin, end) < 0 and text.count("\n", begin, end) < LOOKBACK:
        return text.rfind("\n", 0, begin) + 1
    counted = None
    for counted in PUTTY.finditer(text, max(0, end - 100 * LOOKBACK), end):  # noqa: B007 # the last one is wanted
        pass
    if counted and text.count("\n", counted.start(), end) <= int(counted.group().split()[1]):
        return counted.start()
    return end


def _object(text: str, end: int) -> int:
    """Step back to where an object begins that may be a Secret: what it is may stand on both sides of its data."""
    lowest, opened = 1 << 30, None
    last = end
    for start, line in _before(text, end, manifests.LONGEST):
        if not line.strip():
            continue
        indent = manifests.column(line)
        if opened is not None and (indent < opened or line.startswith("---")):
            return last  # the object above begins there
        if opened is None:
            if line.startswith("---"):
                return end
            lowest = min(lowest, indent)
            if indent == lowest and (manifests.KIND.match(line) or manifests.DATA.match(line)):
                opened = indent
        last = start
        if line.lstrip(" ").startswith("- "):
            if opened == indent:
                return start
            if indent == lowest:  # an item: what is above it at this indentation is another one
                lowest = indent - 1
    return end if opened is None else last


def _grid(text: str, end: int) -> int:
    """Step back to the header of a table."""
    ruled, place, last = False, end, None
    for start, line in _before(text, end, manifests.LONGEST):
        rule = "--" in line and grids.RULE.fullmatch(line[: grids.LONGEST]) is not None
        if not rule and "|" not in line:
            return place if ruled else end if last is None else last
        ruled, place, last = ruled or rule, start, start if last is None else last
    return place if ruled and place == 0 else end


STEPS: Final[tuple[Callable[[str, int], int], ...]] = (_private_key, _key, _object, _grid)
"""Each takes a text and an end of a line, and returns it or an earlier one at which what it looks for is not cut apart."""
