"""The header of a plain log line, learned per file: where the time stands, and what follows it until the message begins.

A header is grown piece by piece from a sample: after the time, whatever most lines have next (level, bracket, number, logger ...) belongs
to it. What comes out is one compiled pattern. Nothing here knows products.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

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
    Piece("level", _LEVEL, 0.8),
    Piece("letter", _LETTER, 0.95),
    Piece("separator", r"(?:[-|:,;>~]|--|---|\u2013|\u2014)(?=\s|$)", 0.9, 3),
    Piece("erlang", r"<\d+\.\d+\.\d+>", 0.9),
    Piece("bracket", r"\[(?P<bracket>(?:[^\[\]]|\[[^\[\]]{0,120}\]){0,400})\]:?", 0.9, 3),
    Piece("worker", r"(?P<pid>\d+)#\d+:", 0.9),
    Piece("serial", r"\*\d+(?=\s)", 0.6),
    Piece("number", r"(?:pid[:=])?(?P<pid>\d+)(?=\s|:\s):?", 0.95, 2),
    Piece("syslog", r"(?P<host>[\w.-]+)\s+(?P<process>[A-Za-z][^\s:\[\]]{0,60})(?:\[(?P<pid>\d+)\])?:(?=\s|$)", 0.85),
    Piece("place", r"(?P<logger>[\w./-]+\.[A-Za-z]{1,4}:\d+)[\])]?:?(?=\s)", 0.9),
    Piece("process", r"(?P<process>[A-Za-z_][\w.$/()@+-]{0,100})\[(?P<pid>\d+)\]:?(?=\s|$)", 0.9),
    Piece("symbol", r"[.*#](?=\s)", 0.9),
    Piece("logger", r"(?P<logger>[A-Za-z_][\w.$/()@+-]{0,160})\s*:(?=\s|$)", 0.9),
    Piece("dashed", r"(?P<logger>[A-Za-z_][\w.$:/]{1,160})\s+(?=-\s)", 0.9),
)

_ANYTHING = r"(?:\S{1,60}\s+){1,5}?[\[(\"']?"

_NAME = re.compile(r"[\w$]*(?:[a-z][A-Z]|\.\w)")

_PREFIXES = (
    r"[\[(<\"']?",
    r"<\d{1,3}>(?:\d+\s)?",
    rf"{_LEVEL}\s*[\[(]?",
    r"(?P<level>[IWEFD])",
    r"(?P<pid>\d+):[A-Z] ",
    r"(?P<process>[\w./-]+)(?:\[(?P<pid>\d+)\])?\s*[|:]\s+[\[(]?",
    r"\[[^\]]{0,80}\]\s+[\[(]?",
    r"(?:[\w.-]+(?::\d+)? )?(?P<host>[\w.:<>-]+) (?:\S+ ){1,2}\[",
    _ANYTHING,
)


@dataclass(slots=True)
class Head:
    """What a header says. `text` is the message."""

    at: float | None
    level: Level | None
    word: str | None
    logger: str | None
    process: str | None
    pid: str | None
    text: str


@dataclass(slots=True)
class Layout:
    """A learned header."""

    pattern: re.Pattern[str]
    clock: stamps.Clock | None
    names: frozenset[str]
    sample_share: float

    def read(self, line: str) -> Head | None:
        """Split one line, None when it has no such header."""
        match = self.pattern.match(line)
        if match is None:
            return None
        groups = match.groupdict()
        word, bracket, pid = groups.get("level"), groups.get("bracket"), groups.get("pid")
        if bracket and bracket.isdigit():
            bracket, pid = None, pid or bracket
        return Head(
            at=self.clock.read(groups) if self.clock else None,
            level=(levels.WORDS.get(word.lower()) or levels.LETTERS.get(word)) if word else None,
            word=word,
            logger=groups.get("logger") or bracket or (groups.get("context") or "").strip(" -|:"),
            process=groups.get("process"),
            pid=pid,
            text=line[match.end() :],
        )


def learn(sample: Sequence[str], now: datetime, zones: set[str]) -> Layout | None:
    """Return the layout that fits most lines of the sample, None when they have neither times nor levels at their head."""
    lines = [line for line in sample if line and not line[0].isspace()]
    if not lines:
        return None
    found = _form(lines)
    if found is None:
        return _levelled(lines)
    form, prefix = found
    if not stamps.groups_of(form.pattern) & {"Y", "y", "e", "u"}:
        now = _year_told(lines) or now
    stamp = form.pattern
    head = f"{prefix}{stamp}[\\])>\"']?"
    if form.name == "epoch":
        head += r"(?:\s+\d{4}[-./]\d\d[-./]\d\d(?![\dT:]))?"
    if sum(1 for line in lines if (match := re.match(_relaxed(head, form), line)) and line[match.end() :].strip()) < 0.5 * sum(
        1 for line in lines if re.match(_relaxed(head, form), line)
    ):
        return None  # the time ends the line: it belongs to the message
    grown = _grow(_relaxed(head, form), lines, taken=frozenset(re.findall(r"\(\?P<(\w+)>", prefix)))
    return _layout(grown, lines, stamps.Clock(form, now, zones))


def _year_told(lines: Sequence[str]) -> datetime | None:
    """Return the end of the year that a full date in the text of a line names."""
    full = next(form for form in stamps.FORMS if form.name == "ctime")
    years = [int(match["Y"]) for line in lines if (match := stamps.compiled(full).search(line[:2000]))]
    return datetime(max(years), 12, 31, tzinfo=UTC) if years else None


def _relaxed(head: str, form: stamps.Form) -> str:
    return head if form.name == "klog" else f"(?i:{head})"


def _form(lines: Sequence[str]) -> tuple[stamps.Form, str] | None:
    """Return the form and prefix with the best cover; earlier in the line is better, then earlier in the table."""
    candidates = []
    glance = lines[:: max(1, len(lines) // 40)]
    dated: set[str] = set()
    for order, form in enumerate(stamps.FORMS):
        if not any(stamps.compiled(form).search(line[:REACH]) for line in (lines[0], *glance)):
            continue
        pool = [line for line in lines if line not in dated] if form.name == "time" else lines
        found = {line: match.start() for line in pool if (match := stamps.compiled(form).search(line[:REACH]))}
        dated |= found.keys()
        starts = [found[line] for line in lines if line in found]
        if len(starts) >= max(1, 0.02 * len(lines)):
            candidates.append(
                (-round(len(starts) / len(lines), 1), sorted(starts)[len(starts) // 2] // 4, order, form, len(starts) / len(lines))
            )
    for _, start, _, form, share in sorted(candidates, key=lambda c: c[:3]):
        for prefix in _PREFIXES:
            try:
                pattern = re.compile(_relaxed(prefix + form.pattern, form))
            except re.error:
                continue
            if not any(pattern.match(line) for line in glance):
                continue
            fits = [bool(pattern.match(line)) for line in lines]
            covered = sum(fits) / len(lines)
            if prefix == _ANYTHING and covered < 0.9:
                continue
            if covered >= 0.9 * share and (covered >= 0.5 or (start < 10 and _rest_continues(lines, fits))):
                return form, prefix
    return None


def _rest_continues(lines: Sequence[str], fits: Sequence[bool]) -> bool:
    others = [line for line, fit in zip(lines, fits, strict=True) if not fit]
    return fits[0] and sum(bool(CONTINUES.match(line)) for line in others) >= 0.6 * len(others)


CONTINUES = re.compile(
    r"\s|[})\]]|at |Caused by:|Suppressed:|Traceback \(|\.\.\. \d+ more|During handling of|The above exception|goroutine \d|"
    r"(?:[a-zA-Z_]\w*\.){0,12}[A-Z]\w*(?:Error|Exception|Warning|Interrupt|Exit)\b"
)
"""How lines begin that belong to the event before them."""


def _levelled(lines: Sequence[str]) -> Layout | None:
    for pattern in (rf"(?P<level>{levels.UPPER}):(?P<logger>[\\w.]+):", _LEVEL_UPPER, rf"(?P<level>(?i:{levels.ANY})):"):
        matches = sum(bool(re.match(pattern, line)) for line in lines)
        if matches >= 0.9 * len(lines):
            return _layout(_grow(pattern, lines, taken=frozenset({"level"})), lines, None)
    return None


def _grow(head: str, lines: Sequence[str], taken: frozenset[str]) -> str:
    used: Counter[str] = Counter()
    closed = False
    for _ in range(12):
        pattern = re.compile(head)
        rests = [line[match.end() :].lstrip() for line in lines if (match := pattern.match(line))]
        piece = _next(rests, used, taken | ({"process", "logger"} if closed else set()))
        if piece is None:
            break
        name, text = piece
        used[name] += 1
        if name in {"level", "skip"}:
            closed = _colons(text, rests) > 0.5
        text = _fresh(text, taken)
        taken |= set(re.findall(r"\(\?P<(\w+)>", text))
        head = f"{head}\\s*{text}"
    return head + r"\s*"


def _colons(text: str, rests: Sequence[str]) -> float:
    """Return the share of lines where the level ends with a colon: the message begins behind it, and no logger."""
    ends = [match.group().endswith(":") for rest in rests if (match := re.match(text, rest))]
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
        if piece.name == "letter" and not {"pid"} & taken and used["bracket"] == 0 and len({rest[:1] for rest in rests}) < 2:
            continue
        if piece.name == "logger" and "level" in taken and len(set(rests)) < 4 and not _NAME.match(rests[0]):
            continue  # of so few lines nobody can tell a logger from a message that begins with a word and a colon
        hits = sum(bool(re.match(piece.pattern, rest)) for rest in rests)
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
    near = rf"(?P<context>(?:[^\s:]\S*\s+){{0,3}}?){_LEVEL_COLON}"
    for share, patterns in ((0.99, exact), (0.85, [near]), (0.9, exact)):
        for pattern in patterns:
            hits = sum(bool(re.match(pattern, rest)) for rest in rests)
            if hits >= share * len(rests):
                return "skip", pattern if hits == len(rests) else f"(?:{pattern})?"
    hits = sum(bool(re.match(_LEVEL_UPPER, rest)) for rest in rests)
    return ("skip", f"(?:{_LEVEL_UPPER})?") if hits >= 0.3 * len(rests) else None


def _layout(pattern: str, lines: Sequence[str], clock: stamps.Clock | None) -> Layout:
    compiled = re.compile(pattern)
    share = sum(bool(compiled.match(line)) for line in lines) / len(lines)
    return Layout(compiled, clock, frozenset(compiled.groupindex), share)
