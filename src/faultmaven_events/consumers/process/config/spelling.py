"""Keys that are spelt differently in sections that are otherwise alike: the likely typing mistake that a program silently ignores."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from faultmaven_events.consumers.process.config.entry import Entry
from faultmaven_events.consumers.process.note import Note

ALIKE = 0.85
"""Likeness of two keys (difflib's ratio) from which one counts as a misspelling of the other."""
MOST_SECTIONS = 200
MOST = 10


def odd_spellings(entries: Sequence[Entry]) -> Iterator[Note]:
    """Pairs of keys, one in some sibling sections and one in the others, that differ by a letter or two."""
    found = 0
    for parent, sections in _siblings(entries).items():
        for key, other in _pairs(sections):
            if found == MOST:
                return
            found += 1
            yield _note(parent, key, other, sections)


def _siblings(entries: Sequence[Entry]) -> dict[str, dict[str, dict[str, int]]]:
    """Parent path -> section -> key -> line, for parents with more than one section."""
    groups: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for entry in entries:
        section, _, key = entry.path.rpartition(".")
        parent, _, name = section.rpartition(".")
        if name and key and len(groups[parent]) <= MOST_SECTIONS:
            groups[parent][name].setdefault(key, entry.line)
    return {parent: sections for parent, sections in groups.items() if len(sections) > 1}


def _pairs(sections: dict[str, dict[str, int]]) -> Iterator[tuple[str, str]]:
    """Two keys that never occur together, are alike, and whose sections share at least half of their other keys."""
    keys = sorted({key for section in sections.values() for key in section if len(key) >= 5})[:100]
    for number, key in enumerate(keys):
        for other in keys[number + 1 :]:
            if other[:3] != key[:3] or any(char.isdigit() for char in key + other) or SequenceMatcher(None, key, other).ratio() < ALIKE:
                continue
            having, others = [s for s in sections.values() if key in s], [s for s in sections.values() if other in s]
            if not any(other in section for section in having) and _kin(having[0], others[0]):
                yield key, other


def _kin(left: dict[str, int], right: dict[str, int]) -> bool:
    return len(left.keys() & right.keys()) * 2 >= min(len(left), len(right)) - 1 and bool(left.keys() & right.keys())


def _note(parent: str, key: str, other: str, sections: dict[str, dict[str, int]]) -> Note:
    first, second = ([name for name, section in sections.items() if spelling in section] for spelling in (key, other))
    line = min(section[spelling] for section in sections.values() for spelling in (key, other) if spelling in section)
    text = (
        f"Sections of {parent or 'this file'} spell a key differently: {key} in {', '.join(first[:5])}; {other} in "
        f"{', '.join(second[:5])}. "
        "A program ignores the one it does not know and falls back to its default."
    )
    attributes = {"rule": "key-spelling", "severity": "medium", "fix": f"Use one spelling: {key} or {other}, whichever the program reads."}
    return Note("config_finding", text, line, weight=4.0, attributes=attributes)
