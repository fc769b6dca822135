"""IP addresses: which are people's and which describe the system.

Private, loopback, link-local, multicast and other special addresses say how the system is built and stay readable; all others, among them
the documentation ranges, may be people and are hidden.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from faultmaven_events.consumers.sanitize.arithmetic import OCTETS
from faultmaven_events.consumers.sanitize.finding import Finding
from faultmaven_events.consumers.sanitize.judge import confirmed

READABLE: Final = tuple(
    ip_network(net)
    for net in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3",
        "::/127", "64:ff9b::/96", "fc00::/7", "fe80::/10", "ff00::/8",
    )
)  # fmt: skip
"""IANA's special-purpose registries (RFC 6890), without documentation and benchmarking; 224.0.0.0/3 is multicast, reserved and netmasks."""

COMMON: Final = ("10.", "127.", "192.168.")
"""For the readable addresses that fill logs, there is no need to ask: nothing of them is hidden."""

V4: Final = re.compile(r"[0-9](?<![\w.].)[0-9]{0,2}\.(?:[0-9]{1,3}\.){2}[0-9]{1,3}(?!\w|\.\d)")
V6: Final = re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f:]*::|(?:[0-9A-Fa-f]{1,4}:){7})[0-9A-Fa-f:]{2,39}(?![\w:])")
PORTED: Final = re.compile(r"(?<=\s)((?:\d{1,3}\.){3}\d{1,3})(?=\.\d{1,5}(?![\w.]))")
"""With the port behind a dot, as tcpdump and netstat of BSD write it."""
DASHED: Final = re.compile(r"(?<![\w.])(?:[A-Za-z]{1,8}-)?((?:\d{1,3}-){3}\d{1,3})(?=\.[A-Za-z])")
"""In providers' host names: `ec2-203-0-113-7.compute.example`."""
VERSION: Final = re.compile(r"(?:[A-Za-z]/|[A-Za-z]-|\bv|\bv\.|version[\"']?\s?[:=]?\s?[\"']?|\brelease |\bbuild )$", re.IGNORECASE)
"""What stands before a number of four parts that is a version: `Chrome/120.0.0.0`, `lib-1.2.3.4`, `version 5.2.0.1`."""


_RANGES: Final = {
    version: tuple((int(net.network_address), int(net.broadcast_address)) for net in READABLE if net.version == version)
    for version in (4, 6)
}


@lru_cache(maxsize=1 << 16)
def _personal(value: str) -> bool | None:
    """Return whether an address may be a person's, None when it is no address."""
    if OCTETS.fullmatch(value):
        if value.startswith(COMMON):
            return False
        one, two, three, four = map(int, value.split("."))
        number = one << 24 | two << 16 | three << 8 | four
        return not any(low <= number <= high for low, high in _RANGES[4])
    if not confirmed("IP_ADDRESS", value):
        return None
    address: IPv4Address | IPv6Address = ip_address(value)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    number = int(address)
    return not any(low <= number <= high for low, high in _RANGES[address.version])


def addresses(form: re.Pattern[str], line: str) -> Iterator[Finding]:
    """Find IP addresses of one form, `V4` or `V6`; those that stay readable are found but not hidden."""
    for match in form.finditer(line):
        personal = _personal(match.group())
        if personal is None or (personal and VERSION.search(line, max(0, match.start() - 12), match.start())):
            continue
        yield Finding(match.start(), match.end(), "IP_ADDRESS", hidden=personal)


def ported(line: str) -> Iterator[Finding]:
    """Find IPv4 addresses with a port behind a dot."""
    for match in PORTED.finditer(line):
        if _personal(match.group(1)):
            yield Finding(match.start(1), match.end(1), "IP_ADDRESS")


def dashed(line: str) -> Iterator[Finding]:
    """Find IPv4 addresses in host names."""
    for match in DASHED.finditer(line):
        if _personal(match.group(1).replace("-", ".")):
            yield Finding(match.start(1), match.end(1), "IP_ADDRESS")
