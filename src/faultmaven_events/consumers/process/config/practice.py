"""Rules of good practice over the entries of a configuration. The rules are data: `practices/*.toml`, fields in `practices/README.md`."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Any, Final

from faultmaven_events.consumers.process.config.entry import Entry
from faultmaven_events.consumers.process.config.measure import Kind, measure
from faultmaven_events.consumers.process.config.relation import Relation, holding, relation
from faultmaven_events.consumers.process.note import Note
from faultmaven_events.schemas.insight import Scalar

WEIGHTS: Final = {"high": 4.0, "medium": 2.4, "low": 1.0}
MOST_PER_RULE: Final = 5
MOST_SCOPES: Final = 200
"""Sections of one file that are searched for what they lack."""
_VALUE_LIMIT: Final = 2_000
"""Characters of a value that patterns are run over."""

Pattern = re.Pattern[str]
Place = tuple[Entry, str]
"""Where a rule is broken, and how the text names it."""


@dataclass(frozen=True, slots=True)
class Practice:
    """One rule; patterns are searched in the path and in the value, `missing` is a path below each match of `each`."""

    id: str
    dialects: tuple[str, ...]
    what: str
    reason: str
    fix: str
    severity: str
    source: str
    file: str
    bad: str
    good: str
    path: Pattern | None
    value: Pattern | None
    each: Pattern | None
    missing: Pattern | None
    below: float | None
    above: float | None
    kind: Kind
    bare: str
    relation: Relation | None
    also: tuple[tuple[Pattern, Pattern], ...]
    unless: tuple[tuple[Pattern, Pattern], ...]


@cache
def practices() -> tuple[Practice, ...]:
    """All rules of the data files, in the order of their names."""
    folder = files(__package__).joinpath("practices")
    tables = sorted((one for one in folder.iterdir() if one.name.endswith(".toml")), key=lambda one: one.name)
    return tuple(_practice(row, table) for one in tables for table in (tomllib.loads(one.read_text("utf-8")),) for row in table["practice"])


def _practice(row: Mapping[str, Any], table: Mapping[str, Any]) -> Practice:
    patterns = {name: re.compile(row[name], re.IGNORECASE) if name in row else None for name in ("path", "value", "each", "missing")}
    kind: Kind = row.get("kind", "count")
    bare = row.get("bare", "")
    below, above = (measure(str(row[name]), kind) if name in row else None for name in ("below", "above"))
    return Practice(
        **{name: str(row[name]) for name in ("id", "what", "reason", "fix", "severity", "source", "bad", "good")},
        path=patterns["path"],
        value=patterns["value"],
        each=patterns["each"],
        missing=patterns["missing"],
        dialects=tuple(row.get("dialects") or table["dialects"]),
        file=row.get("file") or table["file"],
        below=below,
        above=above,
        kind=kind,
        bare=bare if isinstance(bare, str) else "",
        relation=relation(row) if "when" in row else None,
        also=_pairs(row.get("also", ())),
        unless=_pairs(row.get("unless", ())),
    )


def _pairs(rows: Iterable[Sequence[str]]) -> tuple[tuple[Pattern, Pattern], ...]:
    return tuple((re.compile(path, re.IGNORECASE), re.compile(value, re.IGNORECASE)) for path, value in rows)


def broken_practices(entries: Sequence[Entry], dialect: str, product: str | None) -> Iterator[Note]:
    """Every place where a rule of this dialect is broken."""
    for practice in practices():
        if dialect in practice.dialects and _applies(practice, entries):
            for entry, name in islice(_places(practice, entries), MOST_PER_RULE):
                yield _note(practice, entry, name, product)


def _applies(practice: Practice, entries: Sequence[Entry]) -> bool:
    return all(_any(pair, entries) for pair in practice.also) and not any(_any(pair, entries) for pair in practice.unless)


def _any(pair: tuple[Pattern, Pattern], entries: Sequence[Entry]) -> bool:
    path, value = pair
    return any(path.search(entry.path) and value.search(entry.value[:_VALUE_LIMIT]) for entry in entries)


def _places(practice: Practice, entries: Sequence[Entry]) -> Iterator[Place]:
    if practice.relation:
        return holding(practice.relation, entries)
    return _absent(practice, entries) if practice.each else _present(practice, entries)


def _present(practice: Practice, entries: Sequence[Entry]) -> Iterator[Place]:
    for entry in entries:
        if practice.path is not None and not practice.path.search(entry.path):
            continue
        if practice.value is not None and not practice.value.search(entry.value[:_VALUE_LIMIT]):
            continue
        if _out_of_range(practice, entry.value):
            ranged = practice.below is not None or practice.above is not None
            yield entry, f"{entry.path} {entry.value[:80]}" if ranged else entry.path  # other values may be secrets


def _out_of_range(practice: Practice, value: str) -> bool:
    """True where no range is given."""
    if practice.below is None and practice.above is None:
        return True
    number = measure(value, practice.kind, practice.bare)
    if number is None:
        return False
    return (practice.below is not None and number < practice.below) or (practice.above is not None and number > practice.above)


def _absent(practice: Practice, entries: Sequence[Entry]) -> Iterator[Place]:
    scopes: dict[str, Entry] = {}
    for entry in entries:
        if practice.each and (match := practice.each.search(entry.path)):
            scopes.setdefault(entry.path[: match.end()], entry)
    for scope, first in islice(scopes.items(), MOST_SCOPES):
        rests = (entry.path[len(scope) :] for entry in entries if entry.path.startswith(scope))
        if practice.missing and not any(practice.missing.search(rest) for rest in rests if not scope or rest[:1] in {"", ".", "["}):
            yield first, scope


def _note(practice: Practice, entry: Entry, place: str, product: str | None) -> Note:
    attributes: dict[str, Scalar] = {
        "rule": practice.id,
        "severity": practice.severity,
        "fix": practice.fix,
        "reason": practice.reason,
        "source": practice.source,
        "path": entry.path if practice.each is None else place,
        "line": entry.line,
    }
    text = f"{practice.what}{f' ({place})' if place else ''}: {practice.reason} {practice.fix}"
    return Note("config_finding", text, entry.line, weight=WEIGHTS[practice.severity], component=product, attributes=attributes)
