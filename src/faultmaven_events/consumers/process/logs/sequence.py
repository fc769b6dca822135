"""What comes before what: unusual lines in the seconds before an error, and errors that follow each other again and again."""

import math
from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Final

from faultmaven_events.consumers.process.logs.event import Event
from faultmaven_events.consumers.process.logs.facts import Draft, clock_time, seconds_text, shortened
from faultmaven_events.consumers.process.logs.ledger import Cite
from faultmaven_events.consumers.process.logs.levels import RANK
from faultmaven_events.consumers.process.logs.tally import Tally
from faultmaven_events.schemas.insight import Citation

BEFORE_S: Final = 60.0
RARE: Final = 2
"""Times that a template may have been seen, up to then, to be unusual before an error."""
BACK: Final = 200
"""Lines that are looked back at."""
_SHOWN: Final = 4
_OPENINGS: Final = 40
_PRECURSORS: Final = 3
WITHIN_S: Final = 10.0
REPEATED: Final = 3
OFTEN: Final = 0.6
_ERRORS: Final = 20_000
_KINDS: Final = 40
_CHAINS: Final = 3

Resolve = Callable[[int], int]
"""The number of the template that a template ended up in."""


@dataclass(frozen=True, slots=True)
class _Opening:
    """The first line of an error, and the unusual ones before it."""

    tally: Tally
    at: float
    error: Citation
    before: tuple[tuple[float, str, Citation, int], ...]


class Sequence:
    """Looks at the order of events; bounded in what it remembers."""

    def __init__(self, cite: Cite) -> None:
        self._cite = cite
        self._recent: deque[tuple[Event, Tally, int]] = deque(maxlen=BACK)
        self._openings: list[_Opening] = []
        self._errors: list[tuple[float, int]] = []
        self._since: float | None = None

    def add(self, event: Event, tally: Tally, *, bad: bool) -> None:
        """Look at one event, already counted in its tally."""
        if event.at is not None:
            if self._since is None:
                self._since = event.at
            if bad:
                if tally.count == 1 and len(self._openings) < _OPENINGS:
                    self._open(event, tally, event.at)
                if len(self._errors) < _ERRORS:
                    self._errors.append((event.at, tally.number))
            elif tally.count <= RARE and not tally.access:
                self._recent.append((event, tally, tally.count))

    def _open(self, event: Event, tally: Tally, at: float) -> None:
        start = self._since if self._since is not None else at
        before = [
            (seen.at, shortened(seen.text, 160), self._cite(seen), rare.number)
            for seen, rare, _ in self._recent
            if seen.at is not None and at - BEFORE_S <= seen.at <= at and seen.at > start + 1.0 and any(c.isalpha() for c in seen.text)
        ]
        self._openings.append(_Opening(tally, at, self._cite(event), tuple(before[-12:])))

    def drafts(self, tallies: dict[int, Tally], resolve: Resolve) -> Iterator[Draft]:
        """Yield the facts, once all counts are known."""
        yield from self._precursors(tallies, resolve)
        yield from self._chains(tallies, resolve)

    def _precursors(self, tallies: dict[int, Tally], resolve: Resolve) -> Iterator[Draft]:
        told: set[int] = set()
        for opening in self._openings:
            error = resolve(opening.tally.number)
            rare = [one for one in opening.before if (found := tallies.get(resolve(one[3]))) is not None and found.count <= 2 * RARE]
            if not rare or error in told or len(told) >= _PRECURSORS:
                continue
            told.add(error)
            shown = rare[-_SHOWN:]
            listed = "; ".join(f"{seconds_text(max(0.0, opening.at - at))} before: {text}" for at, text, _, _ in shown)
            yield Draft(
                kind="precursor",
                text=f"Unusual before the first “{shortened(opening.tally.text, 120)}” at {clock_time(opening.at)}: {listed}",
                at=shown[0][0],
                until=opening.at,
                citations=(*(citation for _, _, citation, _ in shown), opening.error),
                count=len(shown),
                component=opening.tally.component,
                attributes={"error": opening.tally.text[:300], "seconds": round(opening.at - shown[0][0], 3), "lines": len(shown)},
            )

    def _chains(self, tallies: dict[int, Tally], resolve: Resolve) -> Iterator[Draft]:
        """Yield errors that another error follows within seconds, in most of the cases of both, and hardly ever precedes."""
        times: dict[int, list[float]] = defaultdict(list)
        for at, number in self._errors:
            times[resolve(number)].append(at)
        often = sorted((number for number in times if len(times[number]) >= REPEATED), key=lambda one: -len(times[one]))[:_KINDS]
        links = {first: [link for then in often if then != first and (link := _link(times, first, then))] for first in often}
        led = {link.then for found in links.values() for link in found}
        heads = sorted((first for first in often if links[first] and first not in led), key=lambda first: -len(links[first]))
        for first in heads[:_CHAINS]:
            yield _chain(tallies, first, sorted(links[first], key=lambda link: link.lag)[:_SHOWN], times[first][0])


@dataclass(frozen=True, slots=True)
class _Link:
    then: int
    lag: float
    times: int
    share: float


def _link(times: dict[int, list[float]], first: int, then: int) -> _Link | None:
    starts, ends = sorted(times[first]), sorted(times[then])
    lags = [lag for at in starts if (lag := _next(ends, at)) is not None]
    preceded = sum(1 for at in ends if _last(starts, at) is not None)
    share = len(lags) / len(starts)
    if len(lags) < REPEATED or share < OFTEN or preceded < OFTEN * len(ends):
        return None
    lag = median(lags)
    spread = (starts[-1] - starts[0]) / max(1, len(starts) - 1)
    # what happens all the time follows everything: the second must come much sooner than the next of its kind would by chance
    if lag <= 0 or lag > 0.25 * spread:
        return None
    return _Link(then, lag, len(lags), share)


def _next(times: list[float], at: float) -> float | None:
    place = bisect_right(times, at)
    return times[place] - at if place < len(times) and times[place] - at <= WITHIN_S else None


def _last(times: list[float], at: float) -> float | None:
    place = bisect_right(times, math.nextafter(at, -math.inf)) - 1
    return at - times[place] if place >= 0 and at - times[place] <= WITHIN_S else None


def _chain(tallies: dict[int, Tally], first: int, links: list[_Link], at: float) -> Draft:
    head = tallies[first]
    steps = "; ".join(
        f"then {seconds_text(link.lag)} later ({link.times} of {round(link.times / link.share)} times): "
        f"{shortened(tallies[link.then].text, 110)}"
        for link in links
    )
    return Draft(
        kind="error_chain",
        text=f"Errors in a row, again and again: first {shortened(head.text, 140)}; {steps}",
        at=at,
        citations=(head.sample, *(tallies[link.then].sample for link in links)),
        count=max(link.times for link in links),
        level="error" if RANK[head.level] <= RANK["error"] else head.level,
        component=head.component,
        attributes={
            "first": head.text[:300],
            "then": tallies[links[0].then].text[:300],
            "lag_s": round(links[0].lag, 3),
            "share": round(links[0].share, 3),
        },
    )
