"""How well a change explains a mechanism: time, place, kind, the very words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from faultmaven_events.consumers.reason.offline.case import Case
from faultmaven_events.consumers.reason.offline.change import Change
from faultmaven_events.consumers.reason.offline.locks import Chain
from faultmaven_events.consumers.reason.offline.match import Sighting
from faultmaven_events.consumers.reason.offline.ruleset import Cause, words
from faultmaven_events.consumers.reason.offline.trend import Trend

_SLACK: Final = 3.0
"""Seconds that a change may be recorded after its first effect."""
_AT_ONCE: Final = 20.0
_MEASURES: Final = frozenset({"ms", "s", "size", "used", "count", "status", "retained", "message", "error", "how", "reason", "mode"})
_ENOUGH: Final = 1.2
_LOCKLESS: Final = re.compile(
    r"^\s*(?:grant|revoke|create (?:role|user|database)|alter (?:role|user|system|database)|set|analyze)\b", re.IGNORECASE
)
"""Statements that lock no table for longer than a moment."""
_TELLING: Final = re.compile(r"[A-Za-z0-9_.:/-]{3,}")
_SQL: Final = frozenset(
    [
        "alter",
        "table",
        "index",
        "drop",
        "create",
        "role",
        "column",
        "statement",
        "timeout",
        "select",
        "update",
        "where",
        "from",
        "concurrently",
        "default",
        "constraint",
        "database",
        "system",
    ]
)
_COMMON: Final = frozenset(["true", "false", "none", "null", "http", "https", "the", "and", "for", "localhost", "default", "orders"])


@dataclass(frozen=True, slots=True)
class Signs:
    """What a change would have to explain: lines, moves of series, and since when."""

    sightings: Sequence[Sighting]
    trends: Sequence[Trend]
    since: float | None


@dataclass(frozen=True, slots=True)
class Fit:
    """A change with its points, and why it got them."""

    change: Change
    score: float
    reasons: tuple[str, ...]


def best_change(case: Case, cause: Cause, signs: Signs) -> list[Fit]:
    """Return the changes that may have brought a mechanism, best first; empty when none fits."""
    if not cause.changes and not cause.aspects and cause.words is None:
        return []
    fits = [f for c in case.changes if (f := fit(case, cause, c, signs)) is not None]
    fits.sort(key=lambda f: (-f.score, f.change.at or 0.0, f.change.id))
    exact = _exact(case, cause, fits[0].change) if fits else None
    return [replace(fits[0], change=exact), *fits[1:]] if exact else fits


def _exact(case: Case, cause: Cause, change: Change) -> Change | None:
    """The edit that a record speaks of, where the edit itself is about the cause: it tells the value."""
    edits = [c for c in case.changes if c.edit and change.citation in c.extra] if not change.edit and cause.words else []
    told = next((c for c in edits if cause.words and cause.words.search(c.text)), None)
    return replace(told, component=change.component or told.component) if told else None


def fit(case: Case, cause: Cause, change: Change, signs: Signs) -> Fit | None:
    """Weigh one change; None when it came too late, is of another kind, or has too few points."""
    if change.kind == "alert" or (not change.edit and words("undone").search(change.text)):
        return None
    if cause.broad and not change.edit and words("inert").search(change.text):
        return None
    if cause.blocking and (_LOCKLESS.search(change.text) or (case.lock and _queued(case.lock, change))):
        return None
    kind = cause.changes.get(change.kind)
    common = set(cause.aspects) & change.aspects
    said = cause.words.search(f"{change.text} {change.values.get('record', '')}") if cause.words else None
    names = _names(change, signs.sightings) if said and kind is None else None
    kind = 0.3 if names else kind
    if (kind is None and (not common or cause.kinds_only)) or (cause.words_required and not said and not common):
        return None
    stray = not common and ((change.edit and bool(cause.aspects)) or (cause.words is not None and not said and change.kind == "ddl"))
    points: list[tuple[float, str]] = [(change.weight + (kind or 0.0), f"a {change.kind} can bring this")]
    when = _time(change, signs.since, case)
    if when is None or (cause.onset == "signs" and change.kind == "release" and _early(change, signs.since)):
        return None
    points += [when, _place(case, cause, change, signs.sightings, signs.trends), (-0.9 if stray else 0.0, "")]
    if common:
        points.append((0.8, f"the edit is of the kind that does this ({', '.join(sorted(common))})"))
    if said:
        points.append((0.7, f"its text says '{said[0]}'"))
    if names:
        points.append((0.6, f"it names {names}"))
    literal = _literal(change, signs.sightings)
    if literal:
        points.append((1.4, f"its new value {literal} stands in the failing lines"))
    total = sum(p for p, _ in points)
    return Fit(change, total, tuple(text for p, text in points if p > 0)) if total >= _ENOUGH else None


def _queued(lock: Chain, change: Change) -> bool:
    """What only waits for the lock has not taken it; where the holder is known, only a change of its own counts."""
    text = f"{change.values.get('what', '')} {change.text}"
    own = lock.holds(text) or bool(change.component and lock.holds(change.component))
    return not own and (bool(lock.head.name) or lock.waits(text))


def _names(change: Change, sightings: Sequence[Sighting]) -> str | None:
    """A name that the signs carry (a slot, a queue, a host) and the change's text holds."""
    text = f"{change.text} {change.values.get('record', '')}"
    held = sorted({v for s in sightings for k, v in s.values.items() if k not in _MEASURES and len(v) >= 4 and not v.isdigit()})
    return next((v for v in held if re.search(rf"(?<![\w-]){re.escape(v)}(?![\w-])", text)), None)


