"""What the rules find: spans of one line, and how overlapping ones become one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

SECRET: Final = "SECRET_"  # noqa: S105 # a prefix of types
"""Types that begin so are secrets: they win over personal data and are never given a pseudonym."""


@dataclass(frozen=True, slots=True)
class Finding:
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
    def _weight(self) -> tuple[bool, int]:
        return self.secret, self.end - self.start


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """Return the hidden findings in order, without overlaps.

    What overlaps becomes one finding over all its characters, so that no rest of any sticks out; its type is that of the secret in it,
    else of the longest.
    """
    hidden = [finding for finding in findings if finding.hidden]
    result: list[Finding] = []
    for finding in sorted(hidden, key=lambda f: (f.start, -f.end)) if len(hidden) > 1 else hidden:
        last = result[-1] if result else None
        if last is None or finding.start >= last.end:
            result.append(finding)
            continue
        heavier = max(last, finding, key=lambda f: f._weight)  # noqa: SLF001 # own class
        result[-1] = Finding(last.start, max(last.end, finding.end), heavier.type)
    return result
