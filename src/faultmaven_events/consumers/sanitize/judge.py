"""Presidio's word on the candidates that the rules propose.

Its answers are cached by value, because the same addresses and numbers come again on thousands of lines of a log.
"""

from functools import lru_cache
from typing import Final

from faultmaven_events.consumers.sanitize.arithmetic import SETTLED
from faultmaven_events.consumers.sanitize.context import WORDS, words

THRESHOLD: Final = 0.5
"""Presidio's scores go from 0 to 1; its own patterns score 0.5 and more where they stand on their own."""
BEFORE: Final = 6
AFTER: Final = 2
"""Words in front of a candidate and behind it among which Presidio's context words count."""


@lru_cache(maxsize=1 << 17)
def confirmed(type_: str, value: str) -> bool:
    """Say whether Presidio's recognizers take the whole of `value` for what it is said to be, whatever stands around it."""
    settled = SETTLED.get(type_)
    if settled is not None and (answer := settled(value)) is not None:
        return answer
    from faultmaven_events.consumers.sanitize.engine import dials, score

    return dials(value) if type_ == "PHONE_NUMBER" else score(type_, value) >= THRESHOLD


def in_context(type_: str, before: str, value: str, after: str) -> bool:
    """Say whether Presidio takes `value` for what it is said to be, given the words around it.

    Args:
        type_: One of `context.WORDS`.
        before: What stands in front of the value, as far as it may matter.
        value: The candidate.
        after: What stands behind it.
    """
    near = f"{before} {after}".lower()
    if not any(word in near for word in WORDS[type_]):
        return False  # there is nothing that Presidio could find
    reached = _score(type_, value)
    if reached >= THRESHOLD or reached == 0:
        return reached > 0
    around = [*words(before)[-BEFORE:], *[word for word in words(after, whole=True) if word[0].isalpha()][:AFTER]]
    return not WORDS[type_].isdisjoint(around)  # with such a word the score is at least the threshold


def possible(type_: str, value: str) -> bool:
    """Say whether Presidio's recognizers would take the whole of `value` for what the words around it say, and refuse no check digit."""
    return _score(type_, value) > 0


@lru_cache(maxsize=1 << 15)
def _score(type_: str, value: str) -> float:
    from faultmaven_events.consumers.sanitize.engine import score

    return score(type_, value)
