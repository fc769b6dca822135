"""Packets, and files of them, byte by byte."""

import socket
import struct
from collections.abc import Sequence

CLIENT, SERVER, NAMES = "10.0.0.7", "10.0.0.9", "10.0.0.53"
START = 1_714_644_000
SYN, ACK, RST, PUSH = 0x02, 0x10, 0x04, 0x08


def tcp(  # fields of a head
    source: int, target: int, flags: int, sequence: int = 1, window: int = 64240, data: bytes = b""
) -> bytes:
    return struct.pack("!HHIIBBHHH", source, target, sequence, 1, 5 << 4, flags, window, 0, 0) + data


def udp(source: int, target: int, data: bytes) -> bytes:
    return struct.pack("!HHHH", source, target, 8 + len(data), 0) + data


def dns(number: int, name: str, *, code: int | None = None) -> bytes:
    flags = 0x0100 if code is None else 0x8180 | code
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!HHHHHH", number, flags, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", 1, 1)


def ip4(source: str, target: str, protocol: int, inner: bytes) -> bytes:
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(inner), 0, 0, 64, protocol, 0)
    return head + socket.inet_aton(source) + socket.inet_aton(target) + inner


def ip6(source: str, target: str, protocol: int, inner: bytes) -> bytes:
    ends = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, target)
    return struct.pack("!IHBB", 6 << 28, len(inner), protocol, 64) + ends + inner


def ethernet(inner: bytes, kind: int = 0x0800, tags: bytes = b"") -> bytes:
    return bytes(12) + tags + struct.pack("!H", kind) + inner


def pcap(packets: Sequence[bytes], link: int = 1, order: str = "<", *, nano: bool = False) -> bytes:
    head = struct.pack(order + "IHHIIII", 0xA1B23C4D if nano else 0xA1B2C3D4, 2, 4, 0, 0, 262_144, link)
    return head + b"".join(struct.pack(order + "IIII", START + n, 5, len(one), len(one)) + one for n, one in enumerate(packets))


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    length = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + length + body + length


def pcapng(packets: Sequence[bytes], link: int = 1, order: str = "<", more: bytes = b"") -> bytes:
    section = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)
    interface = block(1, struct.pack(order + "HHI", link, 0, 0) + struct.pack(order + "HHBxxx", 9, 1, 9) + bytes(4), order)
    times = [(START + n) * 1_000_000_000 + 5000 for n in range(len(packets))]
    return (
        section
        + interface
        + more
        + b"".join(
            block(6, struct.pack(order + "IIIII", 0, at >> 32, at & 0xFFFFFFFF, len(one), len(one)) + one, order)
            for at, one in zip(times, packets, strict=True)
        )
    )


ATTEMPT = ip4(CLIENT, SERVER, 6, tcp(50000, 5432, SYN))
REFUSAL = ip4(SERVER, CLIENT, 6, tcp(5432, 50000, RST | ACK, window=0))
QUESTION = ip4(CLIENT, NAMES, 17, udp(5353, 53, dns(4711, "db.shop.internal")))
ANSWER = ip4(NAMES, CLIENT, 17, udp(53, 5353, dns(4711, "db.shop.internal", code=3)))
UNREACHABLE = ip4("10.0.0.1", CLIENT, 1, struct.pack("!BBHI", 3, 13, 0, 0) + ATTEMPT[:28])
SECRET = b"password=hunter2"
DATA = ip4(CLIENT, SERVER, 6, tcp(50001, 5432, PUSH | ACK, 7, data=SECRET))
ALL = (ATTEMPT, REFUSAL, QUESTION, ANSWER, UNREACHABLE, DATA)
