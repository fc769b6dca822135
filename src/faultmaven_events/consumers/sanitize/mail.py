"""What can stand behind the `@` of an e-mail address."""

import re
from functools import cache, lru_cache
from typing import Final

import tldextract

INTERNAL: Final = frozenset(
    {
        "example",
        "test",
        "invalid",
        "local",
        "localhost",
        "localdomain",
        "internal",
        "intern",
        "intranet",
        "private",
        "corp",
        "home",
        "lan",
        "arpa",
    }
)
"""Endings that never resolve in public (RFC 2606, RFC 6762, ICANN's name collision list), and yet stand behind addresses of people."""

UNITS: Final = frozenset({"service", "socket", "timer", "mount", "target", "slice", "scope", "device", "path", "swap"})
"""Endings of systemd's units: `getty@tty1.service` is no address, though some of these are top-level domains."""

HOST: Final = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]{0,61}[^\W_]")


@cache
def _suffixes() -> tldextract.TLDExtract:
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)  # the list in the package: never the network


@lru_cache(maxsize=1 << 14)
def deliverable(domain: str) -> bool:
    """Say whether a domain has the form of one and ends in a public or an internal suffix."""
    if not HOST.fullmatch(domain) or domain.rpartition(".")[2].lower() in UNITS:
        return False
    return bool(ending(domain))


def ending(name: str) -> str:
    """Return the internal or public suffix of a host's name, without the dot in front of it; empty when it has none."""
    if "." not in name:
        return ""
    last = name.rpartition(".")[2]
    return last if last.lower() in INTERNAL else str(_suffixes()(name).suffix)
