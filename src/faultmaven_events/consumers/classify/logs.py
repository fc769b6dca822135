"""Logs: formats that can be named by the shape of their lines, and any text most of whose lines begin with a time or a level."""

import re
from typing import Final

from faultmaven_events.consumers.classify.detector import Detector, Lines, Vote
from faultmaven_events.consumers.classify.sample import Sample
from faultmaven_events.consumers.classify.stamps import LEVEL

_ISO: Final = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d"
_MON: Final = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_WORD: Final = r"(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL|SEVERE)"


def _lines(format_: str, pattern: str, what: str, weight: float = 0.96, need: float = 0.6, *, least: int = 1, must: str = "") -> Lines:
    return Lines("log", format_, re.compile(pattern), weight, what, need, least, rest=True, must=re.compile(must) if must else None)


FORMATS: Final[tuple[Detector, ...]] = (
    _lines(
        "clf",
        r'(?:[\w.:*-]+ ){0,2}\S+ \S+ .{1,60}\[\d\d?/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "[^"]*(?:"|\\")',
        "web server access entries",
    ),
    _lines(
        "syslog",
        (
            rf"(?:<\d{{1,3}}>)?(?:{_MON} [ \d]?\d (?:\d{{4}} )?\d\d:\d\d:\d\d"
            rf"|{_ISO}\S*) [\w.:-]+ [^\s:\[]{{1,64}}(?:\([\w-]+\))?(?:\[\d+\])?: "
        ),
        "syslog entries",
    ),
    _lines("syslog", rf"<\d{{1,3}}>1 (?:{_ISO}\S*|-) \S+ \S+ \S+ \S+ ", "syslog entries of RFC 5424"),
    _lines("klog", r"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ [\w./-]+:\d+\]", "klog entries"),
    _lines("logcat", r"\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} +\d+ +\d+ [VDIWEFS] ", "logcat entries"),
    _lines("cri", rf"{_ISO}\.\d+\S+ (?:stdout|stderr) [FP] ", "container runtime entries", 0.97),
    _lines("kernel", r"(?:<\d>)?\[ *\d{1,7}\.\d{6}\] ", "kernel messages"),
    _lines("audit", r"(?:node=\S+ )?type=[A-Z_]+ msg=audit\(\d+\.\d+:\d+\)", "audit records"),
    _lines("glog", r"[IWEF](?:19|20)\d{6} \d\d:\d\d:\d\d", "glog entries"),
    _lines("redis-log", rf"(?:\d+:[XCSM]|\[\d+\]) \d\d {_MON} (?:\d{{4}} )?\d\d:\d\d:\d\d\.\d{{3}} [.\-*#] ", "Redis log entries"),
    _lines(
        "postgresql-log",
        rf"{_ISO}\.\d{{3}} \S+ (?:\[[\d/-]+\]|.*?) ?(?:LOG|ERROR|FATAL|PANIC|WARNING|DETAIL|HINT|STATEMENT|CONTEXT|NOTICE):  ",
        "PostgreSQL log entries",
    ),
    _lines("nginx-error", r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[[a-z]+\] \d+#\d+: ", "nginx error entries"),
    _lines("apache-error", rf"\[[A-Z][a-z]{{2}} {_MON} \d\d \d\d:\d\d:\d\d(?:\.\d+)? \d{{4}}\] \[[\w:]*\]", "Apache error entries"),
    _lines("gc-log", r"\[(?:\d+\.\d{3}s|\d{4}-\S+)\](?:\[\w+ *\])*\[gc", "garbage collector entries"),
    _lines(
        "python-log",
        rf"{_ISO},\d{{3}}\s+(?:- |\[)?(?:[\w.]+(?: - |\]? ))?{_WORD}\b|(?:{_WORD}):[\w.]+:\S",
        "entries of Python's logging",
        0.94,
    ),
    _lines(
        "python-log",
        rf"{_ISO},\d{{3}}\s+{_WORD}\s+\[(?:MainThread|Thread-\d+|ThreadPoolExecutor-\S*|Dummy-\d+|MainProcess|[\w.]+\.py:\d+)",
        "entries of Python's logging",
    ),
    _lines(
        "java-log",
        rf"{_ISO}[.,]\d{{3}}(?:Z|[+-]\d\d:?\d\d)?\s+(?:- )?(?:\[[^\]]+\]\s+{_WORD}\b|{_WORD}\s+(?:\d+ --- )?\[[^\]]+\]+\s+(?:- )?[\w.$]+)",
        "entries of a Java logger",
        0.95,
    ),
    _lines("java-log", rf"{_MON} \d\d, \d{{4}} \d\d?:\d\d:\d\d [AP]M [\w.$]+ \w+$", "headers of java.util.logging", 0.96, 0.3),
    _lines("mysql-slow", r"# (?:Time|User@Host|Query_time): ", "headers of a slow query log", 1.12, 0.25, least=2),
    _lines("journal-export", r"_{0,2}[A-Z][A-Z0-9_]*=", "fields of the journal", 0.97, 0.95, must=r"__(?:CURSOR|REALTIME_TIMESTAMP)="),
    _lines(
        "lambda-log", r"(?:START|END|REPORT|INIT_START|INIT_REPORT) (?:RequestId|Runtime)", "marks of a function's run", 1.1, 0.3, least=2
    ),
    _lines("npm-log", r"\d+ (?:silly|verbose|info|http|timing|notice|warn|error|ERR!) \S", "entries of npm", 0.95, 0.7, least=2),
    _lines(
        "rails-log", r'Started [A-Z]+ "\S*" for \S+ at |Processing by |Completed \d{3} |Rendered ', "entries of Rails", 1.05, 0.4, least=2
    ),
    _lines("dotnet-log", r"(?:trce|dbug|info|warn|fail|crit): [\w.]+\[\d+\]$", "headers of .NET's logging", 1.05, 0.3),
    _lines(
        "windows-event-xml", r"(?:- )?<Event xmlns=[\"']http://schemas\.microsoft\.com/win/2004/08/events", "Windows events", 0.97, 0.02
    ),
    _lines("log4j-xml", r"<(?:log4j:)?[Ee]vent (?:logger|xmlns)=|<log4j:event ", "log4j events", 0.96, 0.05),
    _lines("cef", r".{0,80}\b(?:CEF:[01]\||LEEF:[12]\.)", "entries of the Common Event Format", 0.95),
    _lines("flow-log", r"[2-8] \d{12} eni-\w+ (?:[\da-f.:]+|-) ", "flow records", 0.97),
    _lines("load-balancer", rf"(?:https?|h2|grpcs|wss?) {_ISO}\.\d+Z app/\S+ ", "load balancer entries", 0.97),
)


def logfmt(sample: Sample) -> Vote | None:
    """Pairs `key=value` all along the line, one of them a time, a level or a message."""
    lines = sample.lines
    hits = sum(1 for line in lines if _PAIRS.fullmatch(line) and _SPEAKS.search(line))
    share = hits / max(1, len(lines))
    return Vote("log", "logfmt", 0.9 + 0.06 * share, f"{share:.0%} of the lines are logfmt") if share >= 0.6 else None


_PAIRS: Final = re.compile(r'(?:[\w.@/-]+=(?:"(?:[^"\\]|\\.)*(?:"|$)|[^\s"]*)(?: +|$)){2,}(?:.{0,80})?')
_SPEAKS: Final = re.compile(r"(?:^| )(?:ts|t|time|timestamp|at|level|lvl|severity|msg|message|logger|caller)=")


def w3c(sample: Sample) -> Vote | None:
    """The `#Fields:` header of W3C extended logs: IIS, CloudFront."""
    names = next((line for line in sample.lines[:6] if line.startswith("#Fields:")), None)
    return Vote("log", "w3c", 0.97, "a W3C header names the fields") if names and re.search(r"\b(?:date|time|timestamp)\b", names) else None


def plain(sample: Sample) -> Vote | None:
    """Times at the head of most entries; what is indented or a stack frame belongs to the entry above."""
    marked = [at for at in sample.stamped if at >= 0]
    if not marked:
        return None
    total = len(sample.lines)
    share = len(marked) / max(1, total - sample.continued)
    if share < 0.4 or len(marked) / total < 0.04:
        return None
    early = sum(at <= 40 for at in marked) / len(marked)
    levels = sum(LEVEL.search(line, 0, 160) is not None for line in sample.lines) / total
    score = 0.5 + 0.22 * min(1.0, share) + 0.1 * early + 0.08 * min(1.0, levels * 2) + 0.02 * min(3, len(marked) - 1)
    return Vote("log", "plain-log", min(0.9, score), f"{min(1.0, share):.0%} of the entries begin with a time, {levels:.0%} name a level")


def levels(sample: Sample) -> Vote | None:
    """No times, but a level at the head of most lines."""
    lines = sample.lines
    hits = sum(_LEVEL_FIRST.match(line) is not None for line in lines)
    share = hits / max(1, len(lines) - sample.continued)
    return Vote("log", "plain-log", 0.6 + 0.25 * min(1.0, share), f"{hits} lines begin with a level") if hits and share >= 0.5 else None


_LEVEL_FIRST: Final = re.compile(
    rf"[\[(<]?(?:{_WORD}|ERR|WRN|INF|DBG)[\])>:\s|]|[\[(<](?:trace|debug|info|notice|warn(?:ing)?|error|fatal|critical|[TDIWEF])[\])>]",
    re.ASCII,
)

LOGS: Final[tuple[Detector, ...]] = (*FORMATS, logfmt, w3c, plain, levels)
