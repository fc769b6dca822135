"""The ways of requests through one file: lines that carry the same request, trace or correlation id.

Of very many ids a sample is kept, the ids with the lowest checksums: the same ones in every file, so that files still meet. Ids on
lines that tell of errors come first.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from zlib import crc32

from faultmaven_events.consumers.process.logs.event import Event
from faultmaven_events.consumers.process.logs.facts import moment, shortened
from faultmaven_events.consumers.process.logs.ledger import Cite
from faultmaven_events.consumers.process.logs.names import known
from faultmaven_events.schemas.insight import Passage

HELD: Final = 4_000
FAILING: Final = 150
OTHERS: Final = 250
_SAID: Final = 200
_LOOK: Final = 1_000
_LOGGERS: Final = 5_000
_KEYED = re.compile(
    r"(?i)(?<![a-z])(?:x-)?(?:(?:request|req|trace|correlation|corr|transaction|txn|tx|operation)[-_. ]?id|rid|trace)"
    r"[\"']?\s?[=:]\s?[\"'\[]?([\w.:/+-]{4,80})"
)
_BARE = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|[0-9a-f]{32}|"
    r"(?=[0-9]{0,15}[a-f])(?=[a-f]{0,15}[0-9])[0-9a-f]{16})(?![0-9A-Za-z])"
)


@dataclass(slots=True)
class _Way:
    first: Event
    until: float | None
    count: int = 0
    failure: Event | None = None


class Passages:
    """Collects ids; bounded in how many it holds."""

    def __init__(self, cite: Cite) -> None:
        self._cite = cite
        self._ways: dict[str, _Way] = {}
        self._limit = self._failing_limit = 1 << 32
        self._plain: set[str] = set()

    def add(self, event: Event, mark: re.Pattern[str] | None, *, bad: bool) -> None:
        """Count a line; `mark`: how lines like it carry an id in their text, `bad`: it tells of an error."""
        key = self._key(event, mark)
        if key is None:
            return
        way = self._ways.get(key)
        if way is None:
            if crc32(key.encode("utf-8", "replace")) >= (self._failing_limit if bad else self._limit):
                return
            way = self._ways[key] = _Way(event, event.at)
            if len(self._ways) > HELD:
                self._thin()
        way.count += 1
        way.until = event.at if event.at is not None else way.until
        if bad and way.failure is None:
            way.failure = event

    def _key(self, event: Event, mark: re.Pattern[str] | None) -> str | None:
        if event.fields is not None:
            for name in id_fields(tuple(event.fields)):
                value = event.fields[name]
                if isinstance(value, str | int) and len(text := str(value)) >= 4:
                    return text[:80].lower()
        if mark is not None and (found := id_of(event.text, mark)):
            return found
        logger = event.logger
        if logger and len(logger) >= 8 and logger not in self._plain:
            if found := id_of(logger, mark_of(logger)):
                return found
            if len(self._plain) >= _LOGGERS:
                self._plain.clear()
            self._plain.add(logger)
        return None

    def _thin(self) -> None:
        self._limit //= 2
        if sum(way.failure is not None for way in self._ways.values()) > HELD // 2:
            self._failing_limit //= 2
        self._ways = {
            key: way
            for key, way in self._ways.items()
            if crc32(key.encode("utf-8", "replace")) < (self._limit if way.failure is None else self._failing_limit)
        }

    def passages(self, lines: int) -> Iterator[Passage]:
        """Yield the ways; what is on very many lines is no request's id but that of the process, the host or the like."""
        found = {key: way for key, way in self._ways.items() if way.count <= max(30, 0.02 * lines)}
        ordered = sorted(found, key=lambda key: crc32(key.encode("utf-8", "replace")))
        failing = [key for key in ordered if found[key].failure is not None][:FAILING]
        others = [key for key in ordered if found[key].failure is None][:OTHERS]
        for key in (*failing, *others):
            yield self._passage(key, found[key])

    def _passage(self, key: str, way: _Way) -> Passage:
        failure = way.failure
        return Passage(
            key=key,
            count=way.count,
            at=moment(way.first.at),
            until=moment(way.until),
            first=self._cite(way.first),
            failed_at=moment(failure.at) if failure else None,
            failure=self._cite(failure) if failure else None,
            said=shortened(failure.text, _SAID) if failure else None,
        )


def mark_of(text: str) -> re.Pattern[str] | None:
    """Return how a text carries an id: behind a word for it, else as a UUID or a number of 64 or 128 bits; None when it carries none."""
    return next((pattern for pattern in (_KEYED, _BARE) if id_of(text, pattern)), None)


def id_of(text: str, mark: re.Pattern[str] | None) -> str | None:
    """Return the first id that a text carries in this way."""
    match = mark.search(text, 0, _LOOK) if mark is not None else None
    if match is None:
        return None
    found = (match[1] if mark is _KEYED else match.group()).lower().rstrip(".:/")
    return found if any(c.isdigit() for c in found) else None


@lru_cache(maxsize=2_000)
def id_fields(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return the fields that hold an id, best first."""
    names = {key.lower().replace("-", "_"): key for key in keys}
    return tuple(names[name] for name in known("line", "correlation") if name in names)
