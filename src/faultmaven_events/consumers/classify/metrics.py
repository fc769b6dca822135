"""Metrics in text: expositions, line protocols, and what the samplers of a Unix system print."""

import re
from typing import Final

from faultmaven_events.consumers.classify.detector import Detector, Lines, Vote
from faultmaven_events.consumers.classify.sample import WIDTH, Sample

_NUM: Final = r"[-+]?(?:\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+|NaN|[Ii]nf)"
_SAMPLE: Final = re.compile(
    rf"(?:[a-zA-Z_:][\w:.]*)?(?:\{{(?:[^\"}}]|\"(?:[^\"\\]|\\.)*\")*\}})? (?:=> )?{_NUM}(?: (?:{_NUM}|@\[{_NUM}\]))?(?: # \{{.*)?$"
    r"|# (?:HELP|TYPE|UNIT) [a-zA-Z_:\"][\w:.\"]*(?: |$)|# EOF$"
)
_KEY: Final = r"(?:[^\s,=\"\\]|\\.)+"
_FIELD: Final = rf'{_KEY}=(?:"(?:[^"\\]|\\.)*"|[-+]?\d[\d.eE+-]*[iu]?|t|T|f|F|[tT]rue|[fF]alse|TRUE|FALSE)'
_POINT: Final = re.compile(
    rf"(?:[^\s,=\"#(){{}};<\\]|\\.)(?:[^\s,=\"(){{}};\\]|\\.)*(?:,{_KEY}=(?:[^\s,\"\\]|\\.)+)* {_FIELD}(?:,{_FIELD})*(?: +-?\d{{1,19}})?$"
)
_START: Final = re.compile(
    rf"(?:[^\s,=\"#(){{}};<\\]|\\.)(?:[^\s,=\"(){{}};\\]|\\.)*(?:,{_KEY}=(?:[^\s,\"\\]|\\.)+)* {_FIELD}(?:,{_FIELD})*"
)
"""The same without its end, for lines that the sample cut."""


def exposition(sample: Sample) -> Vote | None:
    """Prometheus' text format and OpenMetrics, with or without the lines of HELP and TYPE."""
    hits = sum(_SAMPLE.match(line) is not None for line in sample.lines)
    share = hits / max(1, len(sample.lines))
    if share < 0.7:
        return None
    typed = any(line.startswith(("# TYPE ", "# HELP ")) for line in sample.lines)
    named = any("{" in line or "_" in line.split(" ")[0] for line in sample.body)
    if not typed and not named and len(sample.lines) < 3:
        return None
    form = "openmetrics" if any(line == "# EOF" or line.startswith("# UNIT ") for line in sample.lines) else "prometheus"
    score = 0.97 if typed else 0.93 if named else 0.6
    return Vote("metrics", form, score * share, f"{share:.0%} of the lines are samples{', with type declarations' if typed else ''}")


def points(sample: Sample) -> Vote | None:
    """InfluxDB's line protocol: measurement and tags, a space, typed fields, a timestamp."""
    lines = [line for line in sample.body if not line.startswith("CREATE DATABASE ")]
    hits = [line for line in lines if (_POINT if len(line) < WIDTH else _START).match(line)]
    share = len(hits) / max(1, len(lines))
    if share < 0.7:
        return None
    rich = any(re.search(r" \d{10,19}$", line) or re.search(r"=\d+i\b", line) or "," in line for line in hits)
    return Vote(
        "metrics",
        "influx-line",
        (0.96 if rich else 0.75) * (0.8 + 0.2 * share),
        f"{share:.0%} of the lines are points of the line protocol",
    )


def _lines(format_: str, pattern: str, what: str, weight: float = 0.95, need: float = 0.8) -> Lines:
    return Lines("metrics", format_, re.compile(pattern), weight, what, need, body=True)


SAMPLERS: Final = (
    (
        "sar",
        re.compile(
            r"\d\d:\d\d:\d\d(?: [AP]M)? +(?:CPU|IFACE|DEV|kbmemfree|pswpin/s|proc/s|runq-sz|tps|UID +PID|pgpgin/s"
            r"|dentunusd|TTY|intr|INTR)\b"
        ),
    ),
    ("vmstat", re.compile(r"procs -+memory-+| *r +b +swpd +free +buff +cache\b")),
    ("dstat", re.compile(r"-+(?:total-cpu-usage|cpu\d+-usage|dsk/total|net/total)-+|usr sys idl wai")),
    ("iostat", re.compile(r"Device:? +(?:tps|r/s|rrqm/s)\b")),
)
"""Header lines of samplers; their rows are numbers."""


def sampler(sample: Sample) -> Vote | None:
    """What sar, mpstat, pidstat, vmstat and iostat print."""
    for name, header in SAMPLERS:
        if any(map(header.match, sample.lines[:12])):
            return Vote("metrics", name, 0.96, f"the column header of {name}")
    return None


METRICS: Final[tuple[Detector, ...]] = (
    exposition,
    points,
    _lines("statsd", r"[\w.\-/:]+:[-+]?\d+(?:\.\d+)?\|(?:c|g|ms|h|s|d|m)(?:\|[@#c:T].*)?$", "statsd samples"),
    _lines("graphite", r"[\w\-]+(?:\.[\w\-=;%]+)+ [-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)? \d{10}(?:\.\d+)?$", "graphite samples"),
    _lines("collectd", r"PUTVAL \S+ (?:\w+=\S+ )*(?:\d+(?:\.\d+)?|N):\S+$", "values of collectd"),
    _lines("wavefront", rf'"?[\w.\-/~]+"? {_NUM}(?: \d{{10,13}})? source="?\S', "points of Wavefront"),
    _lines("carbon2", rf"(?:[\w.-]+=\S+ ){{1,40}} {_NUM} \d{{10,13}}$", "points of Metrics 2.0"),
    _lines("opentsdb", r"put [\w./-]+ \d{10,13} [-\d.]+( [\w./-]+=[\w./-]+)+$", "OpenTSDB samples"),
    sampler,
)
