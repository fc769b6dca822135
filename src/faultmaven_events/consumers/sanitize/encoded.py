"""Base64 that holds text in which something is to be hidden: bodies in recordings of browsers, user data of machines, configurations."""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from typing import Final

from faultmaven_events.consumers.sanitize.finding import Finding

TYPE: Final = "SECRET_ENCODED"
CHEAP: Final = r"[a-z0-9+/]{40}"
RUN: Final = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{40,}={0,2}(?![A-Za-z0-9+/_=-])")
HEX: Final = re.compile(r"[0-9a-fA-F-]+|[A-Z0-9_-]+|[a-z_/-]+")
"""Digests, names and paths."""
SAMPLE: Final = 32
MOST: Final = 4 << 20
"""Characters of one run that are read; what is longer is text of which nobody reads a line, and is hidden unread."""

Look = Callable[[str], bool]
"""Whether something is to be hidden in a text."""


def findings(line: str, look: Look) -> Iterator[Finding]:
    """Yield the runs of base64 that are text in UTF-8 with something to hide in it."""
    for match in RUN.finditer(line):
        run = match.group()
        if HEX.fullmatch(run) or not _text(run[:SAMPLE]):
            continue
        text = _text(run) if len(run) <= MOST else None
        if (len(run) > MOST) or (text is not None and look(text)):
            yield Finding(match.start(), match.end(), TYPE)


def _text(run: str) -> str | None:
    """Return what the run says, None when that is no text; an incomplete end is cut off."""
    bare = run.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        data = base64.b64decode(bare[: len(bare) // 4 * 4] + _rest(bare))
    except binascii.Error:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        if error.start < len(data) - 3:
            return None
        text = data[: error.start].decode()
    shown = sum(character.isprintable() or character in "\n\r\t" for character in text)
    return text if shown == len(text) and text else None


def _rest(bare: str) -> str:
    over = len(bare) % 4
    return bare[-over:] + "=" * (4 - over) if over > 1 else ""
