"""What a message speaks of, by the rules of words.toml: limits, restarts, changes, trouble."""

import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from faultmaven_events.schemas.insight import Level

LOOK: Final = 2_000


@dataclass(frozen=True, slots=True)
class Rule:
    """`kind` is that of the fact, `what` its attribute."""

    kind: str
    what: str
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None = None


def _any(patterns: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_DATA: Final[dict[str, Any]] = tomllib.loads(files(__package__).joinpath("words.toml").read_text("utf-8"))
_WORK: Final = re.compile(rf"\b(?:{'|'.join(_DATA['work'])})\b", re.IGNORECASE)
RULES: Final = tuple(
    Rule(rule["kind"], rule["what"], _any(rule["patterns"]), _WORK if rule.get("unless_work") else None) for rule in _DATA["rule"]
)
"""For each kind the first rule that fits counts."""

JOURNAL: Final = re.compile(rf"(?:^|[._-])(?:{'|'.join(_DATA['journal']['names'])})(?:[._-]|$)", re.IGNORECASE)
"""Names of files in which every line is a change."""

BAD: Final = _any(_DATA["trouble"]["any"])
_WORSE: Final = _any(_DATA["trouble"]["worse"])
_FINE: Final = _any(_DATA["trouble"]["fine"])
_LEAD: Final = re.compile(r"\W{0,3}(FATAL|CRITICAL|PANIC|EMERG|ALERT|ERROR|SEVERE|WARNING|WARN)\b")
_LEADS: Final[dict[str, Level]] = {"ERROR": "error", "SEVERE": "error", "WARNING": "warning", "WARN": "warning"}

_DUMPS: Final = (
    r"[^.=]{1,80}\.{4,}\s*\S{0,20}\s*\Z",  # a name, a dotted leader, a value
    r"[^:=]{1,60}(?:\([^)]{0,60}\))?[:=]\s*(?:0x)?[0-9a-fA-F]{1,18}\s*\Z",  # a name and a number
    r"(?:[\w-]{1,20}[:=](?:0x)?[0-9a-fA-F]{2,18}\s*){2,40}\Z",  # registers in a row
    r"[^:]{1,60}:\s*\Z",  # a caption
)
_DUMP: Final = re.compile("|".join(_DUMPS))


def hits_of(text: str) -> tuple[Rule, ...]:
    """Return the first fitting rule of every kind."""
    found: dict[str, Rule] = {}
    text = text[:LOOK]
    for rule in RULES:
        if rule.kind not in found and rule.pattern.search(text) and not (rule.unless and rule.unless.search(text)):
            found[rule.kind] = rule
    return tuple(found.values())


def implied_level(text: str) -> Level | None:
    """Return the level that the words of a message without level imply, None for an ordinary one."""
    text = text[:LOOK]
    if lead := _LEAD.match(text):
        return _LEADS.get(lead.group(1), "critical")
    if not BAD.search(text) or _FINE.search(text):
        return None
    return "error" if _WORSE.search(text) else "warning"


def is_dump(text: str) -> bool:
    """Whether a line only shows state (registers, a name and its value) that belongs to another event."""
    return bool(_DUMP.match(text[:LOOK]))
