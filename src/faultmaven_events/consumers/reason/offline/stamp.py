"""When a line was written. One pass of one pattern; what a file leaves open (year, zone) is taken from its first known time."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

_MONTHS: Final = {
    name: number for number, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}
_STAMP: Final = re.compile(
    r"(?P<y>\d{4})[-/](?P<m>\d\d)[-/](?P<d>\d\d)[T ](?P<H>\d\d):(?P<M>\d\d):(?P<S>\d\d)(?:[.,](?P<f>\d{1,9}))?"
    r"(?P<z> ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d)\b)?"
    r"|(?P<d2>\d\d)/(?P<m2>[A-Z][a-z]{2})/(?P<y2>\d{4}):(?P<H2>\d\d):(?P<M2>\d\d):(?P<S2>\d\d)(?:\.(?P<f2>\d{1,9}))?(?P<z2> [+-]\d{4})?"
    r"|(?<!\d)(?P<d3>\d\d) (?P<m3>[A-Z][a-z]{2}) (?P<y3>\d{4}) (?P<H3>\d\d):(?P<M3>\d\d):(?P<S3>\d\d)(?:\.(?P<f3>\d{1,9}))?"
    r"|^(?P<m4>[A-Z][a-z]{2}) +(?P<d4>\d{1,2}) (?P<H4>\d\d):(?P<M4>\d\d):(?P<S4>\d\d)"
    r"|(?<![\d.])(?P<d6>\d\d)\.(?P<m6>\d\d)\.(?P<y6>\d{4}),? (?P<H6>\d\d):(?P<M6>\d\d):(?P<S6>\d\d)(?:[.,](?P<f6>\d{1,9}))?"
    r"|^[IWEF](?P<m7>\d\d)(?P<d7>\d\d) (?P<H7>\d\d):(?P<M7>\d\d):(?P<S7>\d\d)(?:\.(?P<f7>\d{1,9}))?"
    r"|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?P<m8>[A-Z][a-z]{2}) +(?P<d8>\d{1,2}) (?P<H8>\d\d):(?P<M8>\d\d):(?P<S8>\d\d)(?:\.\d{1,9})?"
    r"(?: UTC)? (?P<y8>\d{4})"
    r"|(?<![\d.])(?P<ms>1[5-9]\d{11})(?!\d)|(?<![\d.])(?P<s>1[5-9]\d{8})(?:\.(?P<f5>\d{1,6}))?(?!\d)"
)
_REACH: Final = 400
"""Characters of a line in which a time stamp is looked for."""


def stamp(line: str, *, year: int) -> datetime | None:
    """Return the first time in a line, in UTC; a time without a zone counts as UTC, one without a year as of `year`."""
    found = _STAMP.search(line[:_REACH])
    if found is None:
        return None
    try:
        return _read(found.groupdict(), year)
    except (ValueError, KeyError):
        return None


def _read(g: dict[str, str | None], year: int) -> datetime | None:
    if g["ms"]:
        return datetime.fromtimestamp(int(g["ms"]) / 1000, UTC)
    if g["s"]:
        return datetime.fromtimestamp(float(f"{g['s']}.{g['f5'] or 0}"), UTC)
    if g["y"]:
        return _build((int(g["y"]), int(g["m"] or 0), int(g["d"] or 0)), (g["H"], g["M"], g["S"]), g["f"], g["z"])
    for n in ("2", "3"):
        if g["y" + n]:
            day = (int(g["y" + n] or 0), _month(g["m" + n]), int(g["d" + n] or 0))
            return _build(day, (g["H" + n], g["M" + n], g["S" + n]), g["f" + n], g.get("z" + n))
    if g["d6"]:
        return _build((int(g["y6"] or 0), int(g["m6"] or 0), int(g["d6"])), (g["H6"], g["M6"], g["S6"]), g["f6"], None)
    if g["d7"]:
        return _build((year, int(g["m7"] or 0), int(g["d7"])), (g["H7"], g["M7"], g["S7"]), g["f7"], None)
    if g["d8"]:
        return _build((int(g["y8"] or 0), _month(g["m8"]), int(g["d8"])), (g["H8"], g["M8"], g["S8"]), None, None)
    if g["d4"]:
        return _build((year, _month(g["m4"]), int(g["d4"] or 0)), (g["H4"], g["M4"], g["S4"]), None, None)
    return None


def _month(name: str | None) -> int:
    return _MONTHS[(name or "").lower()]


def _build(day: tuple[int, int, int], clock: tuple[str | None, str | None, str | None], fraction: str | None, zone: str | None) -> datetime:
    hour, minute, second = (int(part or 0) for part in clock)
    micro = int((fraction or "0").ljust(6, "0")[:6])
    return datetime(*day, hour, minute, second, micro, _zone(zone)).astimezone(UTC)


def _zone(zone: str | None) -> timezone:
    text = (zone or "").strip()
    if not text or text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]))
    return timezone(-offset if text[0] == "-" else offset)
