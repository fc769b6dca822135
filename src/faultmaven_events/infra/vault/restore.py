"""Undoing pseudonyms: a whole text by its places, byte for byte; any other words (a report) by the tokens in them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address
from typing import Any, Final

from faultmaven_events.infra.vault.record import Record

TOKEN: Final = re.compile(r"[A-Z]{2,10}_[0-9a-f]{6,16}(?:_[0-9a-f]{6})?(?![0-9a-f])")
"""What may be a token; whether it is one, only the vault knows."""


def found(value: Any) -> set[str]:
    """Return what may be tokens in all strings of a JSON value."""
    if isinstance(value, str):
        return set(TOKEN.findall(value))
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return set().union(*map(found, parts)) | (found(list(value)) if isinstance(value, dict) else set())


class Restoring:
    """Gives each line of a sanitized text back as it was; lines come in order, without their ends.

    A place whose stand-in is not there (two runs of one event wrote under different allow lists) is left alone.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self._places = _places(records)
        self._next = next(self._places, None)
        self._number = 0

    def line(self, text: str) -> str:
        """Return the next line as it was; secrets stay hidden."""
        parts: list[str] = []
        at = 0
        while self._next is not None and self._next[0] == self._number:
            _, column, length, (stand_in, value) = self._next
            if column >= at and len(stand_in) == length and text.startswith(stand_in, column):
                parts += (text[at:column], value)
                at = column + length
            self._next = next(self._places, None)
        self._number += 1
        return "".join((*parts, text[at:]))

    def text(self, sanitized: str) -> str:
        """Return a whole text as it was."""
        return "\n".join(self.line(line) for line in sanitized.split("\n"))


def _places(records: Iterable[Record]) -> Iterator[tuple[int, int, int, Sequence[str]]]:
    first = 0
    for record in records:
        numbers = iter(record.places)
        for line, column, length, index in zip(numbers, numbers, numbers, numbers, strict=True):
            yield first + line, column, length, record.pairs[index]
        first += record.ends


class Naming:
    """What some wanted tokens stand for, as far as the records that were added tell.

    A token that stands for two values (eight digits may collide) is `ambiguous` and stays as it is; spellings of one value do not count.
    """

    def __init__(self, wanted: Iterable[str]) -> None:
        self._wanted = frozenset(wanted)
        self._values: dict[str, str] = {}
        self.ambiguous: set[str] = set()
        self.restored = 0
        """Tokens replaced so far."""

    def add(self, record: Record) -> None:
        """Learn from a record."""
        for stand_in, original in record.pairs:
            plain = stand_in.strip('"')
            match = TOKEN.match(plain)
            if match is None or match.group() not in self._wanted:
                continue
            tail = plain[match.end() :]  # the domain of an e-mail address stands in both
            if original.endswith(tail):
                value = original[: len(original) - len(tail)]
                if _value(self._values.setdefault(match.group(), value)) != _value(value):
                    self.ambiguous.add(match.group())

    def apply(self, value: Any) -> Any:
        """Return a JSON value with the tokens in its strings replaced."""
        if isinstance(value, str):
            return TOKEN.sub(self._named, value)
        if isinstance(value, dict):
            return {self.apply(name): self.apply(each) for name, each in value.items()}
        return [self.apply(each) for each in value] if isinstance(value, list | tuple) else value

    def _named(self, match: re.Match[str]) -> str:
        token = match.group()
        if token not in self._values or token in self.ambiguous:
            return token
        self.restored += 1
        return self._values[token]


def _value(spelled: str) -> object:
    """Return what two spellings of one value have in common."""
    try:
        return ip_address(spelled)
    except ValueError:
        return "".join(filter(str.isalnum, spelled.casefold()))
