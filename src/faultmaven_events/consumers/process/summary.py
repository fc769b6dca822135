"""A file in two or three sentences: what was read, and what stands out."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from faultmaven_events.consumers.process.note import shortened
from faultmaven_events.schemas.insight import Fact, Insights

LIMIT: Final = 2_000
SENTENCE: Final = 320
KINDS_NAMED: Final = 8
_NAMES: Final[dict[str, tuple[float, str, str]]] = {
    "exception": (9, "exception", "exceptions"),
    "limit": (8, "limit reached", "limits reached"),
    "http_errors": (8, "failing route", "failing routes"),
    "span_errors": (8, "failing operation", "failing operations"),
    "injection": (8, "line that tries to give instructions", "lines that try to give instructions"),
    "error": (7, "error", "errors"),
    "unhealthy": (7, "unhealthy resource", "unhealthy resources"),
    "network": (7, "network problem", "network problems"),
    "critical_path": (7, "critical path", "critical paths"),
    "alert": (6.5, "alert", "alerts"),
    "config_finding": (6, "configuration finding", "configuration findings"),
    "event": (6, "cluster event", "cluster events"),
    "latency": (6, "slower route", "slower routes"),
    "change": (6, "change", "changes"),
    "config_change": (6, "changed setting", "changed settings"),
    "error_chain": (6, "chain of errors", "chains of errors"),
    "saturation": (6, "value at its limit", "values at their limit"),
    "validity": (5, "validity date", "validity dates"),
    "change_point": (5, "change point", "change points"),
    "web_finding": (5, "finding of the browser", "findings of the browser"),
    "slow_request": (5, "slow request", "slow requests"),
    "call_pattern": (5, "call pattern", "call patterns"),
    "slow_spans": (4.5, "slow operation", "slow operations"),
    "restart": (4, "restart", "restarts"),
    "silence": (4, "silence", "silences"),
    "burst": (4, "burst", "bursts"),
    "anomaly": (4, "anomaly", "anomalies"),
    "precursor": (4, "precursor", "precursors"),
    "clock_skew": (4, "clock difference", "clock differences"),
    "time_back": (4, "jump of the clock", "jumps of the clock"),
    "not_analysed": (4, "part not analysed", "parts not analysed"),
    "warning": (3, "warning", "warnings"),
    "first_seen": (3, "new message", "new messages"),
    "not_unpacked": (3, "kind of file not unpacked", "kinds of files not unpacked"),
    "unpacked": (2, "archive unpacked", "archives unpacked"),
    "row": (2, "notable line", "notable lines"),
    "listening": (1.5, "listening address", "listening addresses"),
    "dependency": (1.5, "dependency", "dependencies"),
    "setting": (1, "notable setting", "notable settings"),
    "steady": (1, "steady series", "steady series"),
    "title": (0, "", ""),
    "outline": (0, "", ""),
}
"""What a summary names first, and how: weight, one, several. Others are named as they are; what weighs nothing is told, not counted."""
_UNKNOWN: Final = (1.0, "", "")
_CLOCK: Final = re.compile(r"date\b")
OPENING: Final = 80
SHORTEST: Final = 20
"""Characters by which two texts are told to say the same, and those that a text must have to be part of another."""
_COUNTED: Final = frozenset({"log", "trace"})
"""Types whose facts are told by how often they happened; those of others stand in the order of their weight."""


def summary(insights: Insights) -> str:
    """Return one to three sentences: what was read, and what stands out; at most 2,000 characters."""
    kinds = Counter(fact.kind for fact in insights.facts)
    ranked = sorted((kind for kind in kinds if _NAMES.get(kind, _UNKNOWN)[0]), key=lambda kind: -_NAMES.get(kind, _UNKNOWN)[0])
    found = ", ".join(_many(kinds[kind], kind) for kind in ranked[:KINDS_NAMED])
    more = f" and {len(ranked) - KINDS_NAMED} other kinds of facts" if len(ranked) > KINDS_NAMED else ""
    said = f"Found: {found}{more}." if found else "" if kinds else "Nothing stands out."
    sentences = (_sentence(fact.text) for fact in _best(insights))
    return " ".join(part for part in (_read(insights), said, *sentences) if part)[:LIMIT]


def _read(insights: Insights) -> str:
    who = f" of {insights.component}" if insights.component else ""
    what = insights.classification.type.replace("_", " ")
    lines = f"{insights.lines:,} line{'' if insights.lines == 1 else 's'}"
    return f"{lines}{who} ({what}{_span(insights)})."


def _span(insights: Insights) -> str:
    """From when to when: the day once where it is one day."""
    start, end = insights.start, insights.end
    if start is None or end is None:
        return ""
    if f"{start:%Y-%m-%d %H:%M:%S}" == f"{end:%Y-%m-%d %H:%M:%S}":
        return f", {start:%Y-%m-%d %H:%M:%S} UTC"
    until = f"{end:%H:%M:%S}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M:%S}"
    return f", {start:%Y-%m-%d %H:%M:%S} to {until} UTC"


def _many(count: int, kind: str) -> str:
    _, one, several = _NAMES.get(kind, _UNKNOWN)
    plain = kind.replace("_", " ")
    return f"{count:,} {(one or plain) if count == 1 else (several or f'{plain}s')}"


def _best(insights: Insights) -> Sequence[Fact]:
    """The two facts to tell; not twice the same thing, as a limit and an error of the same words are."""
    counted = insights.classification.type in _COUNTED
    chosen: list[Fact] = []
    for fact in sorted(insights.facts, key=_by_kind_and_count if counted else _is_minor):
        if len(chosen) < 2 and not _CLOCK.match(str(fact.attributes.get("command") or "")) and not any(_same(fact, one) for one in chosen):
            chosen.append(fact)
    return chosen


def _by_kind_and_count(fact: Fact) -> tuple[float, int]:
    return -_NAMES.get(fact.kind, _UNKNOWN)[0], -fact.count


def _is_minor(fact: Fact) -> bool:
    return 0 < _NAMES.get(fact.kind, _UNKNOWN)[0] < 2


def _same(fact: Fact, other: Fact) -> bool:
    shorter, longer = sorted((fact.text, other.text), key=len)
    if shorter == longer or (len(shorter) >= SHORTEST and shorter[:OPENING] in longer):
        return True
    return fact.kind == other.kind == "row" and _places(fact) == _places(other)


def _places(fact: Fact) -> set[tuple[int, int]]:
    return {(one.line_start, one.line_end) for one in fact.citations}


def _sentence(text: str) -> str:
    short = shortened(text, SENTENCE)
    return short if short.endswith((".", "…", "!", "?")) else f"{short}."
