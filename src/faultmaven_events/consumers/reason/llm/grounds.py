"""Whether a sentence stands on its grounds: every number, time, name and address in it must stand in the cited lines too.

Words are taken for names by their form (digits, dots, slashes, inner capitals, other scripts) or because they name known software; ordinary
words are free. What is not sure to be ordinary counts as a name: a good sentence lost costs less than a made-up host in a report.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from faultmaven_events.consumers.reason.offline.ruleset import rules

Lack = Literal["number", "name", "link", "markup"]
_ANSI: Final = re.compile(r"\x1b(?:\[[0-?]{0,40}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,400}(?:\x07|\x1b\\)|[@-Z\\^_])")
_FIGURE: Final = re.compile(r"\d{4}-\d\d-\d\d|\d+(?:[.,:]\d+)*")
_TOKEN: Final = re.compile(r"[\w./:@%+\-]+")
_LINK: Final = re.compile(r"[a-z][a-z0-9+.-]{1,20}:/|\bwww\.|\b(?:mailto|javascript|data|file):|\]\s?\(|!\[|&#|&[a-z]{2,8};", re.IGNORECASE)
_TAG: Final = re.compile(r"<[a-zA-Z/!?]")
_UNIT: Final = re.compile(
    r"(\d+(?:[.,:]\d+)*)(?:%|ms|us|ns|s|m|h|d|min|sec|k|kb|kib|mb|mib|gb|gib|tb|tib|b|x|th|st|nd|rd|rps|qps)?", re.IGNORECASE
)
_STAMP: Final = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)(?:Z|[+-]\d\d:?\d\d)?", re.IGNORECASE)
_EDGES: Final = "./:@-+%,"
_LONG: Final = 24
"""Letters from which a word is no ordinary word."""


@dataclass(frozen=True, slots=True)
class _Terms:
    general: frozenset[str]
    prefixes: tuple[str, ...]
    suffixes: tuple[str, ...]
    errors: frozenset[str]
    generic: frozenset[str]
    software: dict[str, frozenset[str]]


@cache
def _terms() -> _Terms:
    data = tomllib.loads(files(__package__).joinpath("terms.toml").read_text("utf-8"))
    software = {
        alias.lower(): frozenset(n.lower() for n in (one.name, *one.names)) for one in rules().software for alias in (one.name, *one.names)
    }
    return _Terms(
        frozenset(data["general"]),
        tuple(data["prefixes"]),
        tuple(data["suffixes"]),
        frozenset(data["errors"]),
        frozenset(data["generic"]),
        software,
    )


def error_words() -> frozenset[str]:
    """Words that names of errors are made of everywhere, in lower case."""
    return _terms().errors


def generic_words() -> frozenset[str]:
    """Parts of names of components and files that name nobody (`server`, `log`), in lower case."""
    return _terms().generic


def tidy(text: str) -> str:
    """Return a model's text on one line, without escape sequences, control and invisible characters, or marks of Markdown."""
    text = _ANSI.sub(" ", text)
    text = "".join(
        " " if c.isspace() or unicodedata.category(c) == "Cc" else c
        for c in text
        if unicodedata.category(c) not in {"Cf", "Co", "Cs", "Cn"}
    )
    return " ".join(text.replace("`", "").replace("**", "").replace("__", "").lstrip("#>*- ").split())


