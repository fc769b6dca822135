"""Timestamps as logs write them, as data: one pattern per form, one reading for all.

Groups: Y y (two digits) m b (month's name) d H M S f (fraction) p (AM/PM) z (zone), or e (epoch in s, ms, us or ns), or u (uptime in s).
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

MONTHS = {
    name: number for number, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}
ZONES = {
    **dict.fromkeys(("Z", "UTC", "GMT", "WET"), 0),
    **dict.fromkeys(("WEST", "BST", "CET", "MEZ"), 60),
    **dict.fromkeys(("CEST", "MESZ", "EET"), 120),
    **dict.fromkeys(("EEST", "MSK"), 180),
    "IST": 330,
    "SGT": 480,
    "JST": 540,
    "KST": 540,
    "AEST": 600,
    "AEDT": 660,
    "EDT": -240,
    "EST": -300,
    "CDT": -300,
    "MDT": -360,
    "MST": -420,
    "PDT": -420,
    "PST": -480,
}
"""Minutes east of UTC of zone names that are in use in logs; ambiguous ones by their most frequent meaning."""

_DAY, _MONTH, _MON = r"(?P<d>[0-3]?\d)", r"(?P<m>0?[1-9]|1[0-2])", r"(?P<b>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}"
_YEAR = r"(?P<Y>(?:19|20)\d\d)"
_TIME = r"(?P<H>[0-2]?\d):(?P<M>[0-5]\d):(?P<S>[0-6]\d)(?:(?:[.,]|:(?=\d{1,3}(?![\d:])))(?P<f>\d{1,9}))?"
_ZONE = rf"(?: ?(?P<z>[+-]\d\d(?::?\d\d)?(?![\d-])|(?:{'|'.join(ZONES)})\b))?"
_WEEKDAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},?\s+"


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write a time. `pattern` has the groups above and no others."""

    name: str
    pattern: str


FORMS = (
    Form("iso", rf"{_YEAR}-(?P<m>\d\d)-(?P<d>\d\d)(?:[T_\t]| {{1,2}}){_TIME}{_ZONE}"),
    Form("iso-dotted", rf"{_YEAR}-(?P<m>\d\d)-(?P<d>\d\d)-(?P<H>\d\d)\.(?P<M>\d\d)\.(?P<S>\d\d)(?:\.(?P<f>\d{{1,9}}))?"),
    Form("slashes", rf"{_YEAR}/(?P<m>\d\d)/(?P<d>\d\d)(?:[T\t-]| (?:- )?){_TIME}{_ZONE}"),
    Form("dots", rf"{_YEAR}\.(?P<m>\d\d)\.(?P<d>\d\d)[T -]{_TIME}{_ZONE}"),
    Form("clf", rf"(?P<d>[0-3]?\d)/{_MON}/{_YEAR}:{_TIME}{_ZONE}"),
    Form("ctime", rf"{_WEEKDAY}{_MON}\s+{_DAY}\s+{_TIME}{_ZONE}\s+{_YEAR}"),
    Form("rfc822", rf"(?:{_WEEKDAY})?{_DAY}[ -]{_MON}[ -]{_YEAR},?(?: |::?){_TIME}{_ZONE}"),
    Form("java", rf"{_MON} {_DAY}, {_YEAR},?(?: at)? {_TIME}(?:\s?(?P<p>[AP]M))?{_ZONE}"),
    Form("cisco", rf"{_MON}\s+{_DAY}\s+{_YEAR}\s+{_TIME}{_ZONE}"),
    Form("year-short", rf"(?<!\d)(?P<y>\d\d)/(?P<m>0[1-9]|1[0-2])/(?P<d>[0-3]\d) {{1,2}}{_TIME}{_ZONE}"),
    Form("month-first", rf"{_MONTH}[/-](?P<d>[0-3]?\d)[/-](?:{_YEAR}|(?P<y>\d\d)),?\s+{_TIME}(?:\s?(?P<p>[AP]M))?{_ZONE}"),
    Form("day-first", rf"(?P<d>[0-3]?\d)[/.-]{_MONTH}[/.-](?:{_YEAR}|(?P<y>\d\d)),?\s+{_TIME}(?:\s?(?P<p>[AP]M))?{_ZONE}"),
    Form(
        "compact",
        rf"{_YEAR}(?P<m>[01]\d)(?P<d>[0-3]\d)[T -]?(?P<H>[0-2]\d):?(?P<M>[0-5]\d):?(?P<S>[0-6]\d)(?:[.,:](?P<f>\d{{1,9}}))?{_ZONE}(?!\d)",
    ),
    Form(
        "compact-short",
        r"(?<!\d)(?P<y>\d\d)(?P<m>[01]\d)(?P<d>[0-3]\d)\s+(?P<H>[0-2]?\d):?(?P<M>[0-5]\d):?(?P<S>[0-6]\d)(?:[.,](?P<f>\d{1,9}))?(?!\d)",
    ),
    Form("syslog", rf"{_MON}\s+{_DAY}\s+{_TIME}{_ZONE}"),
    Form("klog", rf"(?<=[IWEFD])(?P<m>[01]\d)(?P<d>[0-3]\d) {_TIME}"),
    Form("no-year", rf"(?<!\d)(?<!\d-)(?P<m>[01]\d)-(?P<d>[0-3]\d) {_TIME}"),
    Form("no-year-dotted", rf"(?<![\d.])(?P<m>0[1-9]|1[0-2])\.(?P<d>[0-3]\d) {_TIME}"),
    Form("epoch", r"(?<![\w.-])(?P<e>[1-4]\d{9}(?:\.\d{1,9}|\d{3}|\d{6}|\d{9})?)(?![\w-])"),
    Form("time", rf"(?<![\d:T]){_TIME}(?![:\d]){_ZONE}"),
    Form("uptime", r"(?<=\[)\s*(?P<u>\d{1,8}\.\d{6})(?=\])"),
)
"""In order of preference where two forms fit equally well."""

