"""Unpacking of single packed files (gzip, bzip2, xz, zstd), piece by piece: memory stays flat whatever the file unpacks to."""

import bz2
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Final, Protocol

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from faultmaven_events.errors import ContentTooLarge, UnreadableContent

PIECE: Final = 262_144
"""Bytes of one piece of output at most."""
MEMORY: Final = 256 * 1024 * 1024
WINDOW: Final = 27
"""Binary logarithm of the bytes that zstd may look back on: 128 MiB, what its own program accepts without being asked to."""
STARTS: Final = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", *(bytes([0x50 + kind]) + b"\x2a\x4d\x18" for kind in range(16)))
"""First bytes of packed members; the last 16 are frames of zstd that hold nothing."""


class _Decoder(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Gzip:
    """zlib's decoder with the interface of the other two."""

    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(wbits=31)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        out = self._decoder.decompress(self._decoder.unconsumed_tail + data, max_length)
        self.needs_input = len(out) < max_length and not self._decoder.unconsumed_tail
        return out


DECODERS: Final[dict[str, Callable[[], _Decoder]]] = {
    "gzip": _Gzip,
    "bzip2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=MEMORY),
    "zstd": lambda: zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: WINDOW}),
}


class Unpacker:
    """Feed it the packed bytes in order, then `finish`.

    Raises:
        ContentTooLarge: more than `limit` bytes come out.
        UnreadableContent: the packed bytes are damaged or end too early.
    """

    def __init__(self, packing: str, *, limit: int) -> None:
        self._packing, self._limit = packing, limit
        self._decoder = DECODERS[packing]()
        self._size = self._members = 0

    @property
    def ended(self) -> bool:
        """Whether what was fed so far is a whole packed file."""
        return self._decoder.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what comes out, in pieces of at most `PIECE` bytes."""
        while data or not (self._decoder.needs_input or self._decoder.eof):
            if self._decoder.eof and not self._next(data):
                return
            out = self._pump(data)
            data = b""
            if out:
                yield out
            if self._decoder.eof:
                data = self._decoder.unused_data

    def finish(self) -> None:
        """Check that the packed file was whole."""
        if not self.ended:
            raise UnreadableContent(f"the {self._packing} file is truncated")

    def _pump(self, data: bytes) -> bytes:
        try:
            out = self._decoder.decompress(data, PIECE)
        except (zlib.error, OSError, lzma.LZMAError, zstd.ZstdError, EOFError):
            raise UnreadableContent(f"the {self._packing} file is damaged") from None
        self._size += len(out)
        if self._size > self._limit:
            raise ContentTooLarge(f"the {self._packing} file unpacks to more than {self._limit} bytes")
        return out

    def _next(self, rest: bytes) -> bool:
        """Begin the next member; False for padding or whatever else follows the last one."""
        if not rest.startswith(STARTS):
            return False
        self._decoder = DECODERS[self._packing]()
        return True


def peek(packed: bytes, packing: str, size: int) -> bytes:
    """Return up to `size` bytes of what the head of a packed file unpacks to.

    Raises:
        UnreadableContent: it is damaged.
    """
    unpacker = Unpacker(packing, limit=size + PIECE)
    head = bytearray()
    for piece in unpacker.feed(packed):
        head += piece
        if len(head) >= size:
            break
    return bytes(head[:size])


def unpack(packed: bytes, packing: str, *, limit: int) -> bytes:
    """Return the whole of a packed file; raises as `Unpacker` does."""
    unpacker = Unpacker(packing, limit=limit)
    whole = b"".join(unpacker.feed(packed))
    unpacker.finish()
    return whole
