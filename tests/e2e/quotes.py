"""Whether a quote really stands in a file that was handed in: pseudonyms stand for what they hide, everything else is as it was."""

import re
from typing import Any

from faultmaven_events.consumers.sanitize.pseudonyms import TOKEN

CUT = 600
"""Characters after which a quote is cut."""


def pattern(quote: str) -> re.Pattern[str]:
    """Return what the original of a sanitized line must match; a number that was replaced in JSON got quotes around its pseudonym."""
    plain = TOKEN.split(quote)
    parts = [re.escape(part) for part in plain]
    return re.compile(r'"?.{1,200}?"?'.join(parts), re.DOTALL)


def holds(file: bytes, citation: dict[str, Any]) -> bool:
    """Whether the cited lines exist and the first of them is what the citation quotes."""
    lines = file.decode().split("\n")
    start, end = citation["line_start"], citation["line_end"]
    if not 1 <= start <= end <= len(lines):
        return False
    wanted, line = pattern(citation["quote"].rstrip("…")), lines[start - 1]
    return bool(wanted.match(line) if len(citation["quote"]) >= CUT - 1 else wanted.fullmatch(line))
