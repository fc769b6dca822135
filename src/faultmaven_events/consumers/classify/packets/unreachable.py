"""ICMP (RFC 792) and ICMPv6 (RFC 4443) in words; of the packet that they quote the target, from its head."""

import socket
import struct
from typing import Final

_UNREACHABLE: Final = {
    0: "net {target} unreachable",
    1: "host {target} unreachable",
    2: "{target} protocol {protocol} unreachable",
    3: "{target} {name} port {port} unreachable",
    4: "{target} unreachable - need to frag",
    9: "net {target} unreachable - admin prohibited",
    10: "host {target} unreachable - admin prohibited",
    13: "host {target} unreachable - admin prohibited filter",
}
_UNREACHABLE6: Final = {
    0: "{target} unreachable - no route",
    1: "{target} unreachable - admin prohibited",
    3: "{target} unreachable - address",
    4: "{target} {name} port {port} unreachable",
}
_OTHERS: Final = {0: "echo reply", 4: "source quench", 5: "redirect", 8: "echo request", 12: "parameter problem"}
_OTHERS6: Final = {
    4: "parameter problem",
    128: "echo request",
    129: "echo reply",
    133: "router solicitation",
    134: "router advertisement",
    135: "neighbor solicitation",
    136: "neighbor advertisement",
    137: "redirect",
}
_NAMES: Final = {6: "tcp", 17: "udp"}


def icmp(head: bytes, at: int, size: int) -> str:
    """The message whose head is at a place."""
    kind, code = struct.unpack_from("!BB", head, at)
    if kind == 3:
        said = _UNREACHABLE.get(code, "{target} unreachable").format(**_quoted(head, at + 8))
    elif kind == 11:
        said = "time exceeded in-transit" if code == 0 else "ip reassembly time exceeded"
    else:
        said = _OTHERS.get(kind, f"type {kind}")
    return f"ICMP {said}, length {size}"


def icmp6(head: bytes, at: int, size: int) -> str:
    """The message of version 6 whose head is at a place."""
    kind, code = struct.unpack_from("!BB", head, at)
    if kind == 1:
        said = "destination unreachable, " + _UNREACHABLE6.get(code, "{target} unreachable").format(**_quoted(head, at + 8))
    elif kind in {2, 3}:
        said = "packet too big" if kind == 2 else "time exceeded in-transit"
    else:
        said = _OTHERS6.get(kind, f"type {kind}")
    return f"ICMP6, {said}, length {size}"


def _quoted(head: bytes, at: int) -> dict[str, object]:
    """Target, protocol and port of the packet whose head is quoted at a place; `?` where it is cut off."""
    found: dict[str, object] = {"target": "?", "protocol": "?", "name": "?", "port": "?"}
    version = head[at] >> 4 if at < len(head) else 0
    if version == 4 and len(head) >= at + 20:
        protocol, target, begins = head[at + 9], socket.inet_ntop(socket.AF_INET, head[at + 16 : at + 20]), at + 4 * (head[at] & 0x0F)
    elif version == 6 and len(head) >= at + 40:
        protocol, target, begins = head[at + 6], socket.inet_ntop(socket.AF_INET6, head[at + 24 : at + 40]), at + 40
    else:
        return found
    port = struct.unpack_from("!H", head, begins + 2)[0] if protocol in _NAMES and len(head) >= begins + 4 else "?"
    return {"target": target, "protocol": protocol, "name": _NAMES.get(protocol, protocol), "port": port}
