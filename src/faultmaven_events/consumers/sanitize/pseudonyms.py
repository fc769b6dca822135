"""Pseudonyms: what stands in a sanitized text instead of a value.

Personal data become `<LABEL>_<digest>`, the digest being HMAC-SHA256 (RFC 2104) of the normalised value under the tenant's key: the same
value is the same token everywhere within a tenant, another one in another tenant, and nobody without the key can test a guess. An e-mail
address keeps its domain, an IP address a token of its /24 (IPv4) or /48 (IPv6), so that both can still be grouped; of a path with a
person's name only the name goes. What a token stands for is kept in the vault (`infra/vault`) by place, so that where two values have one
token (eight digits may collide) each comes back. Secrets become `SECRET_<kind>`: nothing of them remains. Every token is made of letters,
digits and `_` (and the `@` and domain of an address), so that it fits unquoted into JSON strings, logfmt, CSV, YAML, XML and URLs.
"""

import hashlib
import re
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Final

from faultmaven_events.consumers.sanitize.arithmetic import OCTETS
from faultmaven_events.consumers.sanitize.mail import ending
from faultmaven_events.infra.keys import derive_key

LABELS: Final = {
    "EMAIL_ADDRESS": "EMAIL",
    "PHONE_NUMBER": "PHONE",
    "CREDIT_CARD": "CARD",
    "IBAN_CODE": "IBAN",
    "US_SSN": "SSN",
    "US_DRIVER_LICENSE": "LICENSE",
    "IP_ADDRESS": "IP",
    "PERSON": "PERSON",
    "SESSION": "SESSION",
    "NATIONAL_ID": "NATIONALID",
    "CRYPTO": "WALLET",
    "LOCATION": "PLACE",
}
STRICT: Final = {
    "USERNAME": "USER",
    "HOSTNAME": "HOST",
    "MAC_ADDRESS": "MAC",
    "URL_PATH": "PATH",
    "URL_VALUE": "VALUE",
    "ORGANIZATION": "ORG",
}
"""Labels that are words of code as well: `USER_PHONE` and `PATH_INFO` are to be read as words."""
TOKEN: Final = re.compile(
    r"(?:HOST|MAC|PATH|VALUE|ORG|EMAIL|PHONE|CARD|IBAN|SSN|LICENSE|PERSON|SESSION|USER|NATIONALID|WALLET|PLACE)_[0-9a-f]{8}|IP_[0-9a-f]{6}_[0-9a-f]{6}|SECRET_[a-z_]+"
)
"""What an earlier run may have left in a text."""

AT: Final = re.compile(r"@|%(?:25)*40|\\u0040|&#64;", re.IGNORECASE)
"""The separator of an e-mail address, also as it is escaped in URLs, JSON and HTML."""


def tenant_key(settings_key: bytes, tenant: str) -> bytes:
    """Return the 32 bytes that a tenant's pseudonyms are made with, derived (HKDF-SHA256) from the clean master key."""
    return derive_key(settings_key, f"pseudonyms/{tenant}")


_BETWEEN: Final = str.maketrans("", "", "+-(). /")
"""What stands between digits most of the time."""


def _digits(value: str) -> str:
    bare = value.translate(_BETWEEN)
    if bare.isdigit():
        return bare
    return "".join(c for c in value if c.isdigit())


def _letters(value: str) -> str:
    return " ".join(re.split(r"[\s+_.,]+|%20", value.casefold())).strip()


_NORMAL: Final[dict[str, Callable[[str], str]]] = {
    "PHONE_NUMBER": _digits,
    "CREDIT_CARD": _digits,
    "US_SSN": _digits,
    "IBAN_CODE": lambda value: "".join(value.split()).upper(),
    "PERSON": _letters,
    "LOCATION": _letters,
    "USERNAME": str.casefold,
    "HOSTNAME": str.lower,
    "MAC_ADDRESS": lambda value: value.lower().replace("-", ":"),
    "ORGANIZATION": _letters,
}


def normal(type_: str, value: str) -> str:
    """Return a value as all its spellings have it."""
    return _NORMAL.get(type_, str)(value)


@lru_cache(maxsize=1 << 17)
def token(key: bytes, type_: str, value: str) -> str:
    """Return what stands for `value` under a tenant's key; equal values of one type, however written, give equal tokens."""
    if type_.startswith("SECRET_"):
        return f"SECRET_{type_.removeprefix('SECRET_').lower()}"
    if type_ == "EMAIL_ADDRESS":
        return _email(key, value)
    if type_ == "IP_ADDRESS":
        return _address(key, value)
    if type_ == "HOSTNAME":
        return _host(key, value)
    return f"{LABELS.get(type_) or STRICT[type_]}_{_digest(key, type_, normal(type_, value))}"


def _email(key: bytes, value: str) -> str:
    separator = list(AT.finditer(value))[-1]
    local, domain = value[: separator.start()], value[separator.end() :]
    return f"EMAIL_{_digest(key, 'EMAIL_ADDRESS', f'{local.lower()}@{domain.lower()}')}{separator.group()}{domain}"


def _host(key: bytes, value: str) -> str:
    """The ending stays: `HOST_3fa2c1d4.internal`."""
    last = ending(value)
    return f"HOST_{_digest(key, 'HOSTNAME', value.lower())}{f'.{last}' if last and len(last) < len(value) else ''}"


def _address(key: bytes, value: str) -> str:
    net, address = _network(value.replace("-", "."))
    return f"IP_{_digest(key, 'net', net, 6)}_{_digest(key, 'IP_ADDRESS', address, 6)}"


def _network(value: str) -> tuple[str, str]:
    """Return an address's network and the address, as they are usually written."""
    if OCTETS.fullmatch(value):
        return f"{value.rpartition('.')[0]}.0/24", value
    try:
        address = ip_address(value)
    except ValueError:  # with what overlapped it
        return value, value
    return str(ip_network((address, 24 if address.version == 4 else 48), strict=False)), str(address)


def _digest(key: bytes, purpose: str, value: str, length: int = 8) -> str:
    begun, ended = _halves(key)
    inner, outer = begun.copy(), ended.copy()
    inner.update(f"{purpose}\0{value}".encode())
    outer.update(inner.digest())
    return outer.hexdigest()[:length]


@lru_cache(maxsize=256)
def _halves(key: bytes) -> tuple["hashlib._Hash", "hashlib._Hash"]:
    """Return HMAC's two hashes with the key taken in (RFC 2104, section 4): a third of the time of beginning anew for each value."""
    block = (key if len(key) <= 64 else hashlib.sha256(key).digest()).ljust(64, b"\0")
    return hashlib.sha256(bytes(c ^ 0x36 for c in block)), hashlib.sha256(bytes(c ^ 0x5C for c in block))
