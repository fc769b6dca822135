"""What every reader of a configuration format returns."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

MOST_ENTRIES = 20_000
"""Values that are read from one file; what an alias bomb can blow up to at most."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One value: `path` with dots between its parts and `[n]` or `[name]` for a member of a list; `line` is 1-based."""

    path: str
    value: str
    line: int

    @property
    def key(self) -> str:
        """The last part of the path, without the number or name of a list member."""
        return self.path.rpartition(".")[2].partition("[")[0]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with the text itself, at a 1-based line and column; `severity` is high, medium or low."""

    rule: str
    text: str
    line: int
    column: int | None = None
    severity: str = "high"
    fix: str = "Correct the text there."


@dataclass(frozen=True, slots=True)
class Reading:
    """Entries in the order of the file, what kept the rest from being read, and what `lint/` looks at: the parsed structure."""

    entries: tuple[Entry, ...] = ()
    problems: tuple[Problem, ...] = ()
    truncated: tuple[str, ...] = ()
    tree: object = field(default=None, compare=False)


Reader = Callable[[str], Reading]


def joined(*parts: str) -> str:
    """A path of its non-empty parts."""
    return ".".join(part for part in parts if part)


def unquoted(value: str) -> str:
    """The value without the quotes around it."""
    value = value.strip()
    return value[1:-1] if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'" else value


def last_line(text: str) -> int:
    """The number of a text's last line; 1 for none."""
    return max(1, text.count("\n") + (not text.endswith("\n")))


def within(limit: int, entries: Iterator[Entry]) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """The first `limit` entries, and a remark when there were more."""
    kept: list[Entry] = []
    for entry in entries:
        if len(kept) == limit:
            return tuple(kept), (f"only the first {limit} values were read",)
        kept.append(entry)
    return tuple(kept), ()
