"""Which form of a resource a client gets: `?format=`, else what its Accept header likes best (RFC 9110, section 12.5.1)."""

from collections.abc import Sequence
from typing import Final

_ENTRIES: Final = 40
"""Ranges of an Accept header that are read."""


def liked(accept: Sequence[str], offered: Sequence[str]) -> str | None:
    """Return the media type that a client likes best, the first one where it likes several alike; None when it takes none of them.

    `accept` are the values of all Accept headers; without any, everything is taken.
    """
    ranges = [_range(each) for each in ",".join(accept).split(",")[:_ENTRIES] if each.strip()]
    if not ranges:
        return offered[0]
    rated = [(_quality(kind, ranges), -place, kind) for place, kind in enumerate(offered)]
    quality, _, kind = max(rated)
    return kind if quality > 0 else None


def _range(entry: str) -> tuple[str, float]:
    kind, *parameters = (part.strip().lower() for part in entry.split(";"))
    weights = [value for name, _, value in (p.partition("=") for p in parameters) if name.strip() == "q"]
    return kind, _weight(weights[0]) if weights else 1.0


def _weight(text: str) -> float:
    """A quality from 0 to 1; what is none counts as 0."""
    digits = text.strip().replace(".", "", 1)
    return min(float(text), 1.0) if digits.isascii() and digits.isdigit() and len(digits) <= 4 else 0.0


def _quality(kind: str, ranges: Sequence[tuple[str, float]]) -> float:
    """The weight of the most exact range that holds a media type."""
    for wanted in (kind, f"{kind.partition('/')[0]}/*", "*/*"):
        found = [weight for each, weight in ranges if each == wanted]
        if found:
            return max(found)
    return 0.0
