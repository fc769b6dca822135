"""What a picture is, by its header: its size in pixels. The picture itself is not kept: it may show what nobody may see."""

import re
from collections.abc import Callable
from typing import Final

_SOF: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""Markers of JPEG that begin a frame (ITU-T T.81, table B.1)."""
_MARKERS: Final = 1_000


def described(form: str, head: bytes, size: int) -> str:
    """Return the text that takes the place of a picture of `size` bytes.

    Formats: PNG (W3C), GIF89a, JPEG (ITU-T T.81), WebP (RFC 9649); of others the size in pixels is not said.
    """
    measure = _MEASURES.get(form)
    measured = measure(head) if measure else None
    pixels = f", {measured[0]} x {measured[1]} pixels" if measured else ""
    return f"picture {form}{pixels}, {size:,} bytes\nnot analysed: no text is read from pictures; the picture itself was not kept\n"


def _png(head: bytes) -> tuple[int, int] | None:
    return (_big(head[16:20]), _big(head[20:24])) if head[12:16] == b"IHDR" and len(head) >= 24 else None


def _gif(head: bytes) -> tuple[int, int] | None:
    return (_little(head[6:8]), _little(head[8:10])) if len(head) >= 10 else None


def _webp(head: bytes) -> tuple[int, int] | None:
    kind, body = head[12:16], head[20:30]
    if len(body) < 10:
        return None
    if kind == b"VP8X":
        return _little(body[4:7]) + 1, _little(body[7:10]) + 1
    if kind == b"VP8L":
        bits = _little(body[1:5])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return (_little(body[6:8]) & 0x3FFF, _little(body[8:10]) & 0x3FFF) if kind == b"VP8 " else None


def _jpeg(head: bytes) -> tuple[int, int] | None:
    at = 2
    for _ in range(_MARKERS):
        found = re.compile(rb"\xff+([\x01-\xfe])").match(head, at)
        if found is None:
            return None
        marker, at = found[1][0], found.end()
        if marker in _SOF and len(head) >= at + 7:
            return _big(head[at + 5 : at + 7]), _big(head[at + 3 : at + 5])
        at += _big(head[at : at + 2])
    return None


def _big(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")


_MEASURES: Final[dict[str, Callable[[bytes], tuple[int, int] | None]]] = {"png": _png, "gif": _gif, "webp": _webp, "jpeg": _jpeg}
