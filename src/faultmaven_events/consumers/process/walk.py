"""JSON read record by record, each with its lines: a document of any size is never built as a whole.

Only the containers on the way to the records are walked; each record is decoded at C speed by the standard decoder.
"""

import json
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from json.decoder import scanstring  # type: ignore[attr-defined]  # not in typeshed; public since Python 2.6, reads one JSON string
from typing import Any, Final

_BLANK: Final = re.compile(r"[ \t\r\n]*")
SPANS: Final = frozenset(
    [
        *("data", "resourceSpans", "resource_spans", "batches", "scopeSpans", "scope_spans", "instrumentationLibrarySpans"),
        *("ilSpans", "spans", "traces", "traceEvents", "Traces", "Segments", "hits"),
    ]
)
"""Lists on the way to spans."""
_LEAVES: Final = frozenset({"traceEvents", "Segments", "entries"})
"""Lists whose members are records at once; the members of the others may hold further lists."""
_HOLDS: Final = re.compile(r'"(?:resourceSpans|batches|spans|hits|_source)"\s*:\s*[\[{]')
_DEEPEST: Final = 12
MOST_BREAKS: Final = 100


@dataclass(slots=True)
class Scope:
    """What stands beside a list of records: resource, process table. Filled while the document is read: complete at its end only."""

    parent: "Scope | None" = None
    values: dict[str, Any] = field(default_factory=dict)

    def find(self, key: str) -> Any:
        """The nearest value of a key on the way to the root; None when there is none."""
        scope: Scope | None = self
        while scope is not None:
            if key in scope.values:
                return scope.values[key]
            scope = scope.parent
        return None


@dataclass(frozen=True, slots=True)
class Record:
    """One decoded object with its 1-based lines."""

    value: dict[str, Any]
    scope: Scope
    line: int
    end: int


@dataclass(slots=True)
class Walk:
    """One reading of a text; `breaks` are the lines at which it was no JSON."""

    text: str
    lists: frozenset[str] = SPANS
    breaks: list[int] = field(default_factory=list)
    _decode: Any = field(default_factory=lambda: json.JSONDecoder().raw_decode)
    _line: int = 1
    _counted: int = 0
    _at: int = 0
    _was_leaf: bool = False

    def records(self) -> Iterator[Record]:
        """Yield every record of one or several documents. After a broken place reading goes on with the next line."""
        size = len(self.text)
        self._at = self._skip(0)
        while self._at < size and len(self.breaks) < MOST_BREAKS:
            try:
                self._at = self._skip((yield from self._value(self._at, Scope(), 0)))
            except (ValueError, IndexError, RecursionError, StopIteration, RuntimeError) as error:
                broken = min(max(self._at, getattr(error, "pos", 0)), size)
                self.breaks.append(self._line_of(broken))
                following = self.text.find("\n", broken)
                self._at = self._skip(following + 1) if following >= 0 else size

    def _value(self, at: int, scope: Scope, depth: int, *, leaf: bool = False) -> Generator[Record, None, int]:
        self._at = at
        if depth > _DEEPEST:
            raise RecursionError
        opening = self.text[at]
        if opening == "[":
            return (yield from self._list(at, scope, depth, leaf=leaf))
        if opening == "{" and not leaf:
            return (yield from self._object(at, scope, depth))
        value, end = self._decode(self.text, at)
        if isinstance(value, dict):
            yield self._record(value, scope, at, end)
        return int(end)

    def _list(self, at: int, scope: Scope, depth: int, *, leaf: bool) -> Generator[Record, None, int]:
        at = self._skip(at + 1)
        while self.text[at] != "]":
            walked = self.text[at] == "{" and not leaf
            at = self._skip((yield from self._value(at, scope, depth + 1, leaf=leaf)))
            leaf = leaf or (walked and self._was_leaf)
            if self.text[at] == ",":
                at = self._skip(at + 1)
            elif self.text[at] != "]":
                raise json.JSONDecodeError("no comma", self.text, at)
            self._at = at
        return at + 1

    def _object(self, at: int, scope: Scope, depth: int) -> Generator[Record, None, int]:
        inner, start, opened = Scope(scope), at, False
        at = self._skip(at + 1)
        while self.text[at] != "}":
            if self.text[at] != '"':
                raise json.JSONDecodeError("no key", self.text, at)
            key, at = scanstring(self.text, at + 1)
            at = self._skip(at)
            if self.text[at] != ":":
                raise json.JSONDecodeError("no colon", self.text, at)
            at = self._skip(at + 1)
            if self._is_container(key, at):
                opened = True
                at = yield from self._value(at, inner, depth + 1, leaf=key in _LEAVES)
            else:
                inner.values[key], at = self._decode(self.text, at)
            at = self._skip(at)
            if self.text[at] == ",":
                at = self._skip(at + 1)
            elif self.text[at] != "}":
                raise json.JSONDecodeError("no comma", self.text, at)
            self._at = at
        self._was_leaf = (
            not opened and not inner.values.keys() & self.lists and any(key.lower().endswith("id") or key == "ph" for key in inner.values)
        )
        if not opened and inner.values:
            yield self._record(inner.values, scope, start, at + 1)
        return at + 1

    def _is_container(self, key: str, at: int) -> bool:
        if key == "_source" or (key == "log" and "entries" in self.lists and self.text[at] == "{"):
            return True
        if key in {"trace", "result", "hits"} and self.text[at] == "{":
            return _HOLDS.search(self.text, at, at + 400) is not None
        return key in self.lists and self.text[at] == "["

    def _record(self, value: dict[str, Any], scope: Scope, start: int, end: int) -> Record:
        line = self._line_of(start)
        return Record(value, scope, line, self._line_of(end))

    def _skip(self, at: int) -> int:
        found = _BLANK.match(self.text, at)
        return found.end() if found else at

    def _line_of(self, at: int) -> int:
        """The line of a place; places are asked for in rising order but for the start of an object that was walked."""
        if at < self._counted:
            return self._line - self.text.count("\n", at, self._counted)
        self._line += self.text.count("\n", self._counted, at)
        self._counted = at
        return self._line
