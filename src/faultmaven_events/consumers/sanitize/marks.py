"""Marks: digests by which a finding is known again without its value, and where each was."""

import hmac
from functools import lru_cache
from typing import Final, NamedTuple

from faultmaven_events.consumers.sanitize.places import Place
from faultmaven_events.consumers.sanitize.pseudonyms import normal
from faultmaven_events.infra.keys import derive_key

MOST: Final = 1_000
"""Marks of one text."""
LONGEST: Final = 128
"""Characters of a stand-in that a mark shows."""


class Spot(NamedTuple):
    """A mark of one piece: `line` and `column` count from 0, within the piece."""

    line: int
    column: int
    type: str
    token: str
    digest: str


def marking_key(raw_key: bytes, tenant: str) -> bytes:
    """Return the key of a tenant's digests.

    It comes from the key of raw content: who has it could have read the value itself, and nobody else can test a guess.
    """
    return derive_key(raw_key, f"marks/{tenant}")


@lru_cache(maxsize=1 << 14)
def digest(key: bytes, type_: str, value: str) -> str:
    """Return the digest of a value: HMAC-SHA256 over type and normalised value, 16 hex digits."""
    return hmac.digest(key, f"{type_}\0{normal(type_, value)}".encode(errors="replace"), "sha256").hex()[:16]


class Marking:
    """Collects the marks of a piece: of personal data the first place of each stand-in, of what is one-way every place."""

    def __init__(self, key: bytes | None, most: int) -> None:
        self._key, self._most = key, most
        self._seen: set[str] = set()
        self.spots: list[Spot] = []

    def add(self, line: int, text: str, places: list[Place]) -> None:
        """Mark what is hidden in a line; one more than `most` is taken, so that it shows that there are more."""
        for place in places:
            if self._key is None or len(self.spots) > self._most:
                return
            token = text[place.start : place.end]
            if place.reversible:
                if token in self._seen:
                    continue
                self._seen.add(token)
            self.spots.append(Spot(line, place.start, place.type, token[:LONGEST], digest(self._key, place.type, place.value)))
