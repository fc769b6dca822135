"""Bytes into lines as they arrive: memory is that of one piece and one line, whatever the size of the file."""

import hashlib
import time
from collections.abc import Iterable, Iterator
from typing import Final

LINE_LIMIT: Final = 1 << 20
"""Bytes of a line that are kept whole."""
KEPT: Final = 1 << 17
"""Bytes that are kept of a longer one."""


WHOLE_LIMIT: Final = 64 << 20
"""Bytes of a file of a type that is read as one text: a longer one is read up to there."""
_LOOK: Final = 4_096


class LongLine(str):
    """The beginning of a line over `LINE_LIMIT`; `sha256` is that of the whole line."""

    sha256: str
    __slots__ = ("sha256",)


def lines_of(pieces: bytes | Iterable[bytes]) -> Iterator[str]:
    """Yield the lines without LF; a CR stays. The empty rest after the last LF is no line; what is not UTF-8 is U+FFFD."""
    rest = b""
    long: _Long | None = None
    for piece in _slices(pieces) if isinstance(pieces, bytes) else pieces:
        if long is not None:
            end = piece.find(b"\n")
            long.add(piece if end < 0 else piece[:end])
            if end < 0:
                continue
            yield long.line()
            long, piece = None, piece[end + 1 :]  # noqa: PLW2901 # what is left of it
        whole, end_of_line, rest = (rest + piece).rpartition(b"\n")
        if end_of_line:
            yield from _lines(whole)
        if len(rest) > LINE_LIMIT:
            long, rest = _Long(rest), b""
    if long is not None:
        yield long.line()
    elif rest:
        yield from _lines(rest)


def _slices(data: bytes) -> Iterator[bytes]:
    return (data[start : start + KEPT] for start in range(0, len(data), KEPT))


class Timed:
    """Lines until the time is over; `over` says whether that was before their end."""

    def __init__(self, lines: Iterable[str], seconds: float) -> None:
        self._lines, self._ends = lines, time.monotonic() + seconds
        self.over = False

    def __iter__(self) -> Iterator[str]:
        for number, line in enumerate(self._lines, 1):
            yield line
            if number % _LOOK == 0 and time.monotonic() > self._ends:
                self.over = True
                return


def beginning(pieces: bytes | Iterable[bytes], limit: int = WHOLE_LIMIT) -> tuple[str, bool]:
    """Return a text, of one over `limit` bytes the whole lines up to there, and whether that is all of it."""
    kept = bytearray()
    for piece in (pieces,) if isinstance(pieces, bytes) else pieces:
        kept += piece
        if len(kept) > limit:
            del kept[kept.rfind(b"\n", 0, limit) + 1 or limit :]
            return kept.decode("utf-8", "replace"), False
    return kept.decode("utf-8", "replace"), True


def _lines(whole: bytes) -> Iterator[str]:
    """Return the lines of whole ones; one of them that is too long by itself is cut as any other."""
    lines = whole.decode("utf-8", "replace").split("\n")
    if len(whole) <= LINE_LIMIT or max(map(len, lines)) <= LINE_LIMIT // 4:
        return iter(lines)
    return (_Long(line.encode()).line() if len(line.encode()) > LINE_LIMIT else line for line in lines)


class _Long:
    """A line that is too long, as it comes in."""

    def __init__(self, first: bytes) -> None:
        self._kept = first[:KEPT]
        self._digest = hashlib.sha256(first)

    def add(self, more: bytes) -> None:
        self._digest.update(more)

    def line(self) -> LongLine:
        line = LongLine(self._kept.decode("utf-8", "replace"))
        line.sha256 = self._digest.hexdigest()
        return line
