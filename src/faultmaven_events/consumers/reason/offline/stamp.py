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
