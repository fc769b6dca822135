"""Names of people, where their place says that they are names: behind a key, a salutation or in front of an e-mail address.

Without a language model there is no telling a name from any other word, so a bare name in running text stays.
"""

import re
from collections.abc import Iterator
from typing import Final

from faultmaven_events.consumers.sanitize.finding import Finding
from faultmaven_events.consumers.sanitize.pseudonyms import LABELS, STRICT

_WORD = r"[^\W\d_][^\W\d_'\u2019.-]*(?:['\u2019-][^\W\d_]+)*\.?"
_LABEL = rf"(?:{'|'.join((*LABELS.values(), *STRICT.values()))}|SECRET)_"
_CAPITAL = rf"(?:(?!{_LABEL})[A-Z\u00c0-\u00d6\u00d8-\u00de\u0100-\u017d\u0391-\u03a9\u0410-\u042f][^\W\d_]*(?:['\u2019-][^\W\d_]+)*\.?)"
"""A capitalised word; not the label of a stand-in."""
_GAP = r"(?:[ ]|\+|%20)"

SURE: Final = re.compile(
    r"(?<![A-Za-z])(?:full|first|last|given|family|middle|maiden|real|display|contact|patient|employee|cardholder|card_?holder"
    r"|account_?holder|recipient|customer|client|passenger|guest|person|owner|user|shipping|billing|buyer|payer|beneficiary)"
    r"[_ -]?name(?:\\{0,3}[\"']|\]){0,2}\s?(?:[:=]|=>)\s?"
    rf"(?P<q>(?:\\{{0,3}}[\"'])?)(?P<name>{_WORD}(?:{_GAP}{_WORD}){{0,4}})(?=(?P=q)|[,;&\s]|$)",
    re.IGNORECASE,
)
SHAPED: Final = re.compile(
    r"(?<![A-Za-z])(?i:user|username|login|customer|client|patient|passenger|guest|cardholder|recipient|employee|assignee|author"
    r"|reporter|operator|requester|approver|"
    r"approved[_ ]by|created[_ ]by|updated[_ ]by|changed[_ ]by|requested[_ ]by|signed[_ ]by|reviewed[_ ]by|contact|attn|on-?call"
    r"|from|to|name)(?:\\{0,3}[\"']|\]){0,2}\s?(?:[:=]|=>)\s?"
    rf"(?P<q>(?:\\{{0,3}}[\"'])?)(?P<name>{_CAPITAL}(?:{_GAP}{_CAPITAL}){{1,3}})(?=(?P=q)|[,;&<(\s]|$)",
)
"""Keys that may name a service as well: there the value must have the shape of a name, two capitalised words or more."""
PERSONAL_KEYS: Final = re.compile(r"e-?mail|phone|birth|\bssn\b|surname|address|customer|patient", re.IGNORECASE)
MAILBOX: Final = re.compile(rf"(?P<name>{_CAPITAL}(?: {_CAPITAL}){{1,3}})\"? ?<[^<>\s@]+@")
SALUTED: Final = re.compile(
    rf"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Herr|Frau|Mme)\.? (?P<name>{_CAPITAL}(?: {_CAPITAL}){{0,2}})"
    rf"|\b[Mm]y name is (?P<own>{_CAPITAL}(?: {_CAPITAL}){{0,2}})"
)
DEEDS: Final = r"\b(?:approved|authori[sz]ed|reviewed|silenced|snoozed|acknowledged|acked|requested|signed off|handed over) (?:by|to) "
"""What only people do; who does it in the name of many is told by `MANY`."""
DONE: Final = re.compile(rf"{DEEDS}(?-i:(?P<name>{_CAPITAL}(?: {_CAPITAL}){{1,2}}))", re.IGNORECASE)
MANY: Final = frozenset((
    "team", "board", "bot", "actions", "policy", "council", "group", "service", "system", "security", "committee", "operator", "automation",
    "engine", "manager", "department", "operations", "ops", "support", "engineering", "release", "duty", "platform", "on-call", "oncall",
))  # fmt: skip

SYSTEM: Final = frozenset((
    "null", "none", "nil", "true", "false", "unknown", "anonymous", "system", "root", "admin", "administrator", "service", "default",
    "user", "guest", "test", "nobody", "postgres", "mysql", "redis", "nginx", "www-data",
))  # fmt: skip


def keyed(line: str) -> Iterator[Finding]:
    """Find names behind keys that can name nothing but a person (`full_name`), or an account (`user_name`) if they have two words."""
    for match in SURE.finditer(line):
        value = match.group("name")
        words = len(re.split(r"[ +]|%20", value))
        account = match.group().lower().startswith("user")
        if value.lower() not in SYSTEM and (words > 1 or (value[:1].isupper() and not account)):
            yield _person(match, "name")


def shaped(line: str) -> Iterator[Finding]:
    """Find what has the shape of a name behind keys that may name a person."""
    for match in SHAPED.finditer(line):
        if not match.group().lower().startswith("name") or PERSONAL_KEYS.search(line.replace(match.group(), "", 1)):
            yield _person(match, "name")


def addressed(line: str) -> Iterator[Finding]:
    """Find names in front of an e-mail address or behind a salutation."""
    for pattern in (MAILBOX, SALUTED):
        for match in pattern.finditer(line):
            yield _person(match, "name" if match.group("name") else "own")


def doers(line: str) -> Iterator[Finding]:
    """Find the names of who did what only people do: `approved by Ann Lee`."""
    for match in DONE.finditer(line):
        if not MANY & set(match.group("name").lower().split()):
            yield _person(match, "name")


def _person(match: re.Match[str], group: str) -> Finding:
    return Finding(match.start(group), match.end(group), "PERSON")
