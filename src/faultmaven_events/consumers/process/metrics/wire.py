"""Series out of what agents send, a sample a line: StatsD, Graphite, OpenTSDB, collectd.

* StatsD `name:value|type|@rate|#tags` (https://github.com/statsd/statsd/blob/master/docs/metric_types.md; tags as Datadog writes them) has
  no times: counters are summed, the samples of gauges and timers are put in the order of their lines
* Graphite `path value seconds` (https://graphite.readthedocs.io/en/stable/feeding-carbon.html), tags after `;`
* OpenTSDB `put name seconds value tag=value` (http://opentsdb.net/docs/build/html/api_telnet/put.html)
* collectd `PUTVAL "host/plugin/type" interval=10 seconds:value:value` (https://collectd.org/documentation/manpages/collectd-unixsock.5.shtml)
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from faultmaven_events.consumers.process.metrics.sample import MOST_SERIES, Recording, in_order

Point = tuple[str, float | None, float, str | None]
"""Name, seconds (None: the line says no time), value, component."""
_LOOK: Final = 4000
_NUMBER: Final = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_STATSD: Final = re.compile(rf"([^\s:|]{{1,300}}):({_NUMBER})\|(c|g|ms|h|s|d|m)(?:\|@([\d.]+))?(?:\|#(\S*))?(?:\|.*)?$")
_GRAPHITE: Final = re.compile(rf"([^\s;{{}}]{{1,300}})((?:;[^\s;=]+=[^\s;]+)*)\s+({_NUMBER})\s+(\d{{9,10}}(?:\.\d+)?)$")
_OPENTSDB: Final = re.compile(rf"(?:put )(\S{{1,300}})\s+(\d{{9,13}})\s+({_NUMBER})((?:\s+[^\s=]+=\S+)*)$")
_PUTVAL: Final = re.compile(r'PUTVAL\s+"?([^\s"/]+)/([^\s"]{1,300})"?((?:\s+\w+=\S+)*)\s+((?:N|\d+(?:\.\d+)?)(?::\S+)+)$')
_OWNER: Final = re.compile(r"(?:^|[;, ])(?:service|app|job|instance|host|hostname|node|pod|container)[=:]([^;, ]+)")


def _statsd(line: str) -> Iterator[Point]:
    if match := _STATSD.match(line):
        tags = match[5] or ""
        name = f"{match[1]}{{{tags}}}" if tags else match[1]
        rate = float(match[4] or 1) or 1.0
        owner = _OWNER.search(tags)
        yield f"{name} ({match[3]})", None, float(match[2]) / rate if match[3] == "c" else float(match[2]), owner[1] if owner else None


def _graphite(line: str) -> Iterator[Point]:
    if match := _GRAPHITE.match(line):
        owner = _OWNER.search(match[2])
        yield match[1] + (f"{{{match[2][1:].replace(';', ',')}}}" if match[2] else ""), float(match[4]), float(match[3]), owner and owner[1]


def _opentsdb(line: str) -> Iterator[Point]:
    if match := _OPENTSDB.match(line):
        seconds, tags = float(match[2]), match[4].split()
        owner = _OWNER.search(match[4])
        name = match[1] + (f"{{{','.join(tags)}}}" if tags else "")
        yield name, seconds / 1000 if seconds > 4e9 else seconds, float(match[3]), owner and owner[1]


def _putval(line: str) -> Iterator[Point]:
    if match := _PUTVAL.match(line):
        first, *values = match[4].split(":")
        for number, value in enumerate(values):
            try:
                yield match[2] + (f"[{number}]" if len(values) > 1 else ""), None if first == "N" else float(first), float(value), match[1]
            except ValueError:
                continue


_FORMS: Final[tuple[Callable[[str], Iterator[Point]], ...]] = (_putval, _opentsdb, _statsd, _graphite)


def is_wire(lines: Sequence[str]) -> bool:
    """Whether most lines are samples of one of these protocols."""
    return _form(lines) is not None


def _form(lines: Sequence[str]) -> Callable[[str], Iterator[Point]] | None:
    told = [line.strip()[:_LOOK] for line in lines[:200] if line.strip() and not line.startswith("#")]
    return next((form for form in _FORMS if told and sum(bool(list(form(line))) for line in told) >= 0.8 * len(told)), None)


def read_wire(lines: Sequence[str]) -> Recording:
    """One series per name; what has no times is in the order of its lines, and counters of StatsD are summed to one value."""
    form = _form(lines)
    points: dict[tuple[str, str | None], list[tuple[float, float, int]]] = defaultdict(list)
    untimed: set[tuple[str, str | None]] = set()
    odd: list[int] = []
    for number, line in enumerate(lines, start=1):
        found = list(form(line.strip()[:_LOOK])) if form else []
        if not found and line.strip() and not line.startswith("#"):
            odd.append(number)
        for name, seconds, value, owner in found:
            key = (name, owner)
            if seconds is None:
                untimed.add(key)
            if key in points or len(points) < MOST_SERIES:
                points[key].append((float(len(points[key])) if key in untimed or seconds is None else seconds, value, number))
    counted = {key for key in untimed if key[0].endswith(" (c)")}
    values = tuple((_bare(key[0]), sum(point[1] for point in points[key]), points[key][-1][2]) for key in points if key in counted)
    series = tuple(
        in_order(_bare(name), found, owner, timed=(name, owner) not in untimed)
        for (name, owner), found in points.items()
        if (name, owner) not in counted
    )
    problems = ((f"{len(odd)} lines are no samples (first: line {odd[0]}).", odd[0]),) if odd else ()
    truncated = (f"series: the first {MOST_SERIES}",) if len(points) == MOST_SERIES else ()
    return Recording(series, (), values, problems, truncated)


def _bare(name: str) -> str:
    return re.sub(r" \((?:c|g|ms|h|s|d|m)\)$", lambda match: "_ms" if match[0] == " (ms)" else "", name)
