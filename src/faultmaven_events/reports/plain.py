"""Values as they may be shown: on one line, without characters that steer a terminal or turn text around, cut where they are long."""

import re
from datetime import UTC, datetime
from typing import Final

LONG: Final = 1200
"""Characters of a sentence that are shown."""
LINE: Final = 400
"""Of a line of evidence."""
_STEERING: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Control characters, those that turn the direction of writing, invisible ones, and what XML may not hold."""
_BREAK: Final = re.compile("[\t-\r\x85]")
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
_UNITS: Final = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def plain(text: str, limit: int = LONG, *, exact: bool = False) -> str:
    """Return a value on one line: each character that is not to be shown as one replacement character, and what is over `limit` said.

    Runs of white space become one space, but where it is `exact`.
    """
    more = max(len(text) - 4 * limit, 0)  # so that a value of any size costs the same
    text = _BREAK.sub(" ", text[: 4 * limit]) if exact else " ".join(text[: 4 * limit].split())
    text = _STEERING.sub(_REPLACEMENT, text)
    more += max(len(text) - limit, 0)
    return f"{text[:limit].rstrip()} [… {more} more characters]" if more else text


def utc(at: datetime) -> datetime:
    """Return a time in UTC; one without a zone is in UTC already."""
    if at.tzinfo is None:
        return at.replace(tzinfo=UTC)
    try:
        return at.astimezone(UTC)
    except OverflowError:  # the first and the last hours of the calendar
        return at.replace(tzinfo=UTC)


def stamp(at: datetime) -> str:
    """Return a time as `2026-11-20T05:26:42Z`."""
    return utc(at).isoformat(timespec="seconds").replace("+00:00", "Z")


def span(seconds: float) -> str:
    """Return a duration in its two largest units: `1 min 47 s`, `2 h`, `3 d 4 h`; below ten seconds with one decimal."""
    if abs(seconds) < 10 and seconds != round(seconds):
        return f"{seconds:.1f} s"
    left, found = round(abs(seconds)), list[str]()
    for size, unit in _UNITS:
        if left >= size and len(found) < 2:
            found.append(f"{left // size} {unit}")
        left %= size
    return ("-" if seconds < 0 else "") + (" ".join(found) or "0 s")
