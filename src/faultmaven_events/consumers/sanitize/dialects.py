"""Secrets that only the grammar of one kind of file announces: terms of Erlang, access lists of Redis, headers that a proxy sets, spans."""

import re
from collections.abc import Iterator
from typing import Final

from faultmaven_events.consumers.sanitize import plausible
from faultmaven_events.consumers.sanitize.credentials import PLAUSIBLE, STRONG
from faultmaven_events.consumers.sanitize.finding import Finding
from faultmaven_events.consumers.sanitize.keys import kind

TERM: Final = re.compile(r"\{\s?(?:<<)?[\"']?(?P<key>[A-Za-z][\w.-]{1,60})[\"']?(?:>>)?\s?,\s?(?:<<)?[\"'](?P<value>[^\"']{1,1000})[\"']")
"""`{default_pass, <<"...">>}`: https://www.erlang.org/doc/system/data_types.html"""
HEADER: Final = re.compile(
    r"\b(?:\w{3,10}_(?:set_)?(?:header|param)|more_set_(?:input_)?headers?|(?:set|add|replace)-header|(?:Request)?Header\s+(?:always\s+)?(?:set|add|append))"
    r"\s+[\"']?(?P<key>[A-Za-z][\w-]{1,60})[\"']?:?\s+[\"']?(?P<value>[^\s\"';]{1,4000})"
)
ATTRIBUTE: Final = re.compile(
    r"\"key\"\s?:\s?\"(?P<key>[^\"\\]{2,120})\"\s?,\s?\"value\"\s?:\s?\{\s?\"string_?[vV]alue\"\s?:\s?\"(?P<value>(?:[^\"\\]|\\.){1,4000})\""
)
"""An attribute of a span: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding"""
ROW: Final = re.compile(r"\s*\|?\s*(?P<key>[A-Za-z][\w ]{1,40}?)\s*\|\s*[`*]{0,2}(?P<value>[^\s|`]{1,400})[`*]{0,2}\s*\|?\s*")
"""A table of two columns, the key in the first one."""
STATS: Final = re.compile(r"^\s*stats\s+auth\s+[^\s:]+:(?P<value>\S+)")
"""https://docs.haproxy.org/2.9/configuration.html#stats%20auth"""
ACL: Final = re.compile(
    r"(?:^\s*|\bsetuser\s+)(?:user\s+)?\S+(?P<rules>(?:\s+(?:on|off|reset\w*|allkeys|allchannels|allcommands|nocommands|nopass|clearselectors"
    r"|[~%&+-]\S+|\(\S[^()]{0,200}\)|[><#!]\S+)){1,200})\s*$",
    re.IGNORECASE,
)
PASSWORDS: Final = re.compile(r"\s[><#!](?P<value>\S+)")
"""https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/"""


def keyed(line: str) -> Iterator[Finding]:
    """Find the values of keys in terms, headers, attributes of spans and rows of two cells."""
    for pattern in (TERM, HEADER, ATTRIBUTE):
        for match in pattern.finditer(line):
            yield from _judged(match, quoted=pattern is not HEADER)
    row = ROW.fullmatch(line)
    if row is not None and STRONG.search(row.group("value")):
        yield from _judged(row, quoted=False)


def _judged(match: re.Match[str], *, quoted: bool) -> Iterator[Finding]:
    type_ = kind(match.group("key"))
    if type_ is not None and PLAUSIBLE[type_](match.group("value"), quoted=quoted):
        yield Finding(match.start("value"), match.end("value"), type_)


def access(line: str) -> Iterator[Finding]:
    """Find the passwords of HAProxy's statistics page and of users of Redis."""
    for match in STATS.finditer(line):
        yield from _password(match)
    for rules in ACL.finditer(line):
        if line.lstrip()[:4].lower() == "user" or "setuser" in line.lower():
            for match in PASSWORDS.finditer(line, rules.start("rules"), rules.end("rules")):
                yield from _password(match)


def _password(match: re.Match[str]) -> Iterator[Finding]:
    if plausible.password(match.group("value"), quoted=True):
        yield Finding(match.start("value"), match.end("value"), "SECRET_PASSWORD")
