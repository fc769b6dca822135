"""Keys whose value stands on the next line: `password:`, `<token>`, `- name: DB_PASSWORD` and `value: ...`, a form's `Phone:`."""

import re
from typing import Final

from faultmaven_events.consumers.sanitize.credentials import PLAUSIBLE
from faultmaven_events.consumers.sanitize.finding import Finding
from faultmaven_events.consumers.sanitize.keys import kind
from faultmaven_events.consumers.sanitize.personal import GROUPED
from faultmaven_events.consumers.sanitize.rules import KEY_WORD

CHEAP: Final = (
    rf"(?:{KEY_WORD}|phone|mobile|fax|tel)[a-z0-9_.\"' -]*"
    r"(?:(?:[:=]|=>)\s*[|>]?[+-]?\s*$|>\s*$|\s*:?\s*</[a-z]+>\s*$|\"\s*\{\s*$|\",?\s*$)"
    rf"|<(?:[a-z0-9_.:-]*(?:{KEY_WORD})).*>\s*$|\bname.*(?:{KEY_WORD})[a-z0-9_-]*[\"',]*\s*$"
)
"""For the scan: a line without this ends in no such key."""
HANGING: Final = re.compile(
    r"(?P<key>(?:(?:secret|access|api|private|client) )?[\w.-]{2,60})[\"']?\s?(?:[:=]|=>)\s*[|>]?[+-]?\s*$"
    r"|<(?P<tag>[\w.:-]{2,60})(?:\s[^<>]*)?>\s*$"
    r"|>\s{0,9}(?P<cell>[^<>:]{2,60}?)\s{0,4}:?\s{0,4}</[a-z]{1,10}>\s*$"
    r"|\bvariable\s+[\"'](?P<variable>[\w-]{2,80})[\"']\s*\{\s*$"
    r"|\b(?:name|key)[\"']?\s?[:=]\s?[\"']?(?P<name>[\w.-]{2,80})[\"']?,?\s*$"
    r"|^\s*[\"']--?(?P<flag>[\w-]{2,60})[\"'],\s*$",
    re.IGNORECASE,
)
FOLLOWING: Final = re.compile(
    r"\s*(?:<[a-z][^<>]{0,200}>\s{0,9}){0,3}(?:[\"']?(?:value|default|string_?value)[\"']?\s{0,9}[:=]\s?)?(?P<q>[\"']?)(?P<value>[^\s\"'<][^<]*?)[\"']?,?\s*"
    r"(?:</[a-z]{1,10}>\s*)*$",
    re.IGNORECASE,
)
INSIDE: Final = re.compile(r"\s*(?:type|description|sensitive|nullable|ephemeral)\s*=|\s*\"value\"\s?:\s?\{\s*$")
"""What may stand before the default of a variable in Terraform, and before the value of a span's attribute."""
CONTINUED: Final = re.compile(r"\s*[\"']?[A-Za-z0-9+/=_-]{16,}[\"']?\s*$")
PHONE_KEY: Final = re.compile(r"(?:.*[_ -])?(?:phone|mobile|fax|tel|telephone|cell)", re.IGNORECASE)


def announced(line: str) -> str | None:
    """Return the type of what the next line holds; None when this one ends in no key, or in a harmless one."""
    match = HANGING.search(line)
    if match is None:
        return None
    key = next(filter(None, match.groups()))
    return "PHONE_NUMBER" if PHONE_KEY.fullmatch(key) else kind(key)


def follow(line: str, type_: str) -> tuple[Finding | None, str | None]:
    """Return the announced value, if this line is one, and the type that the line after it may still hold."""
    match = FOLLOWING.match(line)
    if match is None or INSIDE.match(line):  # an empty line, or not yet the value
        return None, type_
    if not _fits(match.group("value"), type_, quoted=bool(match.group("q"))):
        return None, None
    return Finding(match.start("value"), match.end("value"), type_), type_ if CONTINUED.match(line) else None


def _fits(value: str, type_: str, *, quoted: bool) -> bool:
    if type_ == "PHONE_NUMBER":
        return GROUPED.fullmatch(value) is not None
    return " " not in value.strip() and not value.endswith(":") and PLAUSIBLE[type_](value, quoted=quoted)
