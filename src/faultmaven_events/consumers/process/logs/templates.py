"""The miner: lines into templates, in one pass and bounded memory.

A message is split at blanks and every word masked (`mask`). Messages that differ only in words which may be variable share a shape and
form a group at once, by one look-up. At the end (or when there are too many groups) groups are merged that differ in one place only, when
what stands there looks like a value: many different words, a word after `user`, or a value of the same key.

Prior art: Drain (He et al., ICWS 2017) for fixed length, Brain (Yu et al., TSC 2023) and AEL for deciding with the whole file in view.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from faultmaven_events.consumers.process.logs.mask import WILDCARD, fold, joined, mask, shape
from faultmaven_events.consumers.process.logs.names import known

WORDS: Final = 120
"""Words of a message that count; the rest of a longer one is `<*>`."""
GROUPS: Final = 8_000
CACHED: Final = 30_000
"""Words and word sequences that are remembered, and lines (`KEPT` of them, none longer than `LONG` characters)."""
KEPT: Final = 10_000
LONG: Final = 400
THINNED: Final = 6
"""How often groups are merged to make room before no new ones are taken."""
_VALUES: Final = 5
"""Different words at one place that make it variable, whatever they are."""
_INTRODUCE: Final = frozenset(known("template", "introduce"))
_FLAT: Final = str.maketrans("023456789", "111111111")


def flattened(message: str) -> str:
    """Return the message with every digit as 1.

    Masking knows no digit from another: but for a word that keeps its digits (`sda1`), messages that are the same flat are the same masked.
    """
    return message.translate(_FLAT)


@dataclass(slots=True, eq=False)
class Group:
    """Lines of one template. `parent` is set once it was merged into another group."""

    number: int
    words: list[str]
    count: int = 0
    parent: "Group | None" = None
    merged: list["Group"] = field(default_factory=list)

    @property
    def template(self) -> str:
        """The template's text."""
        return " ".join(self.words)

    def root(self) -> "Group":
        """Return the group that this one ended up in."""
        group = self
        while group.parent is not None:
            group = group.parent
        return group


