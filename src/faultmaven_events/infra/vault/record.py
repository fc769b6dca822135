"""What an object of the vault holds: for each piece of a sanitized text, the places of its stand-ins and what stood there.

Places rather than tokens: where two spellings share a token, where a text came with something that looks like a token, or where a number
got quotes, every place still gets back its own characters.

An object is a sequence of frames: 4 bytes length (big endian), then a record as zlib of JSON.
"""

import json
import struct
import zlib
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from typing import Final, NamedTuple

from faultmaven_events.errors import MissingContent

LIMIT: Final = 16 * 1024 * 1024
"""Bytes of frames that one text may have; about three million places. What is beyond stays one-way, and the receipt says so."""
PLAIN_LIMIT: Final = 256 * 1024 * 1024
"""Bytes that one record may unpack to: more than a piece of text with its findings can have."""
_LENGTH: Final = struct.Struct(">I")


class Record(NamedTuple):
    """One piece: how many line ends it has, pairs (stand-in, original), and places.

    `places` are numbers in fours: line from the piece's beginning, column and length of the stand-in in characters, index of the pair;
    in the order of the text.
    """

    ends: int
    pairs: Sequence[Sequence[str]]
    places: Sequence[int] = ()


def pack(record: Record) -> bytes:
    """Return a record as it is framed; equal records give equal bytes."""
    return zlib.compress(json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode(errors="replace"), 1)


def framed(packed: bytes) -> bytes:
    """Return a packed record with its length before it."""
    return _LENGTH.pack(len(packed)) + packed


async def unframed(chunks: AsyncIterable[bytes]) -> AsyncIterator[Record]:
    """Yield the records of an object.

    Raises:
        MissingContent: it is not one of ours, or was cut off.
    """
    buffer = bytearray()
    async for chunk in chunks:
        buffer += chunk
        while len(buffer) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(buffer)[0]
            if len(buffer) < end:
                break
            yield unpack(bytes(buffer[_LENGTH.size : end]))
            del buffer[:end]
    if buffer:
        raise MissingContent("an object of the vault ends in the middle of a record")


def unpack(packed: bytes) -> Record:
    """Return a record. Raises MissingContent: it is none."""
    inflate = zlib.decompressobj()
    try:
        record = Record(*json.loads(inflate.decompress(packed, PLAIN_LIMIT)))
    except (zlib.error, ValueError, TypeError):
        raise MissingContent("an object of the vault holds something that is no record") from None
    return record
