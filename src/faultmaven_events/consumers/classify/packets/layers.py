"""A frame's heads as a line in the manner of `tcpdump -nn`: link, network and transport; of DNS the question and the answer's code.

Link types: https://www.tcpdump.org/linktypes.html. Layouts: RFC 791, 8200, 9293, 768, 792, 4443, 826, 1035; IEEE 802.1Q.
"""

import socket
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from faultmaven_events.consumers.classify.packets.names import asked
from faultmaven_events.consumers.classify.packets.unreachable import icmp, icmp6

Line = tuple[str, bool]
"""What is written of a packet, and whether it tells more than that data flow."""
_ETHERTYPES: Final = {0x0800: 4, 0x86DD: 6}
_TAGS: Final = frozenset({0x8100, 0x88A8, 0x9100})
_FLAGS: Final = ((0x02, "S"), (0x01, "F"), (0x04, "R"), (0x08, "P"), (0x20, "U"), (0x40, "E"), (0x80, "W"), (0x10, "."))
_EXTENSIONS: Final = frozenset({0, 43, 60, 135})
"""IPv6 heads that stand before the transport's (RFC 7045)."""
_FAMILIES: Final = {2: 4, 10: 6, 24: 6, 28: 6, 30: 6}
"""Numbers of AF_INET and AF_INET6 on various systems."""
_TELLING: Final = 0x07
"""SYN, FIN, RST."""


def line_of(link: int, head: bytes, size: int) -> Line | None:
    """Return the line of a frame; None for a link type that is not read. Never raises: what is cut off is said to be."""
    reader = LINKS.get(link)
    try:
        return reader(head, size) if reader else None
    except (struct.error, IndexError, ValueError):
        return f"[cut off], length {size}", False


def _ethernet(head: bytes, size: int) -> Line:
    return _typed(struct.unpack_from("!H", head, 12)[0], head, 14, size - 14)


def _typed(kind: int, head: bytes, at: int, size: int) -> Line:
    """What follows an EtherType; tags of networks are passed over."""
    for _ in range(4):
        if kind not in _TAGS:
            break
        kind, at, size = struct.unpack_from("!H", head, at + 2)[0], at + 4, size - 4
    if kind == 0x8864:  # PPPoE (RFC 2516): six bytes, and the protocol of PPP
        kind = {0x0021: 0x0800, 0x0057: 0x86DD}.get(struct.unpack_from("!H", head, at + 6)[0], 0x8864)
        at, size = (at + 8, size - 8) if kind != 0x8864 else (at, size)
    if kind in _ETHERTYPES:
        return _network(_ETHERTYPES[kind], head, at, size)
    if kind == 0x0806:
        return _arp(head, at, size)
    return (f"ethertype 0x{kind:04x}, length {size}" if kind > 1500 else f"802.3, length {size}"), False


def _network(version: int, head: bytes, at: int, size: int) -> Line:
    return _ip4(head, at, size) if version == 4 else _ip6(head, at, size)


def _raw(head: bytes, size: int) -> Line:
    if head[0] >> 4 not in {4, 6}:
        return f"[no IP], length {size}", False
    return _network(head[0] >> 4, head, 0, size)


def _loopback(head: bytes, size: int) -> Line:
    """Four bytes of the family, in the order of the machine that captured."""
    family = _FAMILIES.get(int.from_bytes(head[:4], "little")) or _FAMILIES.get(int.from_bytes(head[:4], "big"))
    return _network(family, head, 4, size - 4) if family else (f"[no IP], length {size}", False)


def _arp(head: bytes, at: int, size: int) -> Line:
    kind, network, hardware, address, operation = struct.unpack_from("!HHBBH", head, at)
    if (kind, network, hardware, address) != (1, 0x0800, 6, 4):
        return f"ARP, unknown kind, length {size}", False
    sender, target = address4(head[at + 14 : at + 18]), address4(head[at + 24 : at + 28])
    if operation == 1:
        return f"ARP, Request who-has {target} tell {sender}, length {size}", True
    return f"ARP, Reply {sender} is-at {head[at + 8 : at + 14].hex(':')}, length {size}", True