_WHOLE: Final = frozenset(form.name for form in FORMS if form.name not in {"epoch", "time", "uptime"})
"""Forms whose times say the whole of a second by themselves, its fraction in `f`."""

_LATELY: Final = 5_000

_GROUP = re.compile(r"\(\?P<(\w)>")


@dataclass(slots=True)
class Clock:
    """Reads matches of one form into seconds since 1970, UTC.

    A form without a year gets the one that puts it last before `now`; one without a date gets that of `now`, and the next day when it
    passes midnight. A time without zone is taken for UTC. `zones` collects what was read.
    """

    form: Form
    now: datetime
    zones: set[str]
    _day: str = ""
    _midnight: int = 0
    _last: int = 0
    _known: dict[str, float | None] = field(default_factory=dict)

    def at(self, match: re.Match[str]) -> float | None:
        """Return the epoch time of a match of `stamped(form)`, None as `read` does. Whole seconds that were read lately are looked up."""
        if self.form.name not in _WHOLE:
            return self.read(match.groupdict())
        begin, end = match.span("stamp")
        start, stop = match.span("f")
        text = match.string
        key = text[begin:end] if start < 0 else text[begin:start] + text[stop:end]
        try:
            at = self._known[key]
        except KeyError:
            at = self._remember(key, match)
        return at if start < 0 or at is None else at + float(f"0.{text[start:stop]}")

    def _remember(self, key: str, match: re.Match[str]) -> float | None:
        if len(self._known) >= _LATELY:
            self._known.clear()
        at = self._known[key] = self.read(match.groupdict() | {"f": None})
        return at

    def read(self, groups: dict[str, str | None]) -> float | None:
        """Return the epoch time of one match, None when it is no date (31 February) or only an uptime."""
        if epoch := groups.get("e"):
            return scaled(float(epoch))
        if groups.get("u"):
            return None
        try:
            day = self._day_of(groups)
            hour = int(groups["H"] or 0)
            if half := groups.get("p"):
                hour = hour % 12 + (12 if half[0] in "Pp" else 0)
            at = day + hour * 3600 + int(groups["M"] or 0) * 60 + int(groups["S"] or 0)
            if self.form.name == "time":
                if at < self._last - 43_200:
                    self._midnight += 86_400
                    at += 86_400
                self._last = at
        except ValueError:
            return None
        if fraction := groups.get("f"):
            return at - self._offset(groups.get("z")) + float("0." + fraction)
        return float(at - self._offset(groups.get("z")))

    def _day_of(self, groups: dict[str, str | None]) -> int:
        get = groups.get
        year = get("Y") or get("y")
        key = f"{year} {get('m') or get('b')} {get('d')}"
        if key != self._day:
            month = int(get("m") or MONTHS.get((get("b") or "").lower()[:3], 0)) if get("m") or get("b") else 0
            self._midnight = midnight(self._year(year, month, get("d")), month or self.now.month, int(get("d") or self.now.day))
            self._day = key
        return self._midnight

    def _year(self, year: str | None, month: int, day: str | None) -> int:
        if year:
            return int(year) if len(year) == 4 else int(year) + (2000 if int(year) < 70 else 1900)
        if not month:
            return self.now.year
        later = (month, int(day or 1)) > (self.now.month, self.now.day + 1)
        return self.now.year - 1 if later else self.now.year

    def _offset(self, zone: str | None) -> int:
        if not zone:
            self.zones.add("none")
            return 0
        self.zones.add(zone)
        return offset(zone)


@lru_cache(maxsize=512)
def midnight(year: int, month: int, day: int) -> int:
    """Return the epoch time at which a day begins in UTC.

    Raises:
        ValueError: no such day.
    """
    return int(datetime(year, month, day, tzinfo=UTC).timestamp())


@lru_cache(maxsize=256)
def offset(zone: str) -> int:
    """Return the seconds east of UTC of `+0100`, `+01:00`, `+01` or a zone's name."""
    if zone in ZONES:
        return ZONES[zone] * 60
    digits = zone[1:].replace(":", "").ljust(4, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:4]) * 60
    return -seconds if zone[0] == "-" else seconds


def scaled(number: float) -> float | None:
    """Return epoch seconds for a number in seconds, milliseconds, microseconds or nanoseconds; None when it is no time after 2001."""
    for unit in (1.0, 1e3, 1e6, 1e9):
        if 1e9 <= number / unit < 4.2e9:
            return number / unit
    return None


def groups_of(pattern: str) -> frozenset[str]:
    """Return the names of the groups of a form's pattern."""
    return frozenset(_GROUP.findall(pattern))


def stamped(form: Form) -> str:
    """Return the form's pattern with the whole time as the group `stamp`."""
    return f"(?P<stamp>{form.pattern})"


@lru_cache(maxsize=64)
def compiled(form: Form) -> re.Pattern[str]:
    """Return the form's pattern, ready to search with."""
    return re.compile(form.pattern, 0 if form.name == "klog" else re.IGNORECASE)


_ISO = FORMS[0]


def parse(value: object, clock: Clock) -> float | None:
    """Return the epoch time of a field's value: a number, ISO text or any other form."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return scaled(float(value))
    if isinstance(value, dict):
        return next((parse(inner, clock) for inner in value.values()), None)
    text = str(value)[:64]
    match = compiled(_ISO).match(text)
    if match:
        return clock.read(match.groupdict())
    for form in FORMS[1:]:
        if form.name not in {"time", "uptime"} and (match := compiled(form).search(text)):
            return clock.read(match.groupdict())
    return None
