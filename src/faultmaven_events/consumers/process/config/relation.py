"""Relations between settings, as a rule writes them: `work_mem * max_connections > 16GB`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Final

from faultmaven_events.consumers.process.config.entry import Entry
from faultmaven_events.consumers.process.config.measure import Kind, measure

_SIDES: Final = re.compile(r"^(?P<left>.+?)\s*(?P<sign>[<>]=?|==)\s*(?P<right>.+)$")
_FOLD: Final = str.maketrans("-", "_")


@dataclass(frozen=True, slots=True)
class Relation:
    """A product of terms on each side; a term is the last part of a path, or a quantity.

    `scope` matches the path of a section whose own settings are compared; those of sections that `inherit` matches stand in for them.
    `bare` is the unit of a number without one, `defaults` what counts where a setting is absent; without a value the relation is silent.
    """

    left: tuple[str, ...]
    sign: str
    right: tuple[str, ...]
    kind: Kind
    scope: re.Pattern[str] | None = None
    inherit: re.Pattern[str] | None = None
    bare: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)


def relation(row: Mapping[str, object]) -> Relation:
    """Read the fields `when`, `kind`, `scope`, `inherit`, `bare`, `defaults` of a rule.

    Raises:
        ValueError: `when` is no comparison.
    """
    match = _SIDES.match(str(row["when"]))
    if match is None:
        raise ValueError("`when` compares two products")
    sides = [tuple(term.strip() for term in side.split(" * ")) for side in (match["left"], match["right"])]
    scope, inherit = (re.compile(str(row[name])) if name in row else None for name in ("scope", "inherit"))
    tables = [{str(k): str(v) for k, v in table.items()} if isinstance(table := row.get(n), dict) else {} for n in ("bare", "defaults")]
    kind: Kind = "time" if row.get("kind") == "time" else "size" if row.get("kind") == "size" else "count"
    return Relation(sides[0], match["sign"], sides[1], kind, scope, inherit, *tables)


def holding(rule: Relation, entries: Sequence[Entry]) -> Iterator[tuple[Entry, str]]:
    """Yield the last entry involved and the values compared, for every section in which the relation holds."""
    for own in _sections(rule, entries):
        inherited = [entry for entry in entries if rule.inherit and rule.inherit.search(entry.path)]
        used: dict[str, Entry] = {}
        for entry in (*inherited, *own):  # what stands later, and in the section itself, counts
            used[_name(entry.key)] = used[_name(entry.path)] = entry
        numbers = [[_number(rule, term, used) for term in side] for side in (rule.left, rule.right)]
        named = [used[_name(term)] for term in (*rule.left, *rule.right) if _name(term) in used]
        here = [entry for entry in named if entry in own]
        if here and all(number is not None for side in numbers for number in side) and _compared(rule.sign, *numbers):
            yield max(here, key=lambda entry: entry.line), ", ".join(f"{entry.key} {entry.value}" for entry in named)


def _sections(rule: Relation, entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    if rule.scope is None:
        yield list(entries)
        return
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        if match := rule.scope.search(entry.path):
            found.setdefault(match[0], []).append(entry)
    yield from found.values()


def _number(rule: Relation, term: str, used: Mapping[str, Entry]) -> float | None:
    if entry := used.get(_name(term)):
        return measure(entry.value, rule.kind, rule.bare.get(term, ""))
    return measure(rule.defaults.get(term, term), rule.kind, rule.bare.get(term, ""))


def _name(key: str) -> str:
    return key.lower().translate(_FOLD)


def _compared(sign: str, left: Sequence[float | None], right: Sequence[float | None]) -> bool:
    mine, other = prod(number or 0.0 for number in left), prod(number or 0.0 for number in right)
    return {"<": mine < other, "<=": mine <= other, ">": mine > other, ">=": mine >= other, "==": mine == other}[sign]