def _ip4(head: bytes, at: int, size: int) -> Line:
    first, total, fragment, protocol = struct.unpack_from("!BxH2xHxB", head, at)
    begins = at + 4 * (first & 0x0F)
    total = total or size  # a card that cuts packets itself leaves zero
    source, target = address4(head[at + 12 : at + 16]), address4(head[at + 16 : at + 20])
    if fragment & 0x1FFF:
        return f"IP {source} > {target}: fragment of protocol {protocol}, length {total}", False
    said, telling = _transport(protocol, head, begins, total - (begins - at), source, target)
    return f"IP {said}", telling


def _ip6(head: bytes, at: int, size: int) -> Line:
    length, protocol = struct.unpack_from("!HB", head, at + 4)
    source, target = address6(head[at + 8 : at + 24]), address6(head[at + 24 : at + 40])
    begins, left = at + 40, length or size - 40
    for _ in range(8):
        if protocol == 44:
            protocol, offset = struct.unpack_from("!BxH", head, begins)
            if offset & 0xFFF8:
                return f"IP6 {source} > {target}: fragment of protocol {protocol}, length {left}", False
            long = 8
        elif protocol in _EXTENSIONS:
            protocol, words = struct.unpack_from("!BB", head, begins)
            long = 8 * (words + 1)
        else:
            break
        begins, left = begins + long, left - long
    said, telling = _transport(protocol, head, begins, left, source, target)
    return f"IP6 {said}", telling


def _transport(protocol: int, head: bytes, at: int, size: int, source: str, target: str) -> Line:  # noqa: PLR0917 # parts of one packet
    if protocol == 6:
        return _tcp(head, at, size, source, target)
    if protocol == 17:
        return _udp(head, at, source, target)
    if protocol in {1, 58}:
        said = icmp(head, at, size) if protocol == 1 else icmp6(head, at, size)
        return f"{source} > {target}: {said}", True
    return f"{source} > {target}: ip-proto-{protocol}, length {size}", False


def _tcp(head: bytes, at: int, size: int, source: str, target: str) -> Line:
    one, other, sequence, acknowledged, offset, bits, window = struct.unpack_from("!HHIIBBH", head, at)
    data = max(0, size - 4 * (offset >> 4))
    flags = "".join(letter for bit, letter in _FLAGS if bits & bit) or "none"
    numbers = f"seq {sequence}:{(sequence + data) & 0xFFFFFFFF}, " if data else f"seq {sequence}, " if bits & _TELLING else ""
    answers = f"ack {acknowledged}, " if bits & 0x10 else ""
    telling = bool(bits & _TELLING) or window == 0
    return f"{source}.{one} > {target}.{other}: Flags [{flags}], {numbers}{answers}win {window}, length {data}", telling


def _udp(head: bytes, at: int, source: str, target: str) -> Line:
    one, other, length = struct.unpack_from("!HHH", head, at)
    ends = f"{source}.{one} > {target}.{other}:"
    if 53 in {one, other} and (said := asked(head[at + 8 :])):
        return f"{ends} {said} ({length - 8})", True
    return f"{ends} UDP, length {max(0, length - 8)}", False


@lru_cache(1 << 16)
def address4(four: bytes) -> str:
    """An IPv4 address as people write it; raises ValueError where bytes are missing."""
    if len(four) != 4:
        raise ValueError
    return socket.inet_ntop(socket.AF_INET, four)


@lru_cache(1 << 16)
def address6(sixteen: bytes) -> str:
    """An IPv6 address as people write it; raises ValueError where bytes are missing."""
    if len(sixteen) != 16:
        raise ValueError
    return socket.inet_ntop(socket.AF_INET6, sixteen)


LINKS: Final[dict[int, Callable[[bytes, int], Line]]] = {
    0: _loopback,
    1: _ethernet,
    12: _raw,
    14: _raw,
    101: _raw,
    108: _loopback,
    113: lambda head, size: _typed(struct.unpack_from("!H", head, 14)[0], head, 16, size - 16),
    228: _raw,
    229: _raw,
    276: lambda head, size: _typed(struct.unpack_from("!H", head)[0], head, 20, size - 20),
}
"""BSD loopback, Ethernet, raw IP, OpenBSD loopback, Linux cooked (1 and 2)."""
NAMES: Final = {
    0: "NULL",
    1: "EN10MB",
    12: "RAW",
    14: "RAW",
    101: "RAW",
    108: "LOOP",
    113: "LINUX_SLL",
    228: "IPV4",
    229: "IPV6",
    276: "LINUX_SLL2",
}
