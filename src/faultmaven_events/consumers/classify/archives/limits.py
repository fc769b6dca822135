"""How much an archive may hold: constants for what no real bundle needs, settings for what machines differ in."""

import time
from dataclasses import dataclass, field
from typing import Final

from faultmaven_events.consumers.classify.archives.member import Spent
from faultmaven_events.schemas.evidence import MOST_CHILDREN

FILES: Final = MOST_CHILDREN
"""Files that are taken out of one archive, nested ones together."""
ENTRIES: Final = 20_000
"""Members that are looked at, whatever they are."""
DEPTH: Final = 3
"""Archives inside of archives, the outermost counted."""
RATIO: Final = 200
"""How many times its packed size content may have, beyond `RATIO_FROM` bytes."""
RATIO_FROM: Final = 1024 * 1024
SECONDS: Final = 60.0
"""Time after which the rest is left: below what a worker may take, so that what was taken counts."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`total` bytes that everything may unpack to; `nested` bytes of a zip inside an archive, which is held in memory."""

    total: int
    nested: int
    files: int = FILES
    entries: int = ENTRIES
    depth: int = DEPTH
    seconds: float = SECONDS


@dataclass(slots=True)
class Budget:
    """What is used of the limits while one archive is unpacked. Every method raises Spent when a limit is reached."""

    limits: Limits
    bytes: int = 0
    entries: int = 0
    files: int = 0
    began: float = field(default_factory=time.monotonic)

    def unpack(self, size: int) -> None:
        """Count bytes that came out of a decoder."""
        self.bytes += size
        if self.bytes > self.limits.total:
            raise Spent(f"it unpacks to more than {self.limits.total:,} bytes: the rest was left")
        if time.monotonic() - self.began > self.limits.seconds:
            raise Spent(f"it took longer than {self.limits.seconds:.0f} s: the rest was left")

    def enter(self) -> None:
        """Count a member."""
        self.entries += 1
        if self.entries > self.limits.entries:
            raise Spent(f"it has more than {self.limits.entries:,} members: the rest was left")
        self.unpack(0)

    def take(self) -> None:
        """Count a file."""
        if self.files >= self.limits.files:
            raise Spent(f"{self.limits.files:,} files were taken: the rest was left")
        self.files += 1


def exploded(size: int, packed: int) -> bool:
    """Whether so many bytes out of so many packed ones are a bomb's."""
    return size > RATIO_FROM and size > RATIO * packed
