"""Facts out of templates: errors, what is new, what bursts, what fell silent."""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np

from faultmaven_events.consumers.process.logs import notable, scan, words
from faultmaven_events.consumers.process.logs.facts import Draft, clock_time, seconds_text
from faultmaven_events.consumers.process.logs.tally import Tally
from faultmaven_events.consumers.process.logs.template_fact import Named, draft, rank, said, times
from faultmaven_events.consumers.process.logs.timeline import Timeline
from faultmaven_events.schemas.insight import Scalar

_MOST: Final = {
    "error": 40,
    "warning": 25,
    "first_seen": 25,
    "burst": 12,
    "silence": 8,
    "limit": 20,
    "restart": 40,
    "change": 60,
    "listening": 12,
    "alert": 20,
}
_UPSTREAM = re.compile(r"\bupstream: \"?(?:[a-z]{2,10}://)?([^/\"\s,]{3,100})")


def drafts(named: Sequence[Named], timeline: Timeline, lines: int, last: float | None, *, journal: bool) -> Iterator[Draft]:
    """Yield the facts that the templates of one file show. `journal`: every line of it is a change."""
    plain = [(text, tally) for text, tally in named if not tally.access and any(c.isalpha() for c in tally.text)]
    events = [(text, tally) for text, tally in plain if not tally.dump]
    yield from _levelled(events if any(rank(tally) > 2 for _, tally in events) else plain)
    yield from _top(() if journal else _first_seen(events, timeline), "first_seen")
    yield from _top(_bursts(plain, timeline), "burst")
    yield from _top(_silences(plain, timeline, last), "silence")
    for kind in ("limit", "alert", "restart", "change", "listening"):
        found = notable.recognised(plain, kind, lines, journal=journal)
        yield from _top(notable.runs(found) if kind == "restart" else found, kind)


def _top(found: Iterable[Draft], kind: str) -> list[Draft]:
    best = sorted(found, key=lambda draft: -draft.weight)[: _MOST[kind]]
    return sorted(best, key=lambda draft: (draft.at is None, draft.at or 0.0))


def _levelled(named: Sequence[Named]) -> Iterator[Draft]:
    for kind, ranks in (("error", (3, 4)), ("warning", (2,))):
        found = [
            draft(
                kind,
                f"{said(tally)}: {times(tally)}{f'; always with {tally.only}' if tally.only else ''}",
                tally,
                text,
                10 * rank(tally) + math.log1p(tally.count),
                **_further(tally),
            )
            for text, tally in named
            if rank(tally) in ranks
        ]
        yield from _top(found, kind)


def _further(tally: Tally) -> dict[str, Scalar]:
    more: dict[str, Scalar] = {word: text for word, text in tally.attached.items() if word != "open"}
    if tally.only:
        more["only"] = tally.only
    if upstream := _UPSTREAM.search(tally.text):
        more["upstream"] = upstream[1]
    return more


def _first_seen(named: Sequence[Named], timeline: Timeline) -> Iterator[Draft]:
    start = timeline.time_of(timeline.first)
    late = start + max(3.0, 0.05 * timeline.size * timeline.width)
    for text, tally in named:
        if tally.first_at is None or tally.first_at < late:
            continue
        if rank(tally) >= 2 or tally.rules or tally.count >= 3 or words.BAD.search(tally.text[: words.LOOK]):
            when = f"{clock_time(tally.first_at)}, {seconds_text(tally.first_at - start)} after the file's start"
            told = f"First seen at {when}: {said(tally)} ({tally.count} times)"
            yield draft("first_seen", told, tally, text, 10 * rank(tally) + math.log1p(tally.count) + 2 * len(tally.rules))


def _array(tally: Tally, timeline: Timeline) -> scan.Counts:
    array = np.zeros(timeline.size)
    for index, count in tally.buckets.items():
        array[index - timeline.first] = count
    return array


def _bursts(named: Sequence[Named], timeline: Timeline) -> Iterator[Draft]:
    often = sorted((one for one in named if one[1].count >= 10), key=lambda one: (-rank(one[1]), -one[1].count))[:200]
    for text, tally in often:
        counts = _array(tally, timeline)
        span = scan.rates(counts)
        if span is None or span.ratio < 1.5 * scan.SURE or (span.first == 0 and rank(tally) < 2):
            continue
        stop = min(span.last + 1, timeline.size)
        inside = float(counts[span.first : stop].sum()) / (stop - span.first)
        outside = float(counts.sum() - counts[span.first : stop].sum()) / max(1, timeline.size - stop + span.first)
        if inside < 3 * outside or (rank(tally) < 2 and stop - span.first > 0.5 * timeline.size):
            continue
        first = next((place for place in range(span.first, stop) if counts[place]), span.first)
        at, until = timeline.time_of(first + timeline.first), timeline.time_of(stop + timeline.first)
        during, before = inside / timeline.width, outside / timeline.width
        told = f"Burst from {clock_time(at)} to {clock_time(until)}: {said(tally)}, {during:.3g} per second against {before:.3g} otherwise"
        found = draft(
            "burst",
            told,
            tally,
            text,
            10 * rank(tally) + min(9.0, span.ratio / 100),
            rate_before=round(before, 4),
            rate_during=round(during, 4),
        )
        found.at, found.until = max(at, tally.first_at or at), until
        yield found


def _silences(named: Sequence[Named], timeline: Timeline, last: float | None) -> Iterator[Draft]:
    span = timeline.size * timeline.width
    for text, tally in named:
        if last is None or tally.count < 10 or tally.first_at is None or tally.last_at is None:
            continue
        lasted, silent = tally.last_at - tally.first_at, last - tally.last_at
        if lasted < 0.15 * span or silent < max(5 * tally.longest_gap, 5.0) or tally.count / max(lasted, 1.0) * silent < 12:
            continue
        when = f"{clock_time(tally.last_at)}, silent for {seconds_text(silent)} until the file's end"
        told = f"Stopped after {when}: {said(tally)} ({tally.count} times before)"
        found = draft("silence", told, tally, text, float(math.log1p(tally.count)), last_at=clock_time(tally.last_at))
        found.at, found.until = tally.last_at, last
        yield found
