"""Secrets in HTTP: URLs with user information or signatures, `Authorization`, cookies."""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final

from faultmaven_events.consumers.sanitize import plausible
from faultmaven_events.consumers.sanitize.finding import Finding

USERINFO: Final = re.compile(
    r"://(?P<user>[^\s/:@\"'<>?#]*):(?P<password>[^\s/?#\"'<>]{1,256}|(?!\d{1,5}(?:[/?#\s\"']|$))[^\s@\"'<>]{1,256})@(?=[\w\[\[{$%.-])"
)
KEY_AS_USER: Final = re.compile(r"://(?P<password>[A-Za-z0-9_-]{20,})@(?=[\w.-])")
URL: Final = re.compile(r"[hH](?<!\w.)ttps?://[^\s\"'<>()\[\]{}|\\^`]+[^\s\"'<>()\[\]{}|\\^`.,;:!?]", re.IGNORECASE)
QUERY: Final = re.compile(
    r"[?&;%\\](?:(?<=[?&;])|(?<=%)(?:26|3[fF])|(?<=\\)u0026)(?:amp;)?(?P<key>[\w.\[\]-]{1,40})(?:=|%3[dD])(?P<value>[^\s&;#\"'<>\\]+)"
)
QUERY_KEYS: Final = re.compile(
    r"key|k|pw|pass|pwd|auth|authorization|code|assertion|ticket|otp|hash|x-amz-(?:signature|credential|security-token)"
    r"|x-goog-(?:signature|credential)|"
    r"(?:.*[_-])?(?:sig|signature|hmac|token|secret|apikey|api[_-]?key|session|sid|sso|jwt|state|nonce)",
    re.IGNORECASE,
)
AUTHORIZATION: Final = re.compile(
    r"(?:proxy-)?authorization\\?[\"']?\s{0,3}(?:[:=,]|=>|%3[aA])\s{0,3}\[?\\?[\"']?(?:(?P<scheme>basic|bearer|digest|negotiate"
    r"|ntlm|token|apikey|hmac|aws4-hmac-sha256|oauth|splunk|bot|key)(?:\s+|%20|:)|(?P<other>[a-z][\w-]{1,24})\s+(?=[^\s\"',]{12}))?"
    r"(?P<value>[^\s\"'\\]+(?:,\s?[^\s\"'\\]+)*)",
    re.IGNORECASE,
)
BEARER: Final = re.compile(r"\bbearer\s+(?P<value>[A-Za-z0-9._~+/-]{8,}=*)", re.IGNORECASE)
BASIC: Final = re.compile(r"\bbasic\s+(?P<value>[A-Za-z0-9+/]{6,}={0,2})", re.IGNORECASE)
COOKIES: Final = re.compile(
    r"(?<![a-z])(?:set-)?cookie\\?[\"']?\s{0,3}(?:[:=]|=>)\s{0,3}\\?[\"']?"
    r"(?P<pairs>[^\s\"'\\;=,]+=[^\s\"'\\;,]*(?:;\s?[^\s\"'\\;=,]+(?:=[^\"'\\;]*)?)*)",
    re.IGNORECASE,
)
PAIR: Final = re.compile(r"(?P<key>[^\s;=]+)=(?P<value>[^;\s]+)")
ATTRIBUTES: Final = frozenset(("path", "domain", "expires", "max-age", "samesite", "version", "comment", "priority"))


def urls(line: str) -> Iterator[Finding]:
    """Find URLs, which stay readable, and the passwords, keys and signatures in them, which do not."""
    for match in URL.finditer(line):
        yield Finding(match.start(), match.end(), "URL", hidden=False)
    for pattern in (USERINFO, KEY_AS_USER):
        for match in pattern.finditer(line):
            if plausible.password(match.group("password"), quoted=True):
                yield Finding(match.start("password"), match.end("password"), "SECRET_PASSWORD")


def queries(line: str) -> Iterator[Finding]:
    """Find secrets in query strings, where short names such as `key` and `sig` mean what they say."""
    for match in QUERY.finditer(line):
        key, value = match.group("key"), match.group("value")
        if QUERY_KEYS.fullmatch(key) and (
            plausible.opaque(value, quoted=False) or (key.lower() in {"pw", "pass", "pwd"} and plausible.password(value, quoted=False))
        ):
            yield Finding(match.start("value"), match.end("value"), "SECRET_TOKEN")


def authorizations(line: str) -> Iterator[Finding]:
    """Find what stands in `Authorization` headers, and bearer tokens and basic credentials anywhere."""
    for match in AUTHORIZATION.finditer(line):
        value = match.group("value")
        if plausible.password(value, quoted=False) and (match.group("scheme") or plausible.opaque(value, quoted=False)):
            yield Finding(match.start("value"), match.end("value"), "SECRET_AUTHORIZATION")
    for match in BEARER.finditer(line):
        if plausible.opaque(match.group("value"), quoted=False):
            yield Finding(match.start("value"), match.end("value"), "SECRET_AUTHORIZATION")
    for match in BASIC.finditer(line):
        if _pair(match.group("value")):
            yield Finding(match.start("value"), match.end("value"), "SECRET_AUTHORIZATION")


def _pair(value: str) -> bool:
    """Say whether base64 holds `user:password`."""
    try:
        return b":" in base64.b64decode(value, validate=True)
    except binascii.Error:
        return False


def cookies(line: str) -> Iterator[Finding]:
    """Find the values of cookies; their names and attributes stay."""
    for match in COOKIES.finditer(line):
        for pair in PAIR.finditer(line, match.start("pairs"), match.end("pairs")):
            value = pair.group("value")
            if pair.group("key").lower() not in ATTRIBUTES and len(value) >= 6 and plausible.password(value, quoted=True):
                yield Finding(pair.start("value"), pair.end("value"), "SECRET_COOKIE")
