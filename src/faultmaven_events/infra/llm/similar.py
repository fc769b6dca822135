"""When two questions about the same evidence are one: near in meaning, and equal in all that meaning does not see.

Vectors of sentences hardly tell 14:00 from 15:00, "does" from "does not", cause from effect. So a question that differs from another in a
number, a name, a word that denies or asks, a side of what has two, or in the order of what both speak of, is another question, however
near it is. Pure; linear in the length of the questions.
"""

import math
import re
import struct
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Final

LONGEST: Final = 800
"""Characters of a question that a vector stands for; a model reads about a thousand, and of what it does not read it knows nothing."""
DIMENSIONS: Final = 4096

_WORD: Final = re.compile(r"[^\W_]+")
_PART: Final = re.compile(r"[^\s,;!?()\[\]{}\"'`“”«»]+")
_SIGN: Final = re.compile(r"[\d_./:@#%=<>+\\$*&|^~-]")
_ENDS: Final = ("ingly", "ures", "ing", "ure", "ies", "ed", "es", "s", "e", "y")
_SHORTEST: Final = 3
"""Letters that are left of a word without its ending."""
_SILENT: Final = frozenset(("the", "and", "are", "was", "were", "did", "does", "has", "have", "had", "for", "that", "this", "our", "its"))
"""Words whose place says nothing."""


def marks(question: str) -> frozenset[str]:
    """Return what two questions must have in common: numbers, names, and the words that decide what is meant.

    A name is what has a digit or a sign in it, or a capital beyond the first word; in scripts without capitals every word is one.
    """
    found = {_bare(part).casefold() for index, part in enumerate(_PART.findall(question)) if _is_name(_bare(part), first=index == 0)}
    told = {stem for stem in _stems(question) if stem in _telling()}
    denied = {"not"} if re.search(r"n['’]t\b", question, re.IGNORECASE) else set()  # noqa: RUF001  # as people type it
    return frozenset((found | told | denied) - {""})


def alike(one: str, other: str) -> bool:
    """Whether two questions that are near in meaning may be one."""
    if max(len(one), len(other)) > LONGEST or marks(one) != marks(other):
        return False
    first, second = _stems(one), _stems(other)
    return [stem for stem in first if stem in set(second)] == [stem for stem in second if stem in set(first)]


def plain(question: str) -> str:
    """Return a question without differences that are none: runs of white space."""
    return " ".join(question.split())


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the cosine of two vectors; 0 where they cannot be compared."""
    if len(one) != len(other):
        return 0.0
    length = math.sqrt(sum(x * x for x in one) * sum(y * y for y in other))
    found = sum(x * y for x, y in zip(one, other, strict=True)) / length if length else 0.0
    return found if math.isfinite(found) else 0.0


def packed(vector: Sequence[float]) -> bytes:
    """Return a vector as little-endian numbers of 4 bytes."""
    return struct.pack(f"<{len(vector)}f", *vector)


def unpacked(data: bytes) -> tuple[float, ...]:
    """Return the vector of such bytes.

    Raises:
        ValueError: they are none.
    """
    count, rest = divmod(len(data), 4)
    if rest or count > DIMENSIONS:
        raise ValueError("not a packed vector")
    return struct.unpack(f"<{count}f", data)


def _bare(part: str) -> str:
    return part.strip(".:?!")


def _is_name(part: str, *, first: bool) -> bool:
    if _SIGN.search(part):
        return True
    if not part.isascii() and part.upper() == part.lower():
        return True  # a script without capitals: nothing tells a name from another word
    return any(char.isupper() for char in (part[1:] if first else part))


def _stems(text: str) -> list[str]:
    """Return the words that say something, each without its ending and once, in their order."""
    stems = (_stem(word) for word in _WORD.findall(text.lower()) if word not in _SILENT)
    return list(dict.fromkeys(stem for stem in stems if len(stem) >= _SHORTEST or stem in _telling() or stem.isdigit()))


def _stem(word: str) -> str:
    for end in _ENDS:
        if word.endswith(end) and len(word) - len(end) >= _SHORTEST:
            return word[: -len(end)]
    return word


@cache
def _telling() -> frozenset[str]:
    lines = files("faultmaven_events.infra.llm").joinpath("telling_words.txt").read_text(encoding="utf-8").splitlines()
    words = (word for line in lines if not line.startswith("#") for word in line.split())
    return frozenset(form for word in words for form in (word, _stem(word)))
