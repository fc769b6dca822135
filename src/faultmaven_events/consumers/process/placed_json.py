"""JSON as values that remember their lines; of a text that breaks off, what stands before."""

import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # not in typeshed; public since Python 2.6, reads one JSON string
from typing import Any, Final

from faultmaven_events.consumers.process.placed import Items, Map

DEEPEST: Final = 60
MOST_VALUES: Final = 2_000_000
_LENIENT: Final = False
"""Control characters in strings are taken as they are."""
_BLANK: Final = re.compile(r"[\ufeff \t\r\n]*")
_WORD: Final = re.compile(r"[^\s,\]}{\[:\"]{1,400}")
_PLAIN: Final[dict[str, Any]] = {"true": True, "false": False, "null": None}


def json_value(text: str) -> Map | Items | None:
    """Return the first object or list of a text, None when it begins otherwise. Never raises: what is broken ends it."""
    reader = _Reader(text)
    at = reader.skip(0)
    root = reader.opened(at)
    if root is None:
        return None
    try:
        reader.fill(root, at + 1, 0)
    except (ValueError, IndexError, StopIteration):
        return root  # with what stands before
    return root


class _Reader:
    def __init__(self, text: str) -> None:
        self._text, self._line, self._counted, self._left = text, 1, 0, MOST_VALUES

    def skip(self, at: int) -> int:
        found = _BLANK.match(self._text, at)
        return found.end() if found else at

    def opened(self, at: int) -> Map | Items | None:
        """An empty object or list where one begins."""
        mark = self._text[at : at + 1]
        return Map(self._line_of(at), 1) if mark == "{" else Items(self._line_of(at), 1) if mark == "[" else None

    def fill(self, value: Map | Items, at: int, depth: int) -> int:
        """Read the members of an object or list into it; the place after its end."""
        self._left -= 1
        if depth > DEEPEST or self._left < 0:
            raise ValueError
        end = "}" if isinstance(value, Map) else "]"
        at = self.skip(at)
        while self._text[at] != end:
            at = self.skip(self._member(value, at, depth))
            if self._text[at] == ",":
                at = self.skip(at + 1)
            elif self._text[at] != end:
                raise ValueError
        return at + 1

    def _member(self, value: Map | Items, at: int, depth: int) -> int:
        line, key = self._line_of(at), ""
        if isinstance(value, Map):
            key, at = self._key(at)
        child = self.opened(at)
        after = at
        plain: Any = child
        if child is None:
            plain, after = self._plain(at)
        if isinstance(value, Map):
            value[key], value.at[key] = plain, (line, 1)
        else:
            value.append(plain)
            value.at.append((line, 1))
        return after if child is None else self.fill(child, at + 1, depth + 1)

    def _key(self, at: int) -> tuple[str, int]:
        if self._text[at] != '"':
            raise ValueError
        key, at = scanstring(self._text, at + 1, _LENIENT)
        at = self.skip(at)
        if self._text[at] != ":":
            raise ValueError
        return key, self.skip(at + 1)

    def _plain(self, at: int) -> tuple[Any, int]:
        if self._text[at] == '"':
            text, end = scanstring(self._text, at + 1, _LENIENT)
            return text, end
        word = _WORD.match(self._text, at)
        if word is None:
            raise ValueError
        return _scalar(word[0]), word.end()

    def _line_of(self, at: int) -> int:
        self._line += self._text.count("\n", self._counted, at)
        self._counted = at
        return self._line


def _scalar(word: str) -> Any:
    if word in _PLAIN:
        return _PLAIN[word]
    try:
        return int(word) if len(word) < 40 and word.lstrip("-").isdecimal() else float(word)
    except ValueError:
        return word
