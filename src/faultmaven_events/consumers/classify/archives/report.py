"""What is said of an archive in one sentence: never a name of what is in it."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from faultmaven_events.schemas.manifest import Line

_ENDINGS: Final = {"gzip": "gz", "bzip2": "bz2", "xz": "xz", "zstd": "zst"}


def format_of(outer: str, inner: str) -> str:
    """Return an archive's format, with what it is packed in: `tar.gz`."""
    return f"{inner}.{_ENDINGS[outer]}" if outer in _ENDINGS else inner


def found_in(lines: Sequence[Line]) -> str:
    """Return how many files were unpacked and how many were not."""
    taken = sum(line.is_child for line in lines)
    skipped = sum(line.size if line.outcome == "more" else line.outcome == "skipped" for line in lines)
    broken = sum(line.outcome == "broken" for line in lines)
    return f"{taken} files unpacked, {skipped} skipped" + (f", {broken} archives broke off" if broken else "")


def nothing_in(form: str, lines: Sequence[Line]) -> str:
    """Return why an archive gave no file at all; at most 500 characters."""
    reasons = Counter[str]()
    for line in lines:
        reasons[line.why] += line.size if line.outcome == "more" else 1
    said = "; ".join(f"{why} ({count} times)" if count > 1 else why for why, count in reasons.most_common(4))
    return f"no file could be taken out of the {form} archive: {said or 'there is none in it'}"[:500]
