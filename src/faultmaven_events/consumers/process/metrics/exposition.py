"""Series out of text that is no table: the Prometheus exposition format (also with several scrapes) and the InfluxDB line protocol."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from faultmaven_events.consumers.process.metrics.histogram import Bucket, bucket_of, quantiles
from faultmaven_events.consumers.process.metrics.sample import MOST_SERIES, Recording, in_order

MOST_VALUES = 2000
MOST_BUCKETS = 500_000
_PROMETHEUS = re.compile(
    r'^([A-Za-z_:][\w:]*)(\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})?\s+([-+]?(?:\d[\d.eE+-]*|\.\d+|NaN|Inf))(?:\s+(-?\d{9,13}(?:\.\d+)?))?\s*(?:#.*)?$'
)
_INFLUX = re.compile(r'^((?:[^\s,\\]|\\.)+)((?:,(?:[^\s,=\\]|\\.)+=(?:[^\s,\\]|\\.)+)*)\s+((?:[^\s"]|"(?:[^"\\]|\\.)*")+)\s+(\d{10,19})$')
_FIELD = re.compile(r"((?:[^,=\\]|\\.)+)=([-+]?[\d.eE+-]+)[iu]?(?:,|$)")
_OWNER = re.compile(r'\b(?:service|app|job|instance|host|hostname|node|pod|container|queue|database|topic)="?([^",}]+)"?')


def is_prometheus(lines: Sequence[str]) -> bool:
    """Whether most lines are samples or comments of the exposition format."""
    told = [line for line in lines[:200] if line.strip()]
    samples = sum(_PROMETHEUS.match(line.strip()[:2000]) is not None for line in told if not line.startswith("#"))
    comments = sum(line.startswith(("# HELP ", "# TYPE ")) for line in told)
    return samples > 0 and samples + comments >= 0.8 * len(told) and (comments > 0 or any("{" in line for line in told))


def is_influx(lines: Sequence[str]) -> bool:
    """Whether most lines are points of the line protocol."""
    told = [line for line in lines[:200] if line.strip() and not line.startswith("#")]
    found = [match for line in told if (match := _INFLUX.match(line.strip()[:2000])) and "=" in match[3]]
    return bool(told) and len(found) >= 0.8 * len(told)


def read_prometheus(lines: Sequence[str]) -> Recording:
    """One scrape gives values; samples with times, or the same series again and again, give series."""
    points: dict[str, list[tuple[float, float, int]]] = defaultdict(list)
    values: dict[str, tuple[str, float, int]] = {}
    buckets: list[Bucket] = []
    for number, line in enumerate(lines, start=1):
        if line.startswith("# EOF"):
            break
        match = _PROMETHEUS.match(line.strip()[:4000])
        if match is None:
            continue
        name = f"{match[1]}{match[2] or ''}"
        value = float(match[3])
        seconds = _seconds(match[4]) if match[4] else None
        if match[1].endswith("_bucket") and match[2] and len(buckets) < MOST_BUCKETS:
            buckets += bucket_of(match[1], match[2], seconds, value, number)
        elif match[1].endswith("_created"):  # when a counter began; its resets are seen in the counter
            continue
        elif seconds is not None:
            points[name].append((seconds, value, number))
        values[name] = (name, value, number)
    for name, seconds, value, number in quantiles(buckets):
        if seconds is not None:
            points[name].append((seconds, value, number))
        values[name] = (name, value, number)
    several = {name: found for name, found in points.items() if len(found) > 2}
    return _recording(several, values if not several else {})


def read_influx(lines: Sequence[str]) -> Recording:
    """One series per measurement, tags and field."""
    points: dict[str, list[tuple[float, float, int]]] = defaultdict(list)
    for number, line in enumerate(lines, start=1):
        if match := _INFLUX.match(line.strip()[:4000]):
            tags = "{" + match[2][1:] + "}" if match[2] else ""
            for field, value in _fields(match[3]):
                points[f"{match[1]}.{field}{tags}"].append((_seconds(match[4]), value, number))
    several = {name: found for name, found in points.items() if len(found) > 2}
    return _recording(several, {name: (name, found[-1][1], found[-1][2]) for name, found in points.items() if name not in several})


def _fields(text: str) -> Iterator[tuple[str, float]]:
    for key, value in _FIELD.findall(text):
        try:
            yield key, float(value)
        except ValueError:
            continue


def _seconds(digits: str) -> float:
    seconds = float(digits)
    while seconds > 4e9:
        seconds /= 1000
    return seconds


def _recording(points: dict[str, list[tuple[float, float, int]]], values: dict[str, tuple[str, float, int]]) -> Recording:
    series = []
    for name, found in list(points.items())[:MOST_SERIES]:
        owner = _OWNER.search(name)
        series.append(in_order(name, found, owner[1] if owner else None))
    truncated = (f"series: the first {MOST_SERIES} of {len(points)}",) if len(points) > MOST_SERIES else ()
    problems = () if points or values else (("No sample can be read.", 1),)
    return Recording(tuple(series), (), tuple(values.values())[:MOST_VALUES], problems, truncated)
