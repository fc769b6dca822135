"""Frames out of the two file formats of packet captures, fed piece by piece.

* pcap: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html (and the variant with 24 bytes before each packet)
* pcapng: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html; only sections, interfaces and packets are read: names,
  comments and secrets for decryption that may lie in other blocks are passed over
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

LONGEST: Final = 1 << 20
"""Bytes that one packet may have been captured with; a longer one is damage."""
HEAD: Final = 256
"""Bytes of a packet that are looked at: all heads that are read fit."""
MOST_INTERFACES: Final = 1_000
_NANO: Final = frozenset({0xA1B23C4D})
_WIDE: Final = frozenset({0xA1B2CD34})
_KNOWN: Final = _NANO | _WIDE | {0xA1B2C3D4}


class Broken(ValueError):
    """The file is damaged from here on; the message is a fixed one."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One packet: nanoseconds since 1970 (None where it has no time), its link type, its first bytes, its length on the wire."""

    at: int | None
    link: int
    head: bytes
    size: int


class Buffer:
    """Bytes that were fed and not taken yet."""

    def __init__(self) -> None:
        self._data, self._at, self._skip = b"", 0, 0

    def feed(self, piece: bytes) -> None:
        """Add a piece."""
        if self._skip:
            skipped = min(self._skip, len(piece))
            self._skip -= skipped
            piece = piece[skipped:]
        self._data, self._at = self._data[self._at :] + piece, 0

    def __len__(self) -> int:
        return len(self._data) - self._at

    @property
    def begun(self) -> bool:
        """Whether something was begun that is not whole."""
        return len(self) > 0 or self._skip > 0

    def peek(self, size: int, after: int = 0) -> bytes:
        """Up to `size` bytes that stand `after` bytes ahead."""
        return self._data[self._at + after : self._at + after + size]

    def drop(self, size: int) -> None:
        """Pass over so many bytes, also those that are still to come."""
        here = min(size, len(self))
        self._at += here
        self._skip += size - here


class Reader(Protocol):
    """Reads what is whole in the buffer."""

    def frames(self, held: Buffer) -> Iterator[Frame]:
        """Yield the frames that are there; raises `Broken`."""


class Pcap:
    """The classic format."""

    def __init__(self) -> None:
        self._order, self._nano, self._link, self._before = "", False, 0, 16

    def frames(self, held: Buffer) -> Iterator[Frame]:
        """Yield the frames that are there; raises `Broken`."""
        if not self._order and not self._begin(held):
            return
        record = struct.Struct(self._order + "IIII")
        while len(held) >= self._before:
            seconds, fraction, kept, size = record.unpack(held.peek(16))
            if kept > LONGEST:
                raise Broken("a packet's length cannot be true")
            if len(held) < self._before + kept:
                return
            at = seconds * 1_000_000_000 + fraction * (1 if self._nano else 1_000)
            yield Frame(at, self._link, held.peek(min(kept, HEAD), self._before), size)
            held.drop(self._before + kept)

    def _begin(self, held: Buffer) -> bool:
        if len(held) < 24:
            return False
        head = held.peek(24)
        for order in "<>":
            (magic,) = struct.unpack_from(order + "I", head)
            if magic in _KNOWN:
                self._order, self._nano, self._before = order, magic in _NANO, 24 if magic in _WIDE else 16
                self._link = struct.unpack_from(order + "I", head, 20)[0] & 0xFFFF
                held.drop(24)
                return True
        raise Broken("its first bytes are not those of a capture")


class Pcapng:
    """The newer format, block by block."""

    def __init__(self) -> None:
        self._order = ""
        self._interfaces: list[tuple[int, int, int]] = []
        """Link type, units of time in a second, seconds to add."""

    def frames(self, held: Buffer) -> Iterator[Frame]:
        """Yield the frames that are there; raises `Broken`."""
        while len(held) >= 12:
            if held.peek(4) == b"\x0a\x0d\x0d\x0a":
                self._order = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}.get(held.peek(4, 8), "")
                self._interfaces = []
            if not self._order:
                raise Broken("a section does not begin as it should")
            kind, length = struct.unpack(self._order + "II", held.peek(8))
            if length < 12 or length % 4:
                raise Broken("a block's length cannot be true")
            if kind in {1, 2, 3, 6}:
                if length > LONGEST + 4096:
                    raise Broken("a packet's length cannot be true")
                if len(held) < length:
                    return
                yield from self._block(kind, held.peek(length - 12, 8))
            held.drop(length)

    def _block(self, kind: int, body: bytes) -> Iterator[Frame]:
        try:
            if kind == 1:
                self._interface(body)
            else:
                yield self._packet(kind, body)
        except (struct.error, IndexError, ZeroDivisionError, OverflowError):
            raise Broken("a block is shorter than it says") from None

    def _packet(self, kind: int, body: bytes) -> Frame:
        if kind == 3:
            (size,) = struct.unpack_from(self._order + "I", body)
            return Frame(None, self._interfaces[0][0], body[4 : 4 + min(size, HEAD)], size)
        number, high, low, kept, size = struct.unpack_from(self._order + ("IIIII" if kind == 6 else "HxxIIII"), body)
        link, units, offset = self._interfaces[number]
        at = ((high << 32) | low) * 1_000_000_000 // units + offset * 1_000_000_000
        return Frame(at, link, body[20 : 20 + min(kept, HEAD)], size)

    def _interface(self, body: bytes) -> None:
        if len(self._interfaces) >= MOST_INTERFACES:
            raise Broken("it has too many interfaces")
        (link,) = struct.unpack_from(self._order + "H", body)
        units, offset, at = 1_000_000, 0, 8
        while at + 4 <= len(body):
            code, length = struct.unpack_from(self._order + "HH", body, at)
            value = body[at + 4 : at + 4 + length]
            if code == 0:
                break
            if code == 9 and value:
                units = 2 ** min(value[0] & 0x7F, 63) if value[0] & 0x80 else 10 ** min(value[0], 18)
            elif code == 14 and length == 8:
                (offset,) = struct.unpack(self._order + "q", value)
            at += 4 + (length + 3) // 4 * 4
        self._interfaces.append((link, units, offset))


READERS: Final[dict[str, type[Pcap] | type[Pcapng]]] = {"pcap": Pcap, "pcapng": Pcapng}
