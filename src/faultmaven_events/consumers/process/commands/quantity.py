"""Numbers and times as commands print them."""

import re
from datetime import UTC, datetime

_NUMBER = re.compile(r"^([-+]?\d{1,18}(?:\.\d{1,9})?)\s*(%|[kKMGTP]i?[bB]?|[bB]|ms|s|min|h)?$")
_SCALE = {"k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "p": 1e15}
_ISO = re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?")
_MONTHS = {
    name: number
    for number, name in enumerate(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], start=1)
}
_DATE = re.compile(
    r"\b(?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2}) (?P<time>\d\d:\d\d:\d\d)(?: (?P<half>[AP]M))?(?: [A-Z]{1,5})? (?P<year>\d{4})\b"
)
_DAY_FIRST = re.compile(r"\b(?P<day>\d{1,2}) (?P<month>[A-Z][a-z]{2}) (?P<year>\d{4}) (?P<time>\d\d:\d\d:\d\d)(?: (?P<half>[AP]M))?")


def quantity(text: str) -> float | None:
    """The number of a cell, with its unit taken in (`64.07M` is 64,070,000; a percent sign is dropped); None when it is none."""
    match = _NUMBER.match(text.strip().replace(",", ""))
    if match is None:
        return None
    unit = (match[2] or "").lower()
    factor = 1024 ** ("kmgtp".index(unit[0]) + 1) if unit[1:2] == "i" else _SCALE.get(unit[:1], 1.0) if unit not in {"ms", "min"} else 1.0
    return float(match[1]) * factor


def time_in(text: str) -> datetime | None:
    """The first full time in a text, in UTC; a time without a zone counts as UTC. Knows ISO 8601, `date` and openssl."""
    text = text[:500]
    try:
        if iso := _ISO.search(text):
            at = datetime.fromisoformat(iso[0].replace(",", "."))
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
        if (date := _DATE.search(text) or _DAY_FIRST.search(text)) and date["month"] in _MONTHS:
            at = datetime.fromisoformat(f"{date['year']}-{_MONTHS[date['month']]:02}-{int(date['day']):02}T{date['time']}+00:00")
            return at.replace(hour=at.hour % 12 + 12 * (date["half"] == "PM")) if date["half"] else at
    except (ValueError, OverflowError):
        return None
    return None
