"""Pieces of a text that can be sanitized each on its own, with the same result as the whole.

Cuts depend on the text alone, not on the sizes in which it arrives.
"""

import re
from collections.abc import Iterator
from typing import Final

SIZE: Final = 1 << 20
"""Characters of a piece at most, unless one line is longer."""
LOOKBACK: Final = 500
"""Lines that are looked at for a better place to cut: more than the longest PEM block."""
ANNOUNCES: Final = re.compile(r"[:=>|+,\"'-]\s*$|\bname\b.*$", re.IGNORECASE)
"""The end of a line whose secret may stand on the next one."""


class Chunks:
    """Takes a text bit by bit, gives out pieces that end at a line's end where no key's value or PEM block is cut apart."""

    def __init__(self, size: int = SIZE) -> None:
        self._size, self._buffer = size, ""

    def feed(self, text: str) -> Iterator[str]:
        """Take more text; yield the pieces that are complete."""
        self._buffer += text
        while len(self._buffer) > self._size:
            end = _cut(self._buffer, self._size)
            if end is None:
                return
            yield self._buffer[:end]
            self._buffer = self._buffer[end:]

    def rest(self) -> str:
        """Return the last piece, which may be empty."""
        rest, self._buffer = self._buffer, ""
        return rest


def _cut(text: str, size: int) -> int | None:
    """Return where to cut, None when a line's end has yet to come."""
    latest = text.rfind("\n", 0, size) + 1
    if latest == 0:
        return text.find("\n", size) + 1 or None
    end = latest
    begin = text.rfind("-----BEGIN ", 0, latest)
    if begin >= 0 and text.find("-----END ", begin, latest) < 0 and text.count("\n", begin, latest) < LOOKBACK:
        end = text.rfind("\n", 0, begin) + 1
    for _ in range(LOOKBACK):
        before = text.rfind("\n", 0, max(0, end - 1)) + 1
        if end == 0 or not ANNOUNCES.search(text[before:end]):
            break
        end = before
    return end or latest
