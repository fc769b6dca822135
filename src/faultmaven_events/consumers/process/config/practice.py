"""Rules of good practice over the entries of a configuration. The rules are data: `practices.toml`, where their fields are explained."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from faultmaven_events.consumers.process.config.entry import Entry
from faultmaven_events.consumers.process.note import Note

WEIGHTS = {"high": 4.0, "medium": 2.4, "low": 1.0}
MOST_PER_RULE = 5


@dataclass(frozen=True, slots=True)
class Practice:
    """One rule; patterns are searched in the path and in the value, `missing` is a path below each match of `each`."""

    id: str
    dialects: tuple[str, ...]
    what: str
    reason: str
    fix: str
    severity: str
    path: re.Pattern[str] | None
    value: re.Pattern[str] | None
    each: re.Pattern[str] | None
    missing: re.Pattern[str] | None
    also: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]


@cache
def practices() -> tuple[Practice, ...]:
    """All rules of the data file."""
    rows = tomllib.loads(files(__package__).joinpath("practices.toml").read_text("utf-8"))["practice"]
    return tuple(_practice(row) for row in rows)


def _practice(row: dict[str, str]) -> Practice:
    compiled = {name: re.compile(row[name], re.IGNORECASE) if name in row else None for name in ("path", "value", "each", "missing")}
    also = ((re.compile(row["also_path"], re.IGNORECASE), re.compile(row["also_value"], re.IGNORECASE)),) if "also_path" in row else ()
    return Practice(row["id"], tuple(row["dialects"]), row["what"], row["reason"], row["fix"], row["severity"], **compiled, also=also)


def broken_practices(entries: Sequence[Entry], dialect: str, product: str | None) -> Iterator[Note]:
    """Every place where a rule of this dialect is broken."""
    for practice in practices():
        if dialect in practice.dialects and _applies(practice, entries):
            places = _absent(practice, entries) if practice.each else _present(practice, entries)
            for number, (entry, name) in enumerate(places):
                if number < MOST_PER_RULE:
                    yield _note(practice, entry, name, product)


def _applies(practice: Practice, entries: Sequence[Entry]) -> bool:
    return all(any(path.search(entry.path) and value.search(entry.value) for entry in entries) for path, value in practice.also)


def _present(practice: Practice, entries: Sequence[Entry]) -> Iterator[tuple[Entry, str]]:
    for entry in entries:
        if (practice.path is None or practice.path.search(entry.path)) and (practice.value is None or practice.value.search(entry.value)):
            yield entry, entry.path


def _absent(practice: Practice, entries: Sequence[Entry]) -> Iterator[tuple[Entry, str]]:
    scopes: dict[str, Entry] = {}
    for entry in entries:
        if practice.each and (match := practice.each.search(entry.path)):
            scopes.setdefault(entry.path[: match.end()], entry)
    for scope, first in scopes.items():
        below = [entry for entry in entries if entry.path.startswith(scope)]
        if practice.missing and not any(practice.missing.search(entry.path[len(scope) :]) for entry in below):
            yield first, scope


def _note(practice: Practice, entry: Entry, place: str, product: str | None) -> Note:
    attributes = {"rule": practice.id, "severity": practice.severity, "fix": practice.fix, "path": place}
    text = f"{practice.what} ({place}): {practice.reason} {practice.fix}"
    return Note("config_finding", text, entry.line, weight=WEIGHTS[practice.severity], component=product, attributes=attributes)
