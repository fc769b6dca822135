"""Unified diffs of configuration files: which value changed from what to what. Comments, blank lines and pure moves are no change."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import SequenceMatcher

from faultmaven_events.consumers.process.config.dialect import Dialect, dialect_of
from faultmaven_events.consumers.process.config.entry import Entry
from faultmaven_events.consumers.process.config.indented import read_indented
from faultmaven_events.consumers.process.config.yaml_text import read_yaml
from faultmaven_events.consumers.process.note import Note, shortened

_HUNK = re.compile(r"^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")
_STAMP = re.compile(r"\s(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)(?:\.\d+)?\s*([+-]\d{4}|Z)?\s*$")
_RENAMED = 0.75
"""Likeness of two keys from which a removed and an added one of the same value count as a renaming."""


@dataclass(slots=True)
class FileDiff:
    """One file of a diff: its two sides as far as the hunks show them, each line with its number in the diff."""

    old_name: str
    new_name: str
    at: datetime | None
    start: int
    old: list[tuple[str, int]] = field(default_factory=list)
    new: list[tuple[str, int]] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    added: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Change:
    """One value that differs. `line` is in the diff; a new path where a key was renamed."""

    path: str
    old: str | None
    new: str | None
    line: int
    end: int
    renamed_to: str | None = None


def is_diff(text: str) -> bool:
    """Whether a text is a unified diff."""
    return re.search(r"^--- .*\n\+\+\+ .*\n@@ -\d", text, re.MULTILINE) is not None


def changes_of(lines: Sequence[str], format: str) -> Iterator[Note]:
    """One `config_change` per value that differs."""
    for diff in file_diffs(lines):
        changes = list(value_changes(diff, format))
        for change in changes:
            yield _note(change, diff)


def file_diffs(lines: Sequence[str]) -> list[FileDiff]:
    """The files of a diff. What a truncated or broken hunk still holds is kept."""
    diffs: list[FileDiff] = []
    olds = news = 0
    for number, raw in enumerate(lines, start=1):
        line = raw.rstrip("\r")
        if olds > 0 or news > 0:
            mark, rest = line[:1] or " ", line[1:]
            if mark in " -":
                diffs[-1].old.append((rest, number))
                olds -= 1
            if mark in " +":
                diffs[-1].new.append((rest, number))
                news -= 1
            if mark == "-":
                diffs[-1].removed.append(number)
            elif mark == "+":
                diffs[-1].added.append(number)
        elif line.startswith("--- ") and number < len(lines) and lines[number].startswith("+++ "):
            new = lines[number].rstrip("\r")
            diffs.append(FileDiff(_file_name(line), _file_name(new), _stamp(new), number))
        elif diffs and (hunk := _HUNK.match(line)):
            olds, news = (int(count) if count else 1 for count in hunk.groups())
    return diffs


def _file_name(header: str) -> str:
    return _STAMP.sub("", header[4:]).strip().removeprefix("a/").removeprefix("b/")


def _stamp(header: str) -> datetime | None:
    """The time in a header, in UTC; a diff against nothing carries 1970."""
    match = _STAMP.search(header)
    if match is None:
        return None
    try:
        at = datetime.fromisoformat(match[1] + (match[2] or "+0000").replace("Z", "+00:00")).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if at.year > 1980 else None


def value_changes(diff: FileDiff, format: str) -> Iterator[Change]:
    """Read both sides as configuration and compare; lines that no reader understands are compared as lines."""
    name = diff.new_name if diff.new_name != "/dev/null" else diff.old_name
    dialect = dialect_of(re.sub(r"\s.*$|\.(orig|bak|old|new|rej|\d+)$", "", name), format, _text(diff.new) or _text(diff.old))
    old, new = _entries(dialect, diff.old), _entries(dialect, diff.new)
    touched = {*diff.removed, *diff.added}
    found = list(_compared(old, new, touched))
    if not found and not old and not new:
        found = list(_as_lines(diff))
    yield from found


def _text(side: Sequence[tuple[str, int]]) -> str:
    return "\n".join(line for line, _ in side)


def _entries(dialect: Dialect, side: Sequence[tuple[str, int]]) -> list[Entry]:
    """The entries of one side, with the diff's line numbers. A part of YAML is read by its indentation."""
    read = read_indented if dialect.read is read_yaml else dialect.read
    reading = read(_text(side))
    if not reading.entries and reading.problems:
        reading = read_indented(_text(side))
    return [Entry(entry.path, entry.value, side[entry.line - 1][1]) for entry in reading.entries if entry.line <= len(side)]


