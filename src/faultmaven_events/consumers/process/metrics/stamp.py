"""Times in metric files: ISO 8601, epoch in s, ms, us or ns, forms of spreadsheets. A format is learnt once for a column."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

Parse = Callable[[str], float]
_NAMES = re.compile(
    r"^(time(stamp)?|_time|date(time)?|ts|t|when|at|epoch|unix(time)?|created(_at)?|recorded(_at)?|sampled(_at)?|interval(_start)?)(\s*\(.*\))?$",
    re.IGNORECASE,
)
_FORMATS = (
    "%Y/%m/%d %H:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d/%b/%Y:%H:%M:%S %z",
    "%b %d %Y %H:%M:%S",
    "%Y%m%dT%H%M%S",
    "%Y-%m-%d %H:%M:%S %Z",
    "%Y-%m-%d %H:%M:%S %z",
)
_EARLIEST, _LATEST = 3e8, 4e9
"""1979 and 2096: what an epoch is expected between."""


def names_time(column: str) -> bool:
    """Whether a column's name says that it holds times."""
    return _NAMES.match(column.strip()) is not None


def parser_of(values: Sequence[str], *, named: bool) -> Parse | None:
    """A parser (text -> seconds since 1970, ValueError where it is no time) that reads most of the sample, or None."""
    sample = [value for value in values if value][:50]
    for parse in (_iso, _epoch, *(_strptime(format) for format in _FORMATS)):
        if parse is _epoch and not named and not all(float_or(value) >= _EARLIEST for value in sample):
            continue
        if sample and sum(_reads(parse, value) for value in sample) >= 0.8 * len(sample):
            return parse
    return None


def seconds_of(value: object) -> float | None:
    """Seconds since 1970 of a number or a text that can only be a time; None for anything else."""
    try:
        if isinstance(value, float):
            return _epoch_of(float(value))
        if isinstance(value, str) and len(value) <= 40:
            return _iso(value) if value[4:5] == "-" else _epoch(value)
    except (ValueError, OverflowError):
        return None
    return None


def float_or(value: str, other: float = -1.0) -> float:
    """The number in a text, or `other`."""
    try:
        return float(value)
    except ValueError:
        return other


def _reads(parse: Parse, value: str) -> bool:
    try:
        parse(value)
    except (ValueError, OverflowError):
        return False
    return True


def _iso(value: str) -> float:
    if len(value) < 10 or value[4] != "-":
        raise ValueError("no ISO time")
    at = datetime.fromisoformat(value.strip())
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _epoch(value: str) -> float:
    return _epoch_of(float(value))


def _epoch_of(seconds: float) -> float:
    for _ in range(3):
        if seconds <= _LATEST:
            break
        seconds /= 1000
    if not _EARLIEST <= seconds <= _LATEST:
        raise ValueError("no epoch")
    return seconds


def _strptime(format: str) -> Parse:
    def parse(value: str) -> float:
        at = datetime.strptime(value.strip(), format)  # noqa: DTZ007 - a time without a zone counts as UTC
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()

    return parse
