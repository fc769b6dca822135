"""What was handed in under one case, and what the system answered."""

from dataclasses import dataclass, field
from uuid import UUID


@dataclass(slots=True)
class Accounts:
    """The account of one case. Jobs are known by a correlation id that begins with the case's prefix."""

    prefix: str
    accepted: dict[UUID, str] = field(default_factory=dict)
    """Jobs that the system promised to do, with the tenant of each."""
    refused: int = 0
    """Answers that said: not now."""
    broken_off: int = 0
    """Requests without an answer: the job may exist."""
    number: int = 0

    def correlation(self) -> str:
        """Return the correlation id of the next parcel."""
        self.number += 1
        return f"{self.prefix}{self.number}"
