"""Counts over time in buckets that grow with the file: never more than `BUCKETS` of them, whatever the span."""

import math
from collections.abc import Callable
from typing import Final

BUCKETS: Final = 240


class Timeline:
    """Buckets of `width` seconds from `origin` on, the first time seen. Who counts by bucket registers, to hear when two become one."""

    def __init__(self) -> None:
        self.origin = 0.0
        self.width = 1.0
        self._low = self._high = 0
        self._started = False
        self._keepers: list[Callable[[], None]] = []

    def register(self, halve: Callable[[], None]) -> None:
        """Call `halve` whenever the buckets 2n and 2n + 1 become the bucket n."""
        self._keepers.append(halve)

    def index(self, at: float) -> int:
        """Return the bucket of a time, negative before the origin."""
        if not self._started:
            self.origin, self._started = at, True
        place = math.floor((at - self.origin) / self.width)
        if self._low <= place <= self._high:
            return place
        self._low, self._high = min(self._low, place), max(self._high, place)
        while self._high - self._low >= BUCKETS:
            self.width *= 2
            self._low //= 2
            self._high //= 2
            place //= 2
            for halve in self._keepers:
                halve()
        return place

    @property
    def first(self) -> int:
        """The lowest bucket."""
        return self._low

    @property
    def size(self) -> int:
        """How many buckets there are from the lowest to the highest."""
        return self._high - self._low + 1

    def time_of(self, index: int) -> float:
        """Return when a bucket begins."""
        return self.origin + index * self.width


def halved(counts: dict[int, int]) -> dict[int, int]:
    """Return counts by bucket after two buckets became one."""
    out: dict[int, int] = {}
    for index, count in counts.items():
        out[index // 2] = out.get(index // 2, 0) + count
    return out