def _compared(old: Sequence[Entry], new: Sequence[Entry], touched: set[int]) -> Iterator[Change]:
    removed, added = _unmatched(old, new), _unmatched(new, old)
    removed = [entry for entry in removed if entry.line in touched]
    added = [entry for entry in added if entry.line in touched]
    by_path = defaultdict(list)
    for entry in added:
        by_path[entry.path].append(entry)
    gone = []
    for entry in removed:
        if by_path[entry.path]:
            twin = by_path[entry.path].pop(0)
            yield Change(entry.path, entry.value, twin.value, entry.line, max(entry.line, twin.line))
        else:
            gone.append(entry)
    fresh = [entry for entries in by_path.values() for entry in entries]
    for entry in gone:
        if (renamed := _renaming(entry, fresh)) is not None:
            fresh.remove(renamed)
            yield Change(
                entry.path,
                entry.value,
                renamed.value,
                min(entry.line, renamed.line),
                max(entry.line, renamed.line),
                renamed_to=renamed.path,
            )
        else:
            yield Change(entry.path, entry.value, None, entry.line, entry.line)
    for entry in fresh:
        yield Change(entry.path, None, entry.value, entry.line, entry.line)


def _unmatched(these: Sequence[Entry], others: Sequence[Entry]) -> list[Entry]:
    """Entries of `these` that the other side does not have with the same path and value (as often)."""
    left: dict[tuple[str, str], int] = defaultdict(int)
    for entry in others:
        left[entry.path, entry.value] += 1
    result = []
    for entry in these:
        left[entry.path, entry.value] -= 1
        if left[entry.path, entry.value] < 0:
            result.append(entry)
    return result


def _renaming(gone: Entry, fresh: Sequence[Entry]) -> Entry | None:
    parent = gone.path.rpartition(".")[0]
    alike = [entry for entry in fresh[:200] if entry.path.rpartition(".")[0] == parent and entry.value == gone.value]
    ranked = sorted(alike, key=lambda entry: -SequenceMatcher(None, entry.key, gone.key).ratio())
    return ranked[0] if ranked and SequenceMatcher(None, ranked[0].key, gone.key).ratio() >= _RENAMED else None


def _as_lines(diff: FileDiff) -> Iterator[Change]:
    texts = {number: line for line, number in (*diff.old, *diff.new)}
    for number in diff.removed[:20]:
        if texts[number].strip() and not texts[number].lstrip().startswith(("#", ";", "//")):
            yield Change(diff.new_name, texts[number].strip(), None, number, number)
    for number in diff.added[:20]:
        if texts[number].strip() and not texts[number].lstrip().startswith(("#", ";", "//")):
            yield Change(diff.new_name, None, texts[number].strip(), number, number)


def _note(change: Change, diff: FileDiff) -> Note:
    old, new = (None if value is None else shortened(value, 200) for value in (change.old, change.new))
    attributes = {"path": change.path, "old": old, "new": new, "file": diff.new_name}
    if change.renamed_to:
        key = change.renamed_to.rpartition(".")[2]
        text = f"{diff.new_name}: the key {change.path} was renamed to {key} (value {new})."
        attributes["renamed_to"] = change.renamed_to
    elif old is None:
        text = f"{diff.new_name}: {change.path} was added with the value {new}."
    elif new is None:
        text = f"{diff.new_name}: {change.path} was removed (its value was {old})."
    else:
        text = f"{diff.new_name}: {change.path} changed from {old} to {new}."
    weight = 5.0 if change.renamed_to else 4.0
    return Note("config_change", text, change.line, change.end, weight=weight, at=diff.at, attributes=attributes)