class Miner:
    """Groups messages. `add` for each, then `merge` once."""

    def __init__(self, groups: int = GROUPS) -> None:
        self._limit = groups
        self._lines: dict[str, Group] = {}
        self._tokens: dict[str, str | None] = {}
        self._named: dict[str, str] = {}
        self._seen: dict[tuple[str, ...], Group] = {}
        self._shapes: dict[tuple[str, ...], Group] = {}
        self._rest: dict[int, Group] = {}
        self._numbers = 0
        self._frozen = False
        self._thinned = 0
        self._wide: dict[int, list[Group]] = {}

    @property
    def overflow(self) -> int:
        """Messages that came when no more templates were taken, and fit none."""
        return sum(group.count for group in self._rest.values())

    def add(self, message: str, flat: str | None = None) -> Group:
        """Return the group of a message; it may be merged into another one later. `flat` is `flattened(message)` where it is at hand."""
        if flat is None:
            flat = message.translate(_FLAT)
        group = self._lines.get(flat)
        if group is None:
            group = self._by_words(message, flat)
        elif group.parent is not None:
            group = self._lines[flat] = group.root()
        group.count += 1
        return group

    def _by_words(self, message: str, flat: str) -> Group:
        tokens = self._tokens
        words = flat.split(None, WORDS)
        if len(words) > WORDS:
            words[WORDS:] = [WILDCARD]
        try:
            masked = [tokens[word] for word in words]
        except KeyError:
            masked = [self._mask(word) for word in words]
        if None in masked:
            own = message.split(None, WORDS)
            key = tuple([self._name(own[place]) if word is None else word for place, word in enumerate(masked)])
        else:
            key = tuple(masked)  # type: ignore[arg-type]  # none of them is None
        group = self._seen.get(key)
        if group is None:
            group = self._place(key)
        elif group.parent is not None:
            group = self._seen[key] = group.root()
        if None not in masked and len(flat) <= LONG:
            if len(self._lines) >= KEPT:
                self._lines.clear()
            self._lines[flat] = group
        return group

    def _mask(self, word: str) -> str | None:
        """Return a flat word masked, None when it keeps digits of its own."""
        tokens = self._tokens
        if word in tokens:
            return tokens[word]
        masked: str | None = mask(word[:400])
        if masked is not None and "1" in masked:
            masked = None
        if len(word) <= 100:
            if len(tokens) >= CACHED:
                tokens.clear()
            tokens[word] = masked
        return masked

    def _name(self, word: str) -> str:
        """Return a word that keeps its digits as it is written, masked."""
        named = self._named
        if (masked := named.get(word)) is None:
            masked = mask(word[:400])
            if len(named) >= CACHED:
                named.clear()
            if len(word) <= 100:
                named[word] = masked
        return masked

    def _place(self, key: tuple[str, ...]) -> Group:
        if len(self._seen) >= KEPT:
            self._seen.clear()
        seen, key = key, fold(key)
        outline = tuple([shape(word) for word in key])
        group = self._shapes.get(outline)
        if group is None:
            group = self._fitting(key) or self._new(outline, key)
        else:
            group = group.root()
            _widen(group, key)
        self._seen[seen] = group
        return group

    def _fitting(self, key: tuple[str, ...]) -> Group | None:
        """Return a merged group that has a wildcard wherever this message differs from it."""
        for group in self._wide.get(len(key), ()):
            if all(have in {new, WILDCARD} for have, new in zip(group.words, key, strict=True)):
                return group
        return None

    def _new(self, outline: tuple[str, ...], key: tuple[str, ...]) -> Group:
        if not self._frozen and len(self._shapes) >= self._limit:
            self._thin()
        if self._frozen:
            group = self._rest.get(len(key))
            if group is None:
                group = self._rest[len(key)] = self._group([WILDCARD] * min(len(key), 20))
            return group
        group = self._shapes[outline] = self._group(list(key))
        return group

    def _group(self, words: list[str]) -> Group:
        self._numbers += 1
        return Group(self._numbers, words)

    def _thin(self) -> None:
        """Merge what can be; when that frees too little, take no new templates any more."""
        alive = self.merge()
        self._thinned += 1
        self._frozen = len(alive) > self._limit // 2 or self._thinned >= THINNED
        self._shapes = {tuple(shape(word) for word in group.words): group for group in alive}
        self._wide = {}
        for group in alive:
            wide = self._wide.setdefault(len(group.words), [])
            if group.merged and len(wide) < 50:
                wide.append(group)

    def merge(self) -> list[Group]:
        """Merge groups that differ at one variable place; return what is left, in the order of first appearance."""
        alive = list({id(group): group for one in (*self._shapes.values(), *self._rest.values()) if (group := one.root())}.values())
        by_length: dict[int, list[Group]] = defaultdict(list)
        for group in alive:
            by_length[len(group.words)].append(group)
        for groups in by_length.values():
            _merge(groups)
        return sorted((group for group in alive if group.parent is None), key=lambda group: group.number)


def _widen(group: Group, key: Sequence[str]) -> None:
    words = group.words
    for place, (have, new) in enumerate(zip(words, key, strict=False)):
        if have != new:
            words[place] = joined(have, new)


def _merge(groups: Sequence[Group]) -> None:
    for _ in range(4):
        alive = [group for group in groups if group.parent is None]
        if len(alive) < 2 or not _round(alive):
            return


def _round(groups: Sequence[Group]) -> bool:
    changed = False
    for place in range(len(groups[0].words)):
        families: dict[tuple[str, ...], list[Group]] = defaultdict(list)
        for group in groups:
            if group.parent is None:
                words = group.words
                families[*words[:place], *words[place + 1 :]].append(group)
        for family in families.values():
            if len(family) > 1 and _variable([group.words[place] for group in family], place, family[0].words):
                _unite(family)
                changed = True
    return changed


def _variable(values: Sequence[str], place: int, words: Sequence[str]) -> bool:
    different = set(values)
    if len(different) == 1:
        return True
    if len(words) == 1:
        return False
    if WILDCARD in different:
        return True
    if place and words[place - 1].lower().strip("[](){}:='\"") in _INTRODUCE:
        return True
    if not any(word != WILDCARD and any(c.isalpha() for c in word) for spot, word in enumerate(words) if spot != place):
        return False
    return len(different) >= (_VALUES if place else 2 * _VALUES)


def _unite(family: Iterable[Group]) -> None:
    first, *others = sorted(family, key=lambda group: group.number)
    for other in others:
        _widen(first, other.words)
        first.count += other.count
        first.merged.append(other)
        other.parent = first
