"""`Prefer: wait=N` (RFC 7240) and entity tags (RFC 9110), as values."""

import re
from typing import Final

LONGEST_WAIT: Final = 60
"""Seconds."""
_WAIT: Final = re.compile(r'(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?=$|[,;])', re.IGNORECASE)
_TAG: Final = re.compile(r'(?:W/)?"([^"]*)"')


def wait(prefer: list[str]) -> int | None:
    """Return the seconds to wait, at most 60; None when the client does not ask for it."""
    found = _WAIT.search(",".join(prefer))
    return min(int(found[1]), LONGEST_WAIT) if found else None


def etag(version: int) -> str:
    """Return the entity tag of a job's version."""
    return f'"{version}"'


def matches(if_none_match: str | None, version: int) -> bool:
    """Whether the client has this version already."""
    return listed(if_none_match, str(version))


def listed(if_none_match: str | None, tag: str) -> bool:
    """Whether the client has what an entity tag names."""
    if not if_none_match:
        return False
    return if_none_match.strip() == "*" or tag in _TAG.findall(if_none_match)
