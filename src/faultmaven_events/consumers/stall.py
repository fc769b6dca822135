"""What a stall is: work waits or hangs, and this process does nothing about it. Pure: what was seen and the time are passed in.

A judgement needs unbroken observation. After a gap (this process or the whole machine stood still, the broker was away) it begins anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

REFUSALS: Final = 3
"""Messages left unconfirmed one after the other, from which the connection is suspected."""
GAP: Final = 3.0
"""Intervals between two looks, beyond which the time in between was not observed."""


class Sight(NamedTuple):
    """One lane of a stage, as it was at one moment."""

    queue: str
    waiting: int
    """Messages in the queue that nobody has in hand."""
    given: int
    """Messages that this process was given of it so far."""
    in_hand: int
    prefetch: int
    paused: bool
    oldest: float = 0.0
    """Seconds for which the oldest message has been in hand."""
    deadline: float = 600.0
    """Seconds that one may take."""


@dataclass(slots=True)
class Judge:
    """Says what is stalled, from looks that are `interval` seconds apart."""

    patience: float
    """Seconds without progress that make a stall."""
    interval: float
    _starving: dict[str, tuple[int, float]] = field(default_factory=dict)
    """By queue: how many messages had been given, and since when no further one."""
    _overdue: dict[str, float] = field(default_factory=dict)
    _refused: int = 0
    _refused_since: float | None = None
    _looked: float | None = None

    def published(self, *, confirmed: bool) -> None:
        """Note how the broker answered what a message had to publish."""
        self._refused = 0 if confirmed else self._refused + 1
        self._refused_since = None if confirmed else self._refused_since

    def forget(self) -> None:
        """Begin anew: what was seen says nothing any more."""
        self._starving.clear()
        self._overdue.clear()
        self._refused, self._refused_since, self._looked = 0, None, None

    def look(self, sights: Sequence[Sight], now: float) -> str | None:
        """Return what is stalled, as a sentence, or None."""
        if self._looked is not None and now - self._looked > GAP * self.interval:
            self.forget()
        self._looked = now
        reasons = [*(self._lane(sight, now) for sight in sights), self._connection(now)]
        return next((reason for reason in reasons if reason), None)

    def _lane(self, sight: Sight, now: float) -> str | None:
        return self._starves(sight, now) or self._hangs(sight, now)

    def _starves(self, sight: Sight, now: float) -> str | None:
        idle = sight.waiting > 0 and not sight.paused and sight.in_hand < sight.prefetch
        given, since = self._starving.get(sight.queue, (sight.given, now))
        if not idle or given != sight.given:
            given, since = sight.given, now
        if not idle:
            self._starving.pop(sight.queue, None)
            return None
        self._starving[sight.queue] = given, since
        if now - since < self.patience:
            return None
        return f"{sight.queue} holds {sight.waiting} messages and gave this process none for {now - since:.0f} s"

    def _hangs(self, sight: Sight, now: float) -> str | None:
        if sight.oldest <= sight.deadline:
            self._overdue.pop(sight.queue, None)
            return None
        since = self._overdue.setdefault(sight.queue, now)
        if now - since < self.patience:
            return None
        return f"a message of {sight.queue} is in hand for {sight.oldest:.0f} s, beyond its {sight.deadline:.0f} s"

    def _connection(self, now: float) -> str | None:
        if self._refused < REFUSALS:
            return None
        if self._refused_since is None:
            self._refused_since = now
        if now - self._refused_since < self.patience / 2:
            return None
        return f"the last {self._refused} messages could not be published or acknowledged, while the broker takes others"
