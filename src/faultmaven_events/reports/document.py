"""A text as a tree: what is said, not how it is written. The writers (Markdown, HTML) escape every leaf, so no value can become markup.

In a sentence a plain `str` is a fixed label of ours; whatever comes out of a report is one of the marked leaves.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from faultmaven_events.schemas.report import Moment

Tone = Literal["good", "bad", "warn", "quiet"]


@dataclass(frozen=True, slots=True)
class Said:
    """Words of the report."""

    text: str
    limit: int = 1200
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line of evidence, or a command: shown letter by letter."""

    text: str
    limit: int = 400


@dataclass(frozen=True, slots=True)
class At:
    """A time."""

    moment: datetime


@dataclass(frozen=True, slots=True)
class Ref:
    """The name of a piece of evidence, which leads to it."""

    name: str


@dataclass(frozen=True, slots=True)
class Badge:
    """A short value that is seen first."""

    text: str
    tone: Tone = "quiet"


@dataclass(frozen=True, slots=True)
class Strong:
    """A fixed label that stands out."""

    text: str


Leaf = str | Said | Line | At | Ref | Badge | Strong
Sentence = Sequence[Leaf]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One sentence or more."""

    leaves: Sentence


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of a list, with commands below it."""

    leaves: Sentence
    commands: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list; `numbered` when its order tells something."""

    items: Sequence[Item]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One row; the first cell is its head."""

    cells: Sequence[Sentence]
    anchor: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under fixed heads. A `wordy` one is read as a list where columns would be too narrow."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Row]
    wordy: bool = True


@dataclass(frozen=True, slots=True)
class Picture:
    """The timeline, where the writer can draw. Moments are numbered from 1 in their order."""

    moments: Sequence[Moment]
    felt_from: datetime | None = None
    felt_until: datetime | None = None
    cause_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it; `key` when it belongs to the first screen. Without blocks it is left out."""

    title: Sentence
    blocks: Sequence["Block"]
    key: bool = False


Block = Paragraph | Bullets | Table | Picture | Section


@dataclass(frozen=True, slots=True)
class Document:
    """A whole text. `lead` stands above the title: what is seen first."""

    title: Said
    lead: Sentence
    blocks: Sequence[Block]


def named(name: str, *leaves: Leaf) -> list[Leaf]:
    """Return what stands behind a fixed name: `Name: ...`."""
    return [Strong(f"{name}:"), " ", *leaves]


def tail(before: str, value: str | None, after: str = "", *, limit: int = 1200) -> list[Leaf]:
    """Return a value between fixed labels; nothing where there is none."""
    return [before, Said(value, limit), after] if value else []


def several(values: Iterable[str], between: str = ", ") -> list[Leaf]:
    """Return short values, at most twenty, with a fixed label between each two."""
    return joined([[Said(value, 160)] for value in list(values)[:20]], between)


def counted(table: Mapping[str, int], most: int = 8) -> list[Leaf]:
    """Return the first entries of a table of counts: `a: 3, b: 1, and 2 more`."""
    found = joined([[Said(name, 160), ": ", Said(str(n))] for name, n in list(table.items())[:most]], ", ")
    return [*found, ", and ", Said(str(len(table) - most)), " more"] if len(table) > most else found


def joined(sentences: Iterable[Sentence], between: str) -> list[Leaf]:
    """Return sentences as one, with a fixed label between each two."""
    found: list[Leaf] = []
    for sentence in sentences:
        found += [between, *sentence] if found else sentence
    return found


def refs(names: Iterable[str], most: int = 6) -> list[Leaf]:
    """Return names of evidence in brackets: ` (E1, E2)`; nothing without any."""
    shown = [[Ref(name)] for name in list(names)[:most]]
    return [" (", *joined(shown, ", "), ")"] if shown else []


def more(count: int) -> list[Item]:
    """Return the entry that says how many are not shown; nothing when none is."""
    return [Item((Said(str(count)), " more in the report's JSON"))] if count > 0 else []
