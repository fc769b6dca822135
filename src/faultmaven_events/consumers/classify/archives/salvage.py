"""Members of a zip archive whose directory is missing, for example because a transfer broke off: one after the other from the start."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from faultmaven_events.consumers.classify.archives.member import PIECE, CutOff, Damaged, Member

_LOCAL: Final = struct.Struct("<4s5H3I2H")
"""Signature, version, flags, method, time, date, CRC-32, packed size, size, length of the name, length of the extra field."""
_BEGINS: Final = b"PK\x03\x04"
_DESCRIBES: Final = b"PK\x07\x08"
_ENCRYPTED, _DESCRIBED, _UTF8 = 0x1, 0x8, 0x800
_STORED, _DEFLATED = 0, 8
_IN_EXTRA: Final = 0xFFFFFFFF
CUT: Final = "the archive ends too early: its directory is missing"
INSIDE: Final = "the archive ends inside it"


def salvaged(data: bytes) -> Iterator[Member]:
    """Yield what is there, but for directories; always ends in an error.

    Raises:
        CutOff: in the end.
        Damaged: the end of a member cannot be found.
    """
    at = 0
    while data[at : at + 4] == _BEGINS and at + _LOCAL.size <= len(data):
        local = _Local.read(data, at)
        if not local.path.endswith("/"):
            yield Member(local.path, local.size, local.pieces, local.packed if local.known else None, local.refused)
        at = local.after()
    raise CutOff(CUT)


@dataclass(slots=True)
class _Local:
    """A member as its own header describes it. `end` is where its bytes end, once that is known."""

    data: bytes
    path: str
    flags: int
    method: int
    checksum: int
    packed: int
    size: int
    start: int
    end: int | None = None

    @classmethod
    def read(cls, data: bytes, at: int) -> "_Local":
        _, _, flags, method, _, _, checksum, packed, size, name, extra = _LOCAL.unpack_from(data, at)
        start = at + _LOCAL.size + name + extra
        path = data[at + _LOCAL.size : at + _LOCAL.size + name].decode("utf-8" if flags & _UTF8 else "cp437", "replace")
        return cls(data, path, flags, method, checksum, packed, size, start)

    @property
    def known(self) -> bool:
        return not self.flags & _DESCRIBED and self.packed != _IN_EXTRA

    @property
    def refused(self) -> str | None:
        if self.flags & _ENCRYPTED:
            return "encrypted"
        readable = self.method == _DEFLATED or (self.method == _STORED and self.known)
        return None if readable else "packed by a method that is not read without the archive's directory"

    def pieces(self) -> Iterator[bytes]:
        """Yield the member's bytes; raises CutOff after them when the archive ends first."""
        checksum = size = 0
        for piece in self._inflated() if self.method == _DEFLATED else self._stored():
            checksum, size = zlib.crc32(piece, checksum), size + len(piece)
            yield piece
        if self.known and checksum != self.checksum:
            raise Damaged("damaged: its checksum does not match")

    def after(self) -> int:
        """Return where the next member begins."""
        if self.known:
            return self.start + self.packed
        if self.end is None:
            if self.refused:
                raise Damaged(f"{CUT}, and the end of a member cannot be found")
            for _ in self._inflated():
                pass
        end = self.end or len(self.data)
        signed = self.data[end : end + 4] == _DESCRIBES
        sizes = (16, 24) if signed else (12, 20)
        return next((end + size for size in sizes if self.data[end + size : end + size + 2] == b"PK"), end + sizes[0])

    def _stored(self) -> Iterator[bytes]:
        whole = memoryview(self.data)[self.start : self.start + self.packed]
        for at in range(0, len(whole), PIECE):
            yield bytes(whole[at : at + PIECE])
        if len(whole) < self.packed:
            raise CutOff(INSIDE)

    def _inflated(self) -> Iterator[bytes]:
        decoder, at = zlib.decompressobj(-zlib.MAX_WBITS), self.start
        while not decoder.eof:
            packed = decoder.unconsumed_tail or self.data[at : at + PIECE]
            at += 0 if decoder.unconsumed_tail else len(packed)
            try:
                out = decoder.decompress(packed, PIECE)
            except zlib.error:
                raise Damaged("damaged: it does not unpack") from None
            if not packed and not out:
                raise CutOff(INSIDE)
            if out:
                yield out
        self.end = at - len(decoder.unused_data)
