"""Secrets whose key stands beside them as a value of its own: `"name": ..., "value": ...`, cells of HTML, `define('KEY', '...')`, lists."""

import re
from collections.abc import Iterator
from typing import Final

from faultmaven_events.consumers.sanitize import plausible
from faultmaven_events.consumers.sanitize.finding import Finding
from faultmaven_events.consumers.sanitize.keys import Kind, kind

PLAUSIBLE: Final = {"SECRET_PASSWORD": plausible.password, "SECRET_TOKEN": plausible.opaque, "SESSION": plausible.session}

ELEMENT: Final = re.compile(r"<(?P<key>[A-Za-z][\w.:-]{0,60})(?:\s[^<>]{0,200})?>(?P<value>[^<>]{1,4000})</(?P=key)>")
_KEY = r"\\?[\"'](?P<key>[\w.:-]{2,80})\\?[\"']"
_VALUE = r"\\?[\"'](?P<value>[^\"'<>\\]{1,4000})\\?[\"']"
_WORD = r"(?:name|key|id|field|property|variable|param)\\?[\"']?\s?[:=]\s?"
NAMED: Final = re.compile(rf"\b{_WORD}{_KEY}[^{{}}<>]{{0,120}}?\b(?:value|content|default)\\?[\"']?\s?[:=]\s?{_VALUE}", re.IGNORECASE)
"""In JSON, YAML's flow form and attributes of XML and HTML."""
NAMED_TEXT: Final = re.compile(rf"<[^<>]{{0,80}}\b{_WORD}{_KEY}[^<>]{{0,80}}>(?P<value>[^<>]{{1,4000}})</", re.IGNORECASE)
INPUT: Final = re.compile(rf"type=[\"'](?P<key>password)[\"'][^<>]{{0,200}}?\bvalue={_VALUE}", re.IGNORECASE)
CELLS: Final = re.compile(
    r">\s*(?P<key>[^<>:]{2,60}?)\s*:?\s*</[a-z]+>\s*(?:<[a-z][^<>]{0,200}>\s*){1,3}(?P<value>[^<>]{1,400})<", re.IGNORECASE
)
"""A cell, and the next one; `<key>` and `<string>` of Apple's property lists as well."""
CALL: Final = re.compile(
    r"\b(?:define|putenv|(?:set|put|add|with|header|append|insert|register|update)\w*)\s?\(\s*[\"'](?P<key>[\w.-]{2,80})[\"']\s*,\s*"
    r"[\"'](?P<value>[^\"']{1,4000})[\"']",
    re.IGNORECASE,
)
ARGUMENTS: Final = re.compile(r"[\"']--?(?P<key>[\w-]{2,60})[\"']\s*,\s*[\"'](?P<value>[^\"']{1,4000})[\"']")
LIST: Final = re.compile(r"(?P<key>[^\W\d][\w.-]{1,60})[\"']?\s{0,4}[:=]\s{0,4}\[(?P<list>\s*[\"'][^\[\]]{1,4000})\]?")
QUOTED: Final = re.compile(r"[\"'](?P<value>[^\"']+)[\"']")
BYTES: Final = re.compile(
    r"(?P<key>[^\W\d]\w{1,60})(?:\[\w{0,20}\])?\s{0,4}[:=]{1,2}\s{0,4}(?:new\s)?[\w\[\]]{0,20}\s?[({\[]\s?"
    r"(?P<value>(?:0x[0-9A-Fa-f]{1,2}|\d{1,3})(?:\s?,\s{0,4}(?:0x[0-9A-Fa-f]{1,2}|\d{1,3})){7,512})"
)
BYTE_KEYS: Final = re.compile(r"(?:.*[_a-z])?(?:key|secret|psk|salt|iv|seed|password|token)s?", re.IGNORECASE)


def pairs(line: str) -> Iterator[Finding]:
    """Find secrets in elements, in pairs of name and value, in cells of HTML, in calls and in lists of arguments."""
    for pattern in (ELEMENT, NAMED, NAMED_TEXT, INPUT, CELLS, CALL, ARGUMENTS):
        for match in pattern.finditer(line):
            value = match.group("value")
            type_ = kind(match.group("key").strip())
            if type_ is not None and PLAUSIBLE[type_](value.strip(), quoted=True):
                start = match.start("value") + len(value) - len(value.lstrip())
                yield Finding(start, start + len(value.strip()), type_)


def lists(line: str) -> Iterator[Finding]:
    """Find `"passwords": ["...", "..."]`, and keys that are written as lists of bytes."""
    for match in LIST.finditer(line):
        type_: Kind | None = kind(match.group("key").removesuffix("s")) or kind(match.group("key"))
        if type_ is not None:
            for quoted in QUOTED.finditer(line, match.start("list"), match.end("list")):
                if PLAUSIBLE[type_](quoted.group("value"), quoted=True):
                    yield Finding(quoted.start("value"), quoted.end("value"), type_)
    for match in BYTES.finditer(line):
        if BYTE_KEYS.fullmatch(match.group("key")):
            yield Finding(match.start("value"), match.end("value"), "SECRET_TOKEN")
