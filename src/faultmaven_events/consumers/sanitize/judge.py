"""Presidio's word on the candidates that the rules propose.

Its answers are cached by value, because the same addresses and numbers come again on thousands of lines of a log.
"""

import re
from functools import lru_cache
from typing import Any, Final

from faultmaven_events.consumers.sanitize.context import WORD, WORDS

THRESHOLD: Final = 0.5
"""Presidio's scores go from 0 to 1; its own patterns score 0.5 and more where they stand on their own."""
PARSED: Final = 0.4
"""What Presidio gives a phone number that its library could parse."""
_NEAR: Final = {type_: re.compile("|".join(words), re.IGNORECASE) for type_, words in WORDS.items()}


@lru_cache(maxsize=1 << 17)
def confirmed(type_: str, value: str) -> bool:
    """Say whether Presidio's recognizers take the whole of `value` for what it is said to be, whatever stands around it."""
    from faultmaven_events.consumers.sanitize.engine import recognizers

    nothing: Any = None  # patterns need no words
    results = (result for recognizer in recognizers(type_) for result in recognizer.analyze(value, [type_], nothing))
    enough = PARSED if type_ == "PHONE_NUMBER" else THRESHOLD
    return any(r.start == 0 and r.end == len(value) and r.score >= enough for r in results)


@lru_cache(maxsize=1 << 15)
def in_context(type_: str, before: str, value: str, after: str) -> bool:
    """Say whether Presidio takes `value` for what it is said to be, given the words around it.

    Args:
        type_: One of `context.WORDS`.
        before: What stands in front of the value, as far as it may matter.
        value: The candidate.
        after: What stands behind it.
    """
    if not (_NEAR[type_].search(before) or _NEAR[type_].search(after)):
        return False  # there is nothing that Presidio could find
    from faultmaven_events.consumers.sanitize.engine import LANGUAGE, engine

    start, end = len(before), len(before) + len(value)
    # Presidio counts the words of the value itself among those after it, so that these are handed over apart.
    words = [word.lower() for word in WORD.findall(after) if word[0].isalpha()][:2]
    results = engine().analyze(before + value, LANGUAGE, entities=[type_], score_threshold=THRESHOLD, context=words)
    return any(r.start <= start + 1 and r.end >= end - 1 for r in results)
