"""multipart/form-data (RFC 7578) read as it arrives: parts one after the other, each in chunks, never held as a whole.

    async for part in read(chunks, boundary):
        async for piece in part.pieces(): ...

A part that was not read to its end is skipped when the next one is asked for. Nothing runs ahead of the reader, so a slow blob store
slows the client down instead of filling memory.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from faultmaven_events.producers.http.problems import Problem

PARTS: Final = 300
"""Parts of one form at most: 200 files and their fields."""
_SILENT: Final = logging.getLogger("faultmaven_events.silent")
"""The parser logs bytes of what was sent; here it logs nothing."""
_SILENT.disabled = True


class _End:
    """The end of a part."""


_END: Final = _End()
_Headers = dict[bytes, bytes]
_Token = _Headers | bytes | _End


class Tokens:
    """Bytes in; headers of a part, its data and its end out. Knows nothing of where bytes come from."""

    def __init__(self, boundary: bytes) -> None:
        self.complete = False
        """Whether the closing boundary was seen."""
        self._found: list[_Token] = []
        self._headers: _Headers = {}
        self._name, self._value = b"", b""
        self._parts = 0
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": lambda: self._found.append(self._headers),
                "on_part_data": lambda data, start, end: self._found.append(data[start:end]),
                "on_part_end": lambda: self._found.append(_END),
                "on_end": self._finish,
            },
        )
        self._parser.logger = _SILENT

    def feed(self, chunk: bytes) -> list[_Token]:
        """Return what the chunk completes.

        Raises:
            Problem: malformed-multipart, too-many-parts.
        """
        self._found = []
        try:
            self._parser.write(chunk)
        except FormParserError:
            raise Problem("malformed-multipart", "The parts cannot be told apart.") from None
        return self._found

    def _begin(self) -> None:
        self._headers, self._parts = {}, self._parts + 1
        if self._parts > PARTS:
            raise Problem("too-many-parts", f"A form may have {PARTS} parts.")

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        name = self._name.lower()
        if name in self._headers:
            raise Problem("malformed-multipart", "A part has a header twice.")
        self._headers[name] = self._value
        self._name, self._value = b"", b""

    def _finish(self) -> None:
        self.complete = True


@dataclass(slots=True)
class Part:
    """One part: the form field it belongs to, its file name as sent (None: not a file) and its declared media type."""

    name: str
    filename: bytes | None
    media_type: str
    _source: AsyncIterator[_Token] = field(repr=False)
    _done: bool = False

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Yield the data, in the chunks in which it arrives."""
        while not self._done:
            token = await anext(self._source)
            if isinstance(token, _End):
                self._done = True
            elif isinstance(token, bytes):
                yield token

    async def text(self, limit: int) -> str:
        """Return the whole part as text.

        Raises:
            Problem: content-too-large over `limit` bytes, invalid-encoding.
        """
        data = bytearray()
        async for piece in self.pieces():
            data += piece
            if len(data) > limit:
                raise Problem("content-too-large", f"The field `{self.name}` may have {limit} bytes.")
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise Problem("invalid-encoding", f"The field `{self.name}` is not UTF-8.") from None


def boundary_of(content_type: str) -> bytes:
    """Return the boundary of a Content-Type.

    Raises:
        Problem: unsupported-media-type, malformed-multipart without a usable boundary.
    """
    media_type, options = parse_options_header(content_type)
    if media_type != b"multipart/form-data":
        raise Problem("unsupported-media-type", "Send multipart/form-data.", headers={"Accept-Post": "multipart/form-data"})
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= 70:
        raise Problem("malformed-multipart", "Content-Type has no boundary of 1 to 70 characters.")
    return boundary


async def read(chunks: AsyncIterable[bytes], boundary: bytes) -> AsyncGenerator[Part, None]:
    """Yield the parts of a form, in the order in which they arrive.

    Raises:
        Problem: malformed-multipart, also when the body ends before its closing boundary; too-many-parts.
    """
    source = _tokens(chunks, boundary)
    async for token in source:
        if isinstance(token, dict):
            part = _part(token, source)
            yield part
            async for _ in part.pieces():
                pass


async def _tokens(chunks: AsyncIterable[bytes], boundary: bytes) -> AsyncGenerator[_Token, None]:
    tokens = Tokens(boundary)
    async for chunk in chunks:
        for token in tokens.feed(chunk):
            yield token
    if not tokens.complete:
        raise Problem("malformed-multipart", "The body ends before its closing boundary.")


def _part(headers: _Headers, source: AsyncIterator[_Token]) -> Part:
    disposition, options = parse_options_header(headers.get(b"content-disposition", b""))
    if disposition != b"form-data" or not options.get(b"name"):
        raise Problem("malformed-multipart", "A part has no Content-Disposition: form-data with a name.")
    if headers.get(b"content-transfer-encoding", b"binary").lower() not in {b"binary", b"8bit", b"7bit"}:
        raise Problem("malformed-multipart", "Content-Transfer-Encoding is not taken (RFC 7578, 4.7).")
    media_type, _ = parse_options_header(headers.get(b"content-type", b"application/octet-stream"))
    return Part(_field(options[b"name"]), options.get(b"filename"), media_type.decode("latin-1")[:127], source)


def _field(name: bytes) -> str:
    try:
        text = name.decode()
    except UnicodeDecodeError:
        raise Problem("invalid-encoding", "A field's name is not UTF-8.") from None
    if len(text) > 64:
        raise Problem("malformed-multipart", "A field's name is over 64 characters.")
    return text
