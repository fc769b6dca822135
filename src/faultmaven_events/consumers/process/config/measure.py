"""Values of configurations as numbers: `32MB`, `5min`, `1m30s`, `10k`, `75%`, `infinity`; products differ in what a bare number means."""

import math
import re
from typing import Final, Literal

Kind = Literal["time", "size", "count"]
"""What a value measures: seconds, bytes (a kilobyte is 1,024), or a number of things."""

_ONE: Final = re.compile(r"([-+]?\d{1,18}(?:\.\d{1,9})?)\s*([A-Za-zµ%]{0,12})\s*")
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
_TIME: Final = {
    **dict.fromkeys(("ns", "nsec"), 1e-9),
    **dict.fromkeys(("us", "µs", "usec"), 1e-6),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), _MINUTE),
    **dict.fromkeys(("h", "hr", "hour", "hours"), _HOUR),
    **dict.fromkeys(("d", "day", "days"), _DAY),
    **dict.fromkeys(("w", "week", "weeks"), 7 * _DAY),
    **dict.fromkeys(("y", "year", "years"), 365 * _DAY),
}
_SIZE: Final = {"": 1.0, "b": 1.0} | {
    f"{letter}{rest}": 1024.0 ** (power + 1) for power, letter in enumerate("kmgtp") for rest in ("", "b", "ib", "i")
}
_COUNT: Final = {"": 1.0, "%": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "r": 1.0}
_UNITS: Final = {"time": _TIME, "size": _SIZE, "count": _COUNT}
_ENDLESS: Final = frozenset({"infinity", "infinite", "unlimited", "inf", "-1"})


def measure(text: str, kind: Kind, bare: str = "") -> float | None:
    """Return seconds, bytes or a number, or None. `bare` is the unit of a number without one, `8kB` or `ms` for example."""
    text = text.strip().strip("\"'").replace("_", "")[:60]
    if text.lower() in _ENDLESS:
        return math.inf
    units, total, place = _UNITS[kind], 0.0, 0
    while match := _ONE.match(text, place):
        factor = _factor(match[2] or bare, units)
        if factor is None or match.end() == place:
            return None
        total, place = total + float(match[1]) * factor, match.end()
    return total if place == len(text) and place else None


def _factor(unit: str, units: dict[str, float]) -> float | None:
    """Of `MB`, or of `8kB` as PostgreSQL counts pages."""
    number = re.match(r"\d+", unit)
    name = unit[number.end() :] if number else unit
    found = units.get(name.lower()) if name else 1.0
    return None if found is None else found * (float(number[0]) if number else 1.0)
