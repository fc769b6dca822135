"""Which series moved first: series that leave their level in the same episode, in order, with the lag between them.

Two series that only grow side by side say nothing: each must have a move of its own (a change point or an anomaly) within minutes of the
other's, and around these moves the curves must be alike once one is shifted by the lag (the highest cross-correlation, in absolute value).
The leader of an episode is compared with those that follow it, not everything with everything, so that thousands of series stay cheap.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from faultmaven_events.schemas.insight import Citation, Fact, Insights, Series

Floats = NDArray[np.float64]

MOST_MOVES: Final = 80
"""Moves of all files that are looked at, the weightiest of each."""
APART: Final = 900.0
"""Seconds between two moves of one episode at most, and `SHARE` of the time that both series cover."""
SHARE: Final = 0.2
FEWEST: Final = 8
"""Points of a series around a move, below which its shape says nothing."""
AROUND: Final = 40
"""Steps before the first and after the second move that are compared."""
LEAST: Final = 0.7
"""Strength below which two moves only happen to be near."""
MOST_FOLLOWERS: Final = 6
RATE: Final = " per second"


@dataclass(frozen=True, slots=True)
class Move:
    """A series that left its level at `at` (seconds since 1970)."""

    at: float
    name: str
    seconds: Floats
    values: Floats
    fact: Fact
    rising: bool

    @property
    def step(self) -> float:
        """Usual seconds between two points."""
        return float(np.median(np.diff(self.seconds)))


def series_that_lead(files: Sequence[Insights]) -> Iterator[Fact]:
    """Yield for each episode the pairs (what moved first, what followed), strongest first."""
    moves = sorted((move for file in files for move in _moves(file)), key=lambda move: -len(move.values))[:MOST_MOVES]
    pairs = [pair for episode in _episodes(sorted(moves, key=lambda move: (move.at, move.name))) for pair in _followers(episode)]
    for strength, lag, leader, follower in sorted(pairs, key=lambda pair: -pair[0]):
        yield _fact(leader, follower, lag, strength)


def _moves(file: Insights) -> Iterator[Move]:
    """The first move of each series of a file."""
    known = {one.name: one for one in file.series}
    first = min((one.points[0][0] for one in file.series if one.points), default=None)
    moved = file.start - first if file.clock and file.start and first else timedelta()
    seen: set[str] = set()
    for fact in file.facts:
        name = fact.attributes.get("series")
        if (
            fact.kind not in {"change_point", "anomaly"}
            or fact.at is None
            or not isinstance(name, str)
            or name in seen
            or not fact.citations
        ):
            continue
        one = known.get(name) or known.get(name.removesuffix(RATE))
        if one is None or len(one.points) < FEWEST:
            continue
        seen.add(name)
        seconds, values = _curve(one, moved, rate=name.endswith(RATE))
        yield Move(fact.at.timestamp(), name, seconds, values, fact, _rising(fact))


def _curve(one: Series, moved: timedelta, *, rate: bool) -> tuple[Floats, Floats]:
    seconds = np.array([at.timestamp() for at, _ in one.points]) + moved.total_seconds()
    values = np.array([value for _, value in one.points])
    if not rate:
        return seconds, values
    growth = np.diff(values)
    growth = np.where(growth < 0, values[1:], growth)
    return seconds[1:], growth / np.maximum(np.diff(seconds), 1e-9)


def _rising(fact: Fact) -> bool:
    before, after = fact.attributes.get("before"), fact.attributes.get("after")
    if isinstance(before, int | float) and isinstance(after, int | float):
        return after > before
    return fact.attributes.get("direction") != "below"


def _episodes(moves: Sequence[Move]) -> Iterator[list[Move]]:
    """Moves in order of time, split where the next one is too far from the first of its episode."""
    episode: list[Move] = []
    for move in moves:
        if episode and move.at - episode[0].at > _window(episode[0], move):
            yield episode
            episode = []
        episode.append(move)
    if episode:
        yield episode


def _window(one: Move, other: Move) -> float:
    """Seconds that two moves may be apart."""
    shared = min(one.seconds[-1], other.seconds[-1]) - max(one.seconds[0], other.seconds[0])
    return min(APART, SHARE * max(0.0, float(shared)))


def _followers(episode: Sequence[Move]) -> list[tuple[float, float, Move, Move]]:
    """(strength, lag in seconds, leader, follower) of one episode; what moves within one step of the leader does not follow it."""
    leader, *others = episode
    found = []
    for other in others:
        if other.name == leader.name and other.fact.citations[0].file == leader.fact.citations[0].file:
            continue
        compared = _alike(leader, other)
        if compared and compared[0] >= LEAST:
            found.append((*compared, leader, other))
    return sorted(found, key=lambda pair: -pair[0])[:MOST_FOLLOWERS]


def _alike(leader: Move, other: Move) -> tuple[float, float] | None:
    """Strength and lag: the shift by which the curves around the moves are most alike, near the distance of the moves themselves."""
    step = max(leader.step, other.step)
    apart = other.at - leader.at
    if step <= 0 or apart < step:
        return None
    grid = np.arange(leader.at - AROUND * step, other.at + AROUND * step, step)
    grid = grid[(grid >= max(leader.seconds[0], other.seconds[0])) & (grid <= min(leader.seconds[-1], other.seconds[-1]))]
    if not FEWEST <= len(grid) <= 100 * AROUND:
        return None
    tolerance = max(3, round(0.25 * apart / step))
    near = range(max(1, round(apart / step) - tolerance), round(apart / step) + tolerance + 1)
    whole = _ranked(np.interp(grid, leader.seconds, leader.values)), _ranked(np.interp(grid, other.seconds, other.values))
    best = max(((_correlation(*whole, shift), -abs(shift * step - apart), shift) for shift in near), default=None)
    return (round(min(1.0, best[0]), 3), best[2] * step) if best else None


def _ranked(values: Floats) -> Floats:
    """Values cut at their 2 % and 98 % quantiles, so that one wild sample does not decide."""
    low, high = np.percentile(values, (2, 98))
    return np.clip(values, low, high)


def _correlation(one: Floats, other: Floats, shift: int) -> float:
    before, after = one[: len(one) - shift], other[shift:]
    if len(before) < FEWEST or np.ptp(before) == 0 or np.ptp(after) == 0:
        return 0.0
    return abs(float(np.corrcoef(before, after)[0, 1]))


def _fact(leader: Move, follower: Move, lag: float, strength: float) -> Fact:
    def told(move: Move) -> str:
        return f"{move.name} {'rose' if move.rising else 'fell'}"

    at = datetime.fromtimestamp(leader.at, UTC)
    text = f"{told(leader)} first, at {at:%H:%M:%S} UTC; {told(follower)} about {lag:.3g} s later, with the same course."
    cited: tuple[Citation, ...] = (leader.fact.citations[0], follower.fact.citations[0])
    return Fact(
        id="lead-0",
        kind="lead",
        text=text[:600],
        component=leader.fact.component,
        at=at,
        until=datetime.fromtimestamp(follower.at, UTC),
        attributes={
            "series": leader.name[:300],
            "follower": follower.name[:300],
            "lag_s": round(lag, 3),
            "strength": strength,
            "follower_component": follower.fact.component,
        },
        citations=cited,
    )