def _early(change: Change, since: float | None) -> bool:
    """What a release breaks shows with its first work."""
    return change.at is not None and since is not None and since - change.at > _AT_ONCE


def _time(change: Change, reference: float | None, case: Case) -> tuple[float, str] | None:
    if change.at is None or reference is None:
        return (0.2, "its time is not known")
    lead = reference - change.at
    if lead < -_SLACK:
        return None
    if case.start is not None and change.at < case.start - 3600:
        return (-1.0, "it is old")
    for limit, score in ((5, 1.3), (20, 1.1), (60, 0.8), (180, 0.4), (1800, 0.1)):
        if lead <= limit:
            return (score, f"it came {max(lead, 0):.0f} s before the first sign")
    return (-0.3, "it came long before")


def _place(case: Case, cause: Cause, change: Change, sightings: Sequence[Sighting], trends: Sequence[Trend]) -> tuple[float, str]:
    if change.component is None:
        return (0.0, "")
    near = {s.writer for s in sightings if s.writer} | {
        c for s in sightings for k in ("address", "host", "process", "server", "backend") if (c := case.graph.find(s.values.get(k)))
    }
    near |= {case.graph.find(case.lock.head.name) or case.lock.head.name} if case.lock and cause.blocking and case.lock.head.name else set()
    near |= {c for t in trends for c in case.graph.mentioned(t.series)} | {c for t in trends if (c := case.component(t.file))}
    if change.component in near:
        return (0.9, f"it changed {change.component}, which shows the signs")
    reached = {n for c in near for n in case.graph.downstream(c)}
    if change.component in reached:
        return (0.4, f"{change.component} is called by what shows the signs")
    if any(n in case.graph.downstream(change.component) for n in near):
        return (0.3, f"{change.component} calls what shows the signs")
    return (-0.6, "")


def _literal(change: Change, sightings: Sequence[Sighting]) -> str | None:
    """A distinctive new value of an edit that the failing lines contain and the old value does not."""
    new, old = change.values.get("new", ""), change.values.get("old", "")
    lines = [q for s in sightings for q in (s.quote, s.last.quote)]
    if change.kind == "ddl":
        return _object(change.text, lines)
    if not change.edit or not new:
        return None
    fresh = [t for t in _TELLING.findall(new) if t not in old and t.lower() not in _COMMON and (not t.isdigit() or len(t) >= 3)]
    parts = [*fresh, *(p for t in fresh for p in t.split(":") if len(p) >= 4 and p not in old)]
    return next((p for p in parts if any(re.search(rf"(?<![\w]){re.escape(p)}(?![\w])", q) for q in lines)), None)


def _object(statement: str, lines: Sequence[str]) -> str | None:
    """A table, column or role that an administrative statement names (an index is named after its column) and the failing lines contain."""
    names = {n for token in re.findall(r"[a-z][a-z0-9_]{3,}", statement.lower()) for n in _parts(token)}
    text = " ".join(lines).lower()
    return next(
        (n for n in sorted(names, key=lambda n: (-len(n), n)) if n not in _SQL and re.search(rf"(?<!\w){re.escape(n)}(?!\w)", text)), None
    )


def _parts(name: str) -> list[str]:
    words = re.sub(r"_(?:idx|index|key|pkey|fk)$", "", name).split("_")
    return [name, *("_".join(words[i:]) for i in range(len(words)) if len("_".join(words[i:])) > 3)]
