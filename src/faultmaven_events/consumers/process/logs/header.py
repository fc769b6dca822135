"""The header of a plain log line, learned per file: where the time stands, and what follows it until the message begins.

A header is grown piece by piece from a sample: after the time, whatever most lines have next (level, bracket, number, logger ...) belongs
to it. What comes out is one compiled pattern. Nothing here knows products.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from faultmaven_events.consumers.process.logs import levels, stamps
from faultmaven_events.schemas.insight import Level

REACH = 160
"""Characters of a line in which a time is looked for."""

_LEVEL = rf"[\[(<|]?\s*(?P<level>(?i:{levels.ANY}))\s*(?:[\])>|](?=\s|:|-|\[|$)|(?=[\s:,|-]|$))[:,]?"
_LEVEL_COLON = rf"(?P<level>{levels.UPPER}):"
_LEVEL_UPPER = rf"[\[(]?(?P<level>{levels.UPPER})[\])]?(?=[\s:]|$):?"
_LETTER = r"(?P<level>[VDIWEFTCN])(?:(?=\s)|/)"


@dataclass(frozen=True, slots=True)
class Piece:
    """One part that a header may have: `share` of the lines must show it, and once taken none of `excludes` is looked for."""

    name: str
    pattern: str
    share: float
    most: int = 1


_PIECES = (
    Piece("rfc5424", r"\S+ (?P<process>\S+) (?P<pid>\S+) \S+ (?:-|(?:\[(?:[^\]\\]|\\.){0,2000}\]){1,8})(?=\s|$)", 0.8),
    Piece("slashed", rf"(?P<level>(?i:{levels.ANY}))/(?P<logger>[\w.:-]{{1,100}})[\])]?:?(?=\s|$)", 0.9),
    Piece("level", _LEVEL, 0.8),
    Piece("letter", _LETTER, 0.95),
    Piece("separator", r"(?:[-|:,;>~]|--|---|\u2013|\u2014)(?=\s|$)", 0.9, 3),
    Piece("erlang", r"<\d+\.\d+\.\d+>", 0.9),
    Piece("hashed", r"#(?P<pid>\d+)\]", 0.9),
    Piece("module", rf"\[(?P<logger>[\w.-]{{0,60}}):(?P<level>(?i:{levels.ANY}))\]:?", 0.7),
    Piece("bracket", r"\[(?P<bracket>(?:[^\[\]]|\[[^\[\]]{0,120}\]){0,400})\]:?", 0.9, 3),
    Piece("worker", r"(?P<pid>\d+)#\d+:", 0.9),
    Piece("serial", r"\*\d+(?=\s)", 0.6),
    Piece("number", r"(?:pid[:=])?(?P<pid>\d+)(?=\s|:\s):?", 0.95, 2),
    Piece("syslog", r"(?P<host>[\w.-]+)\s+(?P<process>[A-Za-z][^\s:\[\]]{0,60})(?:\[(?P<pid>\d+)\])?:(?=\s|$)", 0.85),
    Piece("place", r"(?P<logger>[\w./-]+\.[A-Za-z]{1,4}:\d+)[\])]?:?(?=\s)", 0.9),
    Piece("process", r"(?P<process>[A-Za-z_][\w.$/()@+-]{0,100})\[(?P<pid>\d+)\]:?(?=\s|$)", 0.9),
    Piece("symbol", r"[.*#](?=\s)", 0.9),
    Piece("logger", r"(?P<logger>[A-Za-z_][\w.$/()@+\[\]-]{0,160})\s*:(?=\s|$)", 0.9),
    Piece("closing", r"(?P<logger>[A-Za-z_][\w:.$/-]{0,160})\](?=\s|$)", 0.9),
    Piece("below", r"(?P<logger>[A-Za-z_][\w$]{0,60}(?:\.[\w$]{1,60}){1,12}) [\w$<>]{1,80}$", 0.9),
    Piece("dashed", r"(?P<logger>[A-Za-z_][\w.$:/]{1,160})\s+(?=-\s)", 0.9),
)

_NAME = re.compile(r"[\w$]*(?:[a-z][A-Z]|\.\w)")

_ANYTHING = r"(?:\S{1,60}\s+){1,5}?[\[(\"']?"

_PREFIXES = (
    r"[\[(<\"']?",
    r"<(?P<pri>\d{1,3})>(?P<rfc5424>1) ",
    r"<(?P<pri>\d{1,3})>(?:\d+\s)?",
    r"=(?P<level>[A-Z]{1,12}) REPORT={1,8} ",
    r"# ?Time: {1,3}",
    rf"{_LEVEL}\s*\[(?P<bracket>[^\]]{{0,120}})\]\s+[\[(]?",
    rf"{_LEVEL}\s*[\[(]?",
    r"[A-Z], \[",
    r"(?P<level>[IWEFD])",
    r"(?P<pid>\d+):[A-Z] ",
    r"[\w./@-]{1,200}\.(?:log|txt|out|err)[\w.:-]{0,60}[:\s]\s*[\[(]?",
    r"(?P<process>[\w./-]+)(?:\[(?P<pid>\d+)\])?\s*[|:]\s+[\[(]?",
    r"\[[^\]]{0,80}\]\s+[\[(]?",
    r"(?:[\w.-]+(?::\d+)? )?(?P<host>[\w.:<>-]+) (?:\S+ ){1,2}\[",
    _ANYTHING,
)


_HEADINGS = frozenset({_PREFIXES[0], *(prefix for prefix in _PREFIXES if prefix[0] in "=#")})
"""Before a time that may stand alone in its line, the message in the next ones."""
_FULL = frozenset({"iso", "slashes", "dots", "clf", "rfc822", "ctime", "java"})
"""Forms that stand at the beginning of a line of a log only, however few of the lines have one."""
_HANDFUL = 24
_MAYBE = re.compile(r"(?<!\d)[0-2]?\d:[0-5]\d(?!\d)|(?<!\d)[1-4]\d{9}|(?<!\d)\d{6}\s|(?:19|20)\d{6}|\.\d{6}\]|\d-\d\d-\d\d-\d")
"""What every form of a time has something of: a line without it needs no look at the forms."""

Head = tuple[float | None, Level | None, str | None, str | None, str | None, str | None, str]
"""What a header says: time, level and its word, logger, process, pid; and the message behind it."""

_WARNING = 4
_ABSENT = r"(?P<absent>(?!))?"
"""A group that never takes part, in the place of those that a header does not have."""
_READ = ("level", "bracket", "pid", "logger", "context", "process", "pri")


@dataclass(slots=True)
class Layout:
    """A learned header."""

    pattern: re.Pattern[str]
    clock: stamps.Clock | None
    groups: tuple[str, ...]
    _levels: dict[str, Level | None] = field(default_factory=dict)

    def read(self, line: str) -> Head | None:
        """Split one line, None when it has no such header."""
        match = self.pattern.match(line)
        if match is None:
            return None
        word, bracket, pid, logger, context, process, pri = match.group(*self.groups)
        if bracket and bracket.isdigit():
            bracket, pid = None, pid or bracket
        level = self._levels.get(word) or self._level(word) if word is not None else _priority(pri) if pri else None
        at = None if self.clock is None else self.clock.at(match)
        logger = logger or bracket or (context.strip(" -|:") if context else "")
        return at, level, word, logger, process, pid, line[match.end() :]

    def _level(self, word: str) -> Level | None:
        found = levels.WORDS.get(word.lower()) or levels.LETTERS.get(word)
        if len(self._levels) < 100:
            self._levels[word] = found
        return found


def _priority(pri: str) -> Level | None:
    """Return the level of a syslog priority (RFC 5424, 6.2.1) that tells trouble: everything else is sent with notice and below."""
    severity = int(pri) & 7
    return levels.SYSLOG[severity] if severity <= _WARNING else None


def learn(sample: Sequence[str], now: datetime, zones: set[str]) -> Layout | None:
    """Return the layout that fits most lines of the sample, None when they have neither times nor levels at their head."""
    lines = [line for line in sample if line and not line[0].isspace()]
    if not lines:
        return None
    found = _form(lines, now)
    if found is None:
        return _levelled(lines)
    form, prefix = found
    if not stamps.groups_of(form.pattern) & {"Y", "y", "e", "u"}:
        now = _year_told(lines) or now
    head = f"{prefix}{stamps.stamped(form)}(?:\\s?>|[\\])>\"'])?(?:\\s?={{2,4}}$)?"
    if form.name == "epoch":
        head += r"(?:\s+\d{4}[-./]\d\d[-./]\d\d(?![\dT:]))?"
    behind = _behind(_compiled(_relaxed(head, form)), lines)
    if sum(1 for rest in behind if rest) < 0.5 * len(behind) and prefix not in _HEADINGS:
        return None  # the time ends the line: it belongs to the message
    grown = _grow(_relaxed(head, form), lines, taken=frozenset(re.findall(r"\(\?P<(\w+)>", prefix)))
    return _layout(grown, stamps.Clock(form, now, zones))


def _year_told(lines: Sequence[str]) -> datetime | None:
    """Return the end of the year that a full date in the text of a line names."""
    full = next(form for form in stamps.FORMS if form.name == "ctime")
    years = [int(match["Y"]) for line in lines if (match := stamps.compiled(full).search(line[:2000]))]
    return datetime(max(years), 12, 31, tzinfo=UTC) if years else None


def _relaxed(head: str, form: stamps.Form) -> str:
    return head if form.name == "klog" else f"(?i:{head})"


def _form(  # noqa: C901 # one search in two loops, whose parts share what they found
    lines: Sequence[str], now: datetime
) -> tuple[stamps.Form, str] | None:
    """Return the form and prefix with the best cover; earlier in the line is better, then earlier in the table."""
    timed = [line for line in lines if _MAYBE.search(line, 0, REACH)]
    if len(timed) < max(1, 0.02 * len(lines)):
        return None
    candidates = []
    glance = lines[:: max(1, len(lines) // 40)]
    sight = timed[:: max(1, len(timed) // 40)]
    dated: set[str] = set()
    for order, form in enumerate(stamps.FORMS):
        if not any(stamps.compiled(form).search(line[:REACH]) for line in (timed[0], *sight)):
            continue
        pool = [line for line in timed if line not in dated] if form.name == "time" else timed
        found = {line: match.start() for line in pool if (match := stamps.compiled(form).search(line[:REACH]))}
        dated |= found.keys()
        starts = [found[line] for line in lines if line in found]
        if len(starts) >= max(1, 0.02 * len(lines)):
            candidates.append(
                (
                    -round(len(starts) / len(lines), 1),
                    sorted(starts)[len(starts) // 2] // 4,
                    _years_off(form, next(iter(found)), now),
                    order,
                    form,
                    len(starts) / len(lines),
                )
            )
    for _, start, _, _, form, share in sorted(candidates, key=lambda c: c[:4]):
        for prefix in _PREFIXES:
            try:
                pattern = _compiled(_relaxed(prefix + form.pattern, form))
            except re.error:
                continue
            if not any(pattern.match(line) for line in glance):
                continue
            fits = [bool(pattern.match(line)) for line in lines]
            covered = sum(fits) / len(lines)
            if prefix == _ANYTHING and covered < 0.9:
                continue
            if covered >= 0.9 * share and (
                covered >= 0.5
                or (start < 10 and _rest_continues(lines, fits))
                or (not start and form.name in _FULL and prefix in _HEADINGS)
            ):
                return form, prefix
    return None


def _years_off(form: stamps.Form, line: str, now: datetime) -> int:
    """Return how many years ago a line was written if its two digits of a year are read by this form; more when that is to come."""
    match = stamps.compiled(form).search(line[:REACH])
    if match is None or not match.groupdict().get("y"):
        return 0
    at = stamps.Clock(form, now, set()).read(match.groupdict())
    years = (now.timestamp() - at) / (365 * 86_400) if at is not None else -1.0
    return 100 if years < -0.01 else int(years)


def _rest_continues(lines: Sequence[str], fits: Sequence[bool]) -> bool:
    others = [line for line, fit in zip(lines, fits, strict=True) if not fit]
    return fits[0] and sum(bool(CONTINUES.match(line)) for line in others) >= 0.6 * len(others)


CONTINUES = re.compile(
    r"\s|[})\]]|at |Caused by:|Suppressed:|Traceback \(|\.\.\. \d+ more|During handling of|The above exception|goroutine \d|"
    r"#\d{1,4} \S|\[stacktrace\]|Stack trace:|stack backtrace:|note: (?:run with|Some details)|\[signal |created by |exit status \d|"
    r"\S{1,200}\.rb:\d+:in [`'][^`']{1,120}'\s*$|"
    r"(?:[a-zA-Z_]\w*\.){0,12}[A-Z]\w*(?:Error|Exception|Warning|Interrupt|Exit)\b"
)
"""How lines begin that belong to the event before them."""


def _levelled(lines: Sequence[str]) -> Layout | None:
    for pattern in (
        rf"\d{{1,12}}\s+\[(?P<bracket>[^\]]{{0,80}})\]\s+(?P<level>{levels.UPPER})\s",
        r"(?P<level>[A-Z]{4})\[\d{4,9}\]",
        rf"(?P<level>{levels.UPPER}):(?P<logger>[\w.-]{{1,160}}):",
        _LEVEL_UPPER,
        rf"(?P<level>(?i:{levels.ANY})):",
    ):
        matches = _hits(pattern, lines)
        if matches >= 0.9 * len(lines):
            return _layout(_grow(pattern, lines, taken=frozenset({"level"})), None)
    return None


def _grow(head: str, lines: Sequence[str], taken: frozenset[str]) -> str:
    used: Counter[str] = Counter()
    closed = False
    rests = _behind(_compiled(head), lines)
    for _ in range(12):
        piece = _next(rests, used, taken | ({"process", "logger"} if closed else set()))
        if piece is None:
            break
        name, text = piece
        used[name] += 1
        if name in {"level", "skip"}:
            closed = _colons(text, rests) > 0.5
        rests = _behind(_compiled(text), rests)
        text = _fresh(text, taken)
        taken |= set(re.findall(r"\(\?P<(\w+)>", text))
        head = f"{head}\\s*{text}"
    return head + r"\s*"


def _behind(pattern: re.Pattern[str], lines: Iterable[str]) -> list[str]:
    """Return what stands behind the pattern in the lines that begin with it."""
    return [line[match.end() :].lstrip() for line in lines if (match := pattern.match(line))]


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _hits(pattern: str, rests: Sequence[str]) -> int:
    """Return how many begin with the pattern; 0 where a handful of them shows that nearly none does."""
    match = _compiled(pattern).match
    if not any(match(rest) for rest in rests[:: max(1, len(rests) // _HANDFUL)]):
        return 0
    return sum(1 for rest in rests if match(rest))


def _colons(text: str, rests: Sequence[str]) -> float:
    """Return the share of lines where the level ends with a colon: the message begins behind it, and no logger."""
    ends = [match.group().endswith(":") for rest in rests if (match := _compiled(text).match(rest))]
    return sum(ends) / max(1, len(ends))


def _fresh(text: str, taken: frozenset[str]) -> str:
    """Return the piece with groups that the header already has made anonymous."""
    return re.sub(r"\(\?P<(\w+)>", lambda m: "(?:" if m[1] in taken else m[0], text)


def _next(rests: Sequence[str], used: Counter[str], taken: frozenset[str]) -> tuple[str, str] | None:
    rests = [rest for rest in rests if rest]
    if not rests:
        return None
    named = {"process", "logger"} & taken
    for piece in _PIECES:
        if used[piece.name] >= piece.most or (piece.name in {"level", "letter"} and "level" in taken):
            continue
        if piece.name in {"syslog", "process", "logger", "dashed", "place"} and (named or ("level" in taken and piece.name == "syslog")):
            continue
        if (piece.name == "rfc5424" and "rfc5424" not in taken) or (piece.name in {"module", "slashed"} and "level" in taken):
            continue
        if piece.name == "below" and used:
            continue
        if piece.name == "letter" and not {"pid"} & taken and used["bracket"] == 0 and len({rest[:1] for rest in rests}) < 2:
            continue
        if piece.name == "logger" and "level" in taken and len(set(rests)) < 4 and not _NAME.match(rests[0]):
            continue  # of so few lines nobody can tell a logger from a message that begins with a word and a colon
        hits = _hits(piece.pattern, rests)
        if hits >= piece.share * len(rests):
            optional = hits < 0.999 * len(rests) and piece.name not in {"syslog", "logger", "process"}
            text = f"(?:{piece.pattern})?" if optional else piece.pattern
            return piece.name, text if hits == len(rests) or optional else f"(?:{piece.pattern})?"
    return None if "level" in taken or used["skip"] else _skip(rests)


def _skip(rests: Sequence[str]) -> tuple[str, str] | None:
    """Return the piece that leaps over words to the level, where nearly all lines have one near."""
    exact = [
        rf"(?P<context>(?:\S+\s+){{{words}}}){_LEVEL if words < 3 else _LEVEL_UPPER}" for words in range(1, 9)
    ]  # fmt: skip
    colons = rf"(?P<context>:\S{{0,160}}?:)(?P<level>{levels.UPPER}):"
    near = rf"(?P<context>(?:[^\s:]\S*\s+){{0,3}}?){_LEVEL_COLON}"
    for share, patterns in ((0.99, exact), (0.85, [near, colons]), (0.9, exact)):
        for pattern in patterns:
            hits = _hits(pattern, rests)
            if hits >= share * len(rests):
                return "skip", pattern if hits == len(rests) else f"(?:{pattern})?"
    hits = _hits(_LEVEL_UPPER, rests)
    return ("skip", f"(?:{_LEVEL_UPPER})?") if hits >= 0.3 * len(rests) else None


def _layout(pattern: str, clock: stamps.Clock | None) -> Layout:
    compiled = re.compile(pattern + _ABSENT)
    return Layout(compiled, clock, tuple(name if name in compiled.groupindex else "absent" for name in _READ))