@dataclass(frozen=True, slots=True)
class Grounds:
    """The words that a sentence may use. `names` may hold names, but prove no number."""

    text: str
    figures: frozenset[str]
    names: str = ""
    _words: frozenset[str] = field(default=frozenset())

    @classmethod
    def of(cls, lines: Iterable[str], names: Iterable[str] = ()) -> "Grounds":
        """Take lines (they prove names and numbers) and names."""
        text, known = "\n".join(lines).casefold(), "\n".join(names).casefold()
        words = frozenset(re.findall(r"\w+", f"{text}\n{known}"))
        return cls(text, frozenset(_figures(text)), known, words)

    def lacks(self, text: str) -> tuple[Lack, ...]:
        """What of a text does not stand here; empty when it may be said. The text itself is not told."""
        found: list[Lack] = []
        if _TAG.search(text):
            found.append("markup")
        if any(link.casefold().rstrip(_EDGES) not in self.text for link in _links(text)):
            found.append("link")
        begins = True
        for raw in text.split():
            token = raw.strip("\"'()[]{},;!?\u2018\u2019\u201c\u201d\u00ab\u00bb=<>*|~^$&\\")
            for part in _TOKEN.findall(token):
                lack = self._lack(part.rstrip(_EDGES).lstrip(_EDGES.replace("/", "")), begins=begins)
                if lack and lack not in found:
                    found.append(lack)
            begins = raw.endswith((".", ":", "!", "?", ";"))
        return tuple(found)

    def holds(self, phrase: str) -> bool:
        """Whether a name of one or more words stands here, whole."""
        return bool(phrase) and self._held(" ".join(phrase.split()))

    def _lack(self, word: str, *, begins: bool) -> Lack | None:
        if not word:
            return None
        unit = _UNIT.fullmatch(word)
        if unit:
            return None if self._counted(unit[1], plain=unit[1] == word) or self._held(word) else "number"
        stamp = _STAMP.fullmatch(word)
        if stamp and self._counted(stamp[1], plain=False) and self._counted(stamp[2], plain=False):
            return None
        if self._held(word) or not self._named(word, begins=begins):
            return None
        return "number" if word[0].isdigit() else "name"

    def _counted(self, figure: str, *, plain: bool) -> bool:
        if plain and figure in {"0", "1", "2"}:
            return True
        return all(one in self.figures for one in _figures(figure))

    def _held(self, word: str) -> bool:
        """Whether the word stands here, not as a part of a longer name."""
        folded = word.casefold()
        edge = re.compile(rf"(?<![\w-]){re.escape(folded)}(?![\w-])")
        if (folded in self.text and edge.search(self.text)) or (folded in self.names and edge.search(self.names)):
            return True
        return any(self._software(alias) for alias in _terms().software.get(folded, ()))

    def _software(self, alias: str) -> bool:
        return alias in self._words or ("-" in alias and alias in self.text)

    def _named(self, word: str, *, begins: bool) -> bool:
        """Whether a word must be taken for a name."""
        terms, folded = _terms(), word.casefold()
        if not word.isascii() or len(word) > _LONG or folded in terms.software:
            return True
        if folded in terms.general:
            return False
        if any(c.isdigit() or c in "_@:%+" for c in word) or "." in word:
            return True
        if "/" in word:
            return word.startswith("/") or not all(part.isalpha() and not self._named(part, begins=begins) for part in word.split("/"))
        if "-" in word:
            return not _hyphenated(folded, terms)
        return word[1:] != word[1:].lower() or (word[0].isupper() and not begins)

    def share(self, text: str) -> float:
        """Share of a text's words of four letters and more that stand here; by their first six letters, so that endings do not matter."""
        words = {w[:6] for w in re.findall(r"\w{4,}", text.casefold())}
        known = {w[:6] for w in self._words}
        return len(words & known) / len(words) if words else 0.0


def _links(text: str) -> list[str]:
    """What of a text a renderer or a person could follow, each to its end."""
    return [re.split(r"[\s\"'<>)\]]", text[m.start() : m.start() + 400], maxsplit=1)[0] or m[0] for m in _LINK.finditer(text)]


def _hyphenated(word: str, terms: _Terms) -> bool:
    """Whether it is an ordinary word of several (`out-of-memory`), and no name of a host or service."""
    first, *_, last = word.split("-")
    return all(part.isalpha() for part in word.split("-")) and (first in terms.prefixes or last in terms.suffixes)


def _figures(text: str) -> list[str]:
    """The numbers and times of a text in one form; a time also without its last places, an address also without its port."""
    found: list[str] = []
    for figure in _FIGURE.findall(text):
        found.append(_plain(figure))
        if ":" in figure:
            found += [_plain(part) for part in figure.split(":") if "." in part or len(part) > 2]
            found += _shorter(figure)
    return found


def _shorter(time: str) -> list[str]:
    """`10:01:22.5` is also 10:01:22 and 10:01, and so is `2026:10:01:22` of an access log."""
    parts = time.split(".", 1)[0].split(",", 1)[0].split(":")
    parts = parts[1:] if len(parts) == 4 else parts
    return [":".join(parts[:n]) for n in range(2, len(parts) + 1)]


def _plain(figure: str) -> str:
    """One form for 1,200 and 1200, for 30.0 and 30."""
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+", figure):
        figure = figure.replace(",", "")
    if re.fullmatch(r"\d+\.\d+", figure):
        figure = figure.rstrip("0").rstrip(".")
    return figure


def phrases(text: str, size: int = 4) -> frozenset[tuple[str, ...]]:
    """The runs of `size` words of a text."""
    words = re.findall(r"\w+", text.casefold())
    return frozenset(tuple(words[n : n + size]) for n in range(len(words) - size + 1))
