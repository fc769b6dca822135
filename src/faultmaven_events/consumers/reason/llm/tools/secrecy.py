"""What may leave in a query to a search engine: general words. Nothing that could tell whose evidence this is, or what stands in it."""

import re
from collections.abc import Iterable
from typing import Final

from faultmaven_events.consumers.reason.llm.grounds import error_words, generic_words
from faultmaven_events.consumers.reason.offline.ruleset import rules

WORDS: Final = 16
RUN: Final = 6
"""Words in a row that may not stand in the evidence."""
_LOOKED: Final = 4 << 20
"""Characters of each text that are looked at for copied words."""
_PLAIN: Final = re.compile(r"[A-Za-z]?[a-z]{1,20}(?:['-][a-z]{1,12})?|[A-Z]{2,4}")
_VERSION: Final = re.compile(r"v?\d{1,3}(?:\.\d{1,3}){0,2}")
_CODE: Final = re.compile(
    r"(?:ORA|TNS|PLS|E|ERR|SQL|SQLSTATE|MY|KB|JDBC|AMQ|HHH|WFLY|BEA)[-_]?\d{2,6}|CVE-\d{4}-\d{4,7}|0x[0-9a-fA-F]{2,8}"
    r"|E[A-Z]{3,20}|ERR_[A-Z_]{3,40}|SIG[A-Z]{3,6}|NX[A-Z]{3,9}|SERVFAIL"
)
"""Codes of errors, the same everywhere: ORA-00060, E11000, 0x80070005, ECONNREFUSED."""
_CAMEL: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")


def revealing(query: str, texts: Iterable[str], names: Iterable[str]) -> str | None:
    """Why a query may not leave, or None. `names` are the components and files of the evidence; the reason does not repeat the query.

    The form of each word must be an allowed one: a plain word, a version, an error's code or well-known name. Addresses, hosts with
    digits, paths, ids and pseudonyms have none of these forms; hosts and services named in plain words are known from `names`.
    """
    words = [w for raw in query.split() if (w := raw.strip("\"'(),;:?!."))]
    if len(words) > WORDS:
        return f"it has more than {WORDS} words"
    software = {name.lower() for one in rules().software for name in (one.name, *one.names)}
    own = {part for name in names for part in _parts(name)} - software - generic_words()
    if any(part in own for word in words for part in _parts(word)):
        return "it names a component or file of the evidence"
    if not all(_general(word, software) for word in words):
        return "it holds a word that could be a name, address or identifier"
    if _copied(words, texts):
        return f"it repeats {RUN} or more words of the evidence"
    return None


def _parts(name: str) -> set[str]:
    folded = name.casefold()
    return {part for part in (folded, *re.split(r"[\W_]+", folded)) if len(part) > 2}


def _general(word: str, software: set[str]) -> bool:
    if word.casefold() in software or _VERSION.fullmatch(word) or _PLAIN.fullmatch(word) or _CODE.fullmatch(word):
        return True
    parts = _CAMEL.findall(word) if word.isalpha() and word.isascii() else []
    return bool(parts) and all(part.lower() in error_words() for part in parts)


def _copied(words: list[str], texts: Iterable[str]) -> bool:
    runs = [words[n : n + RUN] for n in range(len(words) - RUN + 1)]
    if not runs:
        return False
    patterns = [re.compile(r"\W{1,4}".join(map(re.escape, run)), re.IGNORECASE) for run in runs]
    return any(pattern.search(text, 0, _LOOKED) for text in texts for pattern in patterns)
