"""One call as every tracing format tells it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from faultmaven_events.schemas.insight import Scalar

Kind = Literal["server", "client", "producer", "consumer", "internal", ""]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_S: Final = 4e9
"""Seconds since 1970 up to which a number is taken for a time (the year 2096)."""


@dataclass(frozen=True, slots=True)
class Thrown:
    """An exception that a span recorded."""

    type: str
    message: str
    frame: str | None = None


@dataclass(slots=True, eq=False)
class Span:
    """One call. `start` and `duration` in seconds; `start` since 1970, or since the recording began where the format has no date.

    `up`, `children` and `shift` (seconds by which its clock was corrected) are set when its tree is built.
    """

    trace: str
    id: str
    parent: str | None
    service: str
    name: str
    kind: Kind
    start: float
    duration: float
    failed: bool
    line: int
    end_line: int
    status: str | None = None
    message: str | None = None
    attributes: dict[str, Scalar] = field(default_factory=dict)
    thrown: tuple[Thrown, ...] = ()
    up: "Span | None" = None
    children: list["Span"] = field(default_factory=list)
    shift: float = 0.0

    @property
    def end(self) -> float:
        """When it ended, on the clock of `start`."""
        return self.start + self.duration

    @property
    def at(self) -> datetime | None:
        """When it began by its own clock; None where the format has no dates."""
        return moment(self.start - self.shift)


def moment(seconds: float) -> datetime | None:
    """Seconds since 1970 as UTC; None for what is no time of our days."""
    return _EPOCH + timedelta(seconds=seconds) if 1e8 < seconds < _LAST_S else None
