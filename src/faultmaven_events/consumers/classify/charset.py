"""Which character set a text is in: byte order marks and UTF-8 by looking, anything else by charset-normalizer on a bounded sample."""

import codecs
import re
from typing import Final

MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
CANDIDATES: Final = (
    "cp1252", "latin_1", "iso8859_2", "iso8859_15", "cp1250", "cp1251", "koi8_r", "cp1253", "cp1254", "cp1255", "cp1256",
    "cp437", "cp850", "mac_roman", "shift_jis", "euc_jp", "euc_kr", "gb18030", "big5",
)  # fmt: skip
"""All of them leave ASCII, and so the line ends, where they are."""
WIDE: Final = frozenset({"utf-16", "utf-16-le", "utf-16-be", "utf-32"})
"""Charsets whose line ends are not one byte: their text is rewritten as UTF-8."""
SAMPLE: Final = 16_384
STRAY: Final = 0.002
"""A text is still UTF-8 when at most this share of its bytes is not."""
_CONTROL: Final = re.compile(rb"[\x00-\x07\x0e-\x1a\x1c-\x1f\x7f]")
_HOLE: Final = re.compile(rb"\x00{16,}")
_HIGH: Final = re.compile(rb"[\x80-\xff]")


def charset(head: bytes) -> str | None:
    """Return the name of the charset as `codecs` knows it; None when the bytes are no text.

    A few stray bytes are tolerated, and so are runs of NUL: a log that was truncated while a process kept writing begins with one.
    """
    for mark, name in MARKS:
        if head.startswith(mark):
            return name
    if wide := _wide(head):
        return wide
    dense = _HOLE.sub(b"", head)
    if len(_CONTROL.findall(dense)) > max(len(dense) * 0.02, 0 if len(dense) < 64 else 2):  # an expression, not a key function
        return None
    if _is_utf8(dense):
        return "utf-8"
    return _guess(dense)


def _wide(head: bytes) -> str | None:
    even, odd, half = head[0:512:2].count(0), head[1:512:2].count(0), min(len(head), 512) // 2
    if half >= 4 and odd > half * 0.6 and even < half * 0.1:
        return "utf-16-le"
    if half >= 4 and even > half * 0.6 and odd < half * 0.1:
        return "utf-16-be"
    return None


def _is_utf8(data: bytes) -> bool:
    text = data[:-4].decode("utf-8", "replace") if len(data) > 256 else data.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    return wrong == 0 or (len(data) > 2000 and wrong <= len(data) * STRAY and any(ord(c) > 0x7F and c != "\ufffd" for c in text[:100_000]))


def _guess(data: bytes) -> str:
    from charset_normalizer import from_bytes

    first = _HIGH.search(data)
    start = max(0, (first.start() if first else 0) - SAMPLE // 2)
    best = from_bytes(
        data[start : start + SAMPLE], cp_isolation=list(CANDIDATES), steps=4, chunk_size=512, preemptive_behaviour=False
    ).best()
    return best.encoding.replace("_", "-") if best else "latin-1"
