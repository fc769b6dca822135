"""Signals found in the sanitized texts: which line says what, how often, since when, with which values."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from faultmaven_events.consumers.reason.offline.page import Page
from faultmaven_events.consumers.reason.offline.ruleset import Signal
from faultmaven_events.schemas.insight import Citation

IDENTITY: Final = frozenset(
    {
        "address",
        "host",
        "port",
        "queue",
        "process",
        "exception",
        "name",
        "table",
        "account",
        "server",
        "backend",
        "zone",
        "subject",
        "device",
        "what",
    }
)
"""Values that tell one occurrence from another; the rest (milliseconds, sizes) varies from line to line."""
_GROUPS: Final = 60
_LINES: Final = 20_000
_ECHO: Final = re.compile(r"^(?:[\w.@:~-]{0,60}[$#]|>) ?[a-z./]")
"""A command as it was typed: it names what somebody looks for, not what is."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """All lines of one file that show one signal with the same identity. `times` are seconds since 1970, ascending."""

    signal: str
    file: str
    writer: str | None
    values: Mapping[str, str]
    lines: tuple[int, ...]
    times: tuple[float, ...]
    quote: str
    citation: Citation
    last: Citation
    noise: bool = False
    timed: bool = True
    count: int = field(default=0)
    told: bool = False
    """`quote` is the sentence of a fact, not a line."""

    @property
    def first_at(self) -> float | None:
        """Seconds since 1970 of the first occurrence."""
        return self.times[0] if self.times else None


def sight(page: Page, signals: Sequence[Signal], writer: str | None) -> list[Sighting]:
    """Return every signal that the page shows."""
    kind = page.insights.classification.type
    if kind == "metrics":
        return []
    signals = [s for s in signals if s.config] if kind == "config" else signals
    groups = page.shapes
    firsts = "\n".join(page.lines[numbers[0] - 1] for numbers in groups.values())
    index = list(groups.values())
    found: list[Sighting] = []
    for signal in signals:
        numbers = [] if signal.facts else _candidates(signal, firsts, index)
        if numbers:
            found += _collect(page, signal, numbers, writer)
    return _exact(page, found, {s.name for s in signals if s.generic}, writer)


def _exact(page: Page, found: list[Sighting], generic: set[str], writer: str | None) -> list[Sighting]:
    """Take from generic signals the lines that a more exact signal shows."""
    taken = {n for s in found if s.signal not in generic and not s.noise for n in s.lines}
    kept = []
    for s in found:
        if s.signal not in generic or not taken.intersection(s.lines):
            kept.append(s)
            continue
        left = [n for n in s.lines if n not in taken]
        if left:
            kept.append(_built(page, s.signal, [(n, dict(s.values)) for n in left], writer, noise=s.noise))
    return kept


def _candidates(signal: Signal, firsts: str, index: list[list[int]]) -> list[int]:
    """Lines worth reading: all of each shape whose first line matches."""
    hits: set[int] = set()
    for pattern in signal.patterns:
        cursor = line = 0
        for match in pattern.finditer(firsts):
            line += firsts.count("\n", cursor, match.start())
            cursor = match.start()
            hits.add(line)
            for inner in range(firsts.count("\n", match.start(), match.end())):
                hits.add(line + inner + 1)
    return sorted(number for hit in hits if hit < len(index) for number in index[hit])[:_LINES]


def _read(signal: Signal, line: str) -> dict[str, str] | None:
    if any(p.search(line) for p in signal.refuse) or (signal.require and not signal.require.search(line)):
        return None
    for pattern in signal.patterns:
        match = pattern.search(line)
        if match:
            return {name: value.strip() for name, value in match.groupdict().items() if value}
    return None


def _collect(page: Page, signal: Signal, numbers: list[int], writer: str | None) -> list[Sighting]:
    by_identity: dict[tuple[tuple[str, str], ...], list[tuple[int, dict[str, str]]]] = defaultdict(list)
    for number in numbers:
        values = _read(signal, "\n".join(page.lines[number - 1 : number + 1]) if signal.pair else page.lines[number - 1])
        if values is not None and (signal.pair or not _ECHO.match(page.lines[number - 1])):
            key = tuple(sorted((k, v) for k, v in values.items() if k in IDENTITY))
            by_identity[key].append((number, values))
    largest = sorted(by_identity.values(), key=lambda hits: (-len(hits), hits[0][0]))[:_GROUPS]
    return [_built(page, signal.name, hits, writer, noise=signal.noise, elapsed=signal.elapsed) for hits in largest]


def _built(
    page: Page, signal: str, hits: list[tuple[int, dict[str, str]]], writer: str | None, *, noise: bool, elapsed: bool = False
) -> Sighting:
    lines = tuple(number for number, _ in hits)
    times = tuple(sorted(at.timestamp() - (_took(v) if elapsed else 0.0) for number, v in hits if (at := page.at(number)) is not None))
    values = {name: value for _, read in hits for name, value in read.items()}
    return Sighting(
        signal=signal,
        file=page.file,
        writer=writer,
        values=values,
        lines=lines,
        times=times,
        quote=page.lines[lines[0] - 1],
        citation=page.cite(lines[0]),
        last=page.cite(lines[-1]),
        noise=noise,
        timed=bool(times) and page.insights.start is not None,
        count=len(lines),
    )


def _took(values: Mapping[str, str]) -> float:
    """Seconds that a line says something has taken until it was written."""
    try:
        return float(values.get("ms", 0)) / 1000 + float(values.get("s", 0))
    except ValueError:
        return 0.0


def moment(seconds: float | None, like: datetime) -> datetime | None:
    """Seconds since 1970 as a time in the zone of `like`."""
    return datetime.fromtimestamp(seconds, like.tzinfo) if seconds is not None else None
