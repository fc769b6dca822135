"""What a question asks about a report that is there, if it asks about nothing else: pure, and the same for the same words.

The rule is strict, so that a new question is not answered with an old report: something that can be asked of a report must be asked, and
every word that does not belong to asking (`asking.toml`) must stand in the report, all of them in one thing that it says. Whatever else is
a question for an investigation.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from faultmaven_events.consumers.reason.conversation.words import Text, plain, sayings, specific, tokens
from faultmaven_events.schemas.report import IncidentReport

LONGEST: Final = 400
"""Characters of a follow-up: who writes more tells something new."""
MOST: Final = 3
"""Things asked for at once that are answered."""
_LOG_LINE: Final = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d|\n.*\n.*\n")
"""A pasted line, or several."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked for, as in `asking.toml`, and about which of the things that the report knows."""

    about: tuple[str, ...]
    subject: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Intent:
    name: str
    phrase: re.Pattern[str]
    about: bool


@dataclass(frozen=True, slots=True)
class _Words:
    anew: re.Pattern[str]
    talk: frozenset[str]
    dangerous: frozenset[str]
    intents: tuple[_Intent, ...]


@cache
def _words() -> _Words:
    table = tomllib.loads((files(__package__) / "asking.toml").read_text("utf-8"))
    intents = tuple(_Intent(one["name"], _any(one["phrase"]), one.get("about", False)) for one in table["intent"])
    return _Words(_any(table["anew"]), frozenset(table["talk"].split()), frozenset(table["dangerous"].split()), intents)


def _any(phrases: list[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{'|'.join(phrases)})(?![\w-])")


def dangerous() -> frozenset[str]:
    """Programs and verbs that change things."""
    return _words().dangerous


def talk() -> frozenset[str]:
    """Words without a subject of their own."""
    return _words().talk


def asking(question: str, report: IncidentReport) -> Asking | None:
    """Return what a question asks about the report; None when it is, or may be, about something else."""
    if len(question) > LONGEST or _LOG_LINE.search(question):
        return None
    words, text = _words(), plain(question)
    if words.anew.search(text):
        return None
    asked, rest = _intents(text)
    subject = tuple(dict.fromkeys(token for token in tokens(rest) if token not in words.talk))
    if not asked or not _told_together(subject, report):
        return None
    places = [Text.of(text) for text in specific(report) if text] if subject else []
    named = tuple(word for word in subject if any(place.has(word) for place in places))
    names = [intent.name for intent in asked if named or not intent.about]
    return Asking(tuple(names[:MOST]), named) if names else None


def _intents(text: str) -> tuple[list[_Intent], str]:
    """Return what is asked for, in the order in which it is asked, and the words that are left."""
    found: list[tuple[int, _Intent]] = []
    for intent in _words().intents:
        match = intent.phrase.search(text)
        if match:
            found.append((match.start(), intent))
            text = intent.phrase.sub(lambda one: " " * len(one.group()), text)
    found.sort(key=lambda pair: pair[0])
    return [intent for _, intent in found], text


def _told_together(subject: tuple[str, ...], report: IncidentReport) -> bool:
    """Whether one thing that the report says has all of the words: scattered over a report are those of many other questions."""
    return not subject or any(all(map(Text.of(text).has, subject)) for text in sayings(report))
