"""What the rules find: spans of one line, and how overlapping ones become one."""

from collections.abc import Iterable
from typing import Final, NamedTuple

SECRET: Final = "SECRET_"  # noqa: S105 # a prefix of types
"""Types that begin so are secrets: they win over personal data and are never given a pseudonym."""


class Finding(NamedTuple):
    """Characters `start` to `end` (exclusive) of one line. A finding that is not `hidden` is known for what it is and stays readable."""

    start: int
    end: int
    type: str
    hidden: bool = True

    @property
    def secret(self) -> bool:
        """Whether it is a secret rather than personal data."""
        return self.type.startswith(SECRET)

    @property
    def weight(self) -> tuple[bool, int, bool]:
        """What decides the type where findings overlap; of equal ones the one that a word in front of it names."""
        return self.secret, self.end - self.start, self.type == "NATIONAL_ID"


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """Return the hidden findings in order, without overlaps.

    What overlaps becomes one finding over all its characters, so that no rest of any sticks out; its type is that of the secret in it,
    else of the longest.
    """
    hidden = [finding for finding in findings if finding[3]]
    if len(hidden) < 2:
        return hidden
    result: list[Finding] = []
    for finding in sorted(hidden, key=lambda f: (f.start, -f.end)):
        last = result[-1] if result else None
        if last is None or finding.start >= last.end:
            result.append(finding)
            continue
        heavier = max(last, finding, key=lambda f: f.weight)
        result[-1] = Finding(last.start, max(last.end, finding.end), heavier.type)
    return result
