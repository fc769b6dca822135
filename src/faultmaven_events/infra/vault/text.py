"""A whole text as it was, streamed: its sanitized twin and its object of the vault go in, piece by piece."""

from collections.abc import AsyncIterator

from faultmaven_events.infra.vault.record import Record
from faultmaven_events.infra.vault.restore import Restoring


class _Lines:
    """Gives out a stream by so many lines at a time."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks, self._buffer = chunks, bytearray()

    async def take(self, count: int) -> str:
        """Return the next `count` lines with their ends; fewer at the end of the stream."""
        found = at = 0
        while found < count:
            end = self._buffer.find(b"\n", at)
            if end >= 0:
                found, at = found + 1, end + 1
                continue
            at, chunk = len(self._buffer), await anext(self._chunks, None)
            if chunk is None:
                break
            self._buffer += chunk
        text = self._buffer[:at].decode(errors="replace")
        del self._buffer[:at]
        return text

    async def rest(self) -> AsyncIterator[bytes]:
        """Yield what nobody took."""
        yield bytes(self._buffer)
        async for chunk in self._chunks:
            yield chunk


async def restored(sanitized: AsyncIterator[bytes], records: AsyncIterator[Record]) -> AsyncIterator[bytes]:
    """Yield a text as it was when it was handed in, in UTF-8; secrets, and what had no room in the vault, stay hidden."""
    lines = _Lines(sanitized)
    async for record in records:
        unended = bool(record.places) and record.places[-4] == record.ends  # only the last piece may have a line without an end
        count = record.ends + unended
        if count:
            yield Restoring([record]).text(await lines.take(count)).encode()
    async for rest in lines.rest():
        yield rest
