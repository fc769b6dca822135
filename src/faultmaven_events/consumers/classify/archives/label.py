"""A member's path as the name of a file: only ever a label, never opened."""

import re
import unicodedata
from typing import Final

from faultmaven_events.schemas.manifest import LABEL

NAME: Final = 255
"""Characters of a job's name."""
CONTROLS: Final = "its name has control characters"
OUTSIDE: Final = "its path leads out of the archive"
JUNK: Final = "an operating system's own notes"
LONG: Final = "its path is too long"

_JUNK: Final = re.compile(r"(?:.*/)?(?:__MACOSX/.*|\._[^/]+|\.DS_Store|Thumbs\.db|desktop\.ini|@eaDir/.*|lost\+found/.*)", re.IGNORECASE)
_MISLEADING: Final = frozenset("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Line separators and the controls that reorder text (https://www.unicode.org/reports/tr9/)."""
_DRIVE: Final = re.compile(r"[A-Za-z]:/")


def label(path: str) -> tuple[str, str | None]:
    """Return a path as it is shown, and why its file is not taken; None when it is."""
    hidden = "".join("\ufffd" if _misleads(each) else each for each in path[: 4 * LABEL])
    slashed = hidden.replace("\\", "/")
    parts = [part for part in _DRIVE.sub("", slashed, count=1).split("/") if part not in {"", "."}]
    shown = "/".join(parts)[:LABEL] or "\ufffd"
    if any(map(_misleads, path)):
        return shown, CONTROLS
    if ".." in parts:
        return shown, OUTSIDE
    if len(path) > LABEL:
        return shown, LONG
    return shown, JUNK if _JUNK.fullmatch(shown) else None


def shortened(name: str) -> str:
    """Return a name of at most `NAME` characters: of a longer one the beginning and, more telling, the end."""
    return name if len(name) <= NAME else f"{name[:40]}\u2026{name[-(NAME - 41) :]}"


def _misleads(character: str) -> bool:
    return character in _MISLEADING or unicodedata.category(character) in {"Cc", "Cs"}
