"""Encryption of blobs as they stream: AES-256-GCM over frames of 256 KiB.

Layout: 8 bytes magic, 7 bytes random nonce prefix, then frames of at most 256 KiB of plain content, each followed by its 16-byte tag.
The nonce of frame i is prefix || i (4 bytes, big endian) || last (1 byte): the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár
2015), by which a reordered, dropped or cut-off frame does not decrypt. The blob's name is the associated data, so that a blob cannot be
put in another's place.
"""

import os
from collections.abc import AsyncIterable, AsyncIterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from faultmaven_events.errors import MissingContent

MAGIC = b"FMBLOB1\n"
FRAME = 256 * 1024
_TAG, _PREFIX = 16, 7
_HEADER = len(MAGIC) + _PREFIX


def _nonce(prefix: bytes, index: int, *, last: bool) -> bytes:
    return prefix + index.to_bytes(4, "big") + bytes([last])


async def _blocks(chunks: AsyncIterable[bytes], size: int) -> AsyncIterator[tuple[bytes, bool]]:
    """Regroup chunks into blocks of exactly `size` bytes; the last one, which may be shorter or empty, is marked."""
    buffer = bytearray()
    async for chunk in chunks:
        buffer += chunk
        while len(buffer) > size:
            yield bytes(buffer[:size]), False
            del buffer[:size]
    yield bytes(buffer), True


async def seal(key: bytes, name: str, chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Encrypt a stream; memory is one frame."""
    cipher, prefix = AESGCM(key), os.urandom(_PREFIX)
    yield MAGIC + prefix
    index = 0
    async for block, last in _blocks(chunks, FRAME):
        yield cipher.encrypt(_nonce(prefix, index, last=last), block, name.encode())
        index += 1


async def unseal(key: bytes, name: str, chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Decrypt a stream; nothing is given out that was not authenticated.

    Raises:
        MissingContent: it was changed, cut off, put under another name, or sealed with another key.
    """
    cipher, source = AESGCM(key), aiter(chunks)
    head = bytearray()
    async for chunk in source:
        head += chunk
        if len(head) >= _HEADER:
            break
    if not head.startswith(MAGIC) or len(head) < _HEADER:
        raise MissingContent("a blob has no header: it is not one of ours")
    prefix, index = bytes(head[len(MAGIC) : _HEADER]), 0
    async for block, last in _blocks(_chain(bytes(head[_HEADER:]), source), FRAME + _TAG):
        try:
            yield cipher.decrypt(_nonce(prefix, index, last=last), block, name.encode())
        except InvalidTag:
            raise MissingContent("a blob does not decrypt: it was changed, or sealed with another key") from None
        index += 1


async def _chain(first: bytes, rest: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk
