"""Members of a tar archive (POSIX.1-2017 pax and ustar, GNU tar, Unix V7), in one pass and without seeking.

Python's tarfile is not used because it ends in silence where an archive is damaged, and reads extension headers of any size.
Formats: https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html, https://www.gnu.org/software/tar/manual/html_node/Standard.html
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from faultmaven_events.consumers.classify.archives.member import CutOff, Damaged, Member
from faultmaven_events.consumers.classify.archives.stream import Stream

BLOCK: Final = 512
EXTENSION: Final = 64 * 1024
"""Bytes that a header with a long name or pax records may have."""
_FILES: Final = frozenset(b"0\x007")
_REFUSED: Final = {
    **dict.fromkeys(b"12", "a link"),
    **dict.fromkeys(b"346", "a device"),
    ord("S"): "a sparse file",
    ord("M"): "a part of a file on several volumes",
}
_DIRECTORY, _SPARSE, _LONG_NAME, _PAX = ord("5"), ord("S"), ord("L"), ord("x")
_EXTENSIONS: Final = frozenset(b"LKxgX")
_SIZE: Final = slice(124, 136)
_CHECKSUM: Final = slice(148, 156)


@dataclass(slots=True)
class _Extension:
    """What the headers before a member say of it."""

    path: str | None = None
    size: int | None = None
    sparse: bool = False


@dataclass(slots=True)
class _Body:
    """The bytes of one member, and how many of them were not read yet."""

    stream: Stream
    left: int
    padding: int = field(init=False)

    def __post_init__(self) -> None:
        self.padding = -self.left % BLOCK

    def pieces(self) -> Iterator[bytes]:
        while self.left > 0:
            for piece in self.stream.portion(self.left):
                self.left -= len(piece)
                yield piece

    def skip(self) -> None:
        for _ in self.pieces():
            pass
        self.stream.read(self.padding)


def is_header(block: bytes) -> bool:
    """Whether a block is the header of a member: its checksum says so."""
    if len(block) < BLOCK or not block[0]:
        return False
    said = _octal(block[_CHECKSUM])
    if said is None:
        return False
    blank = block[: _CHECKSUM.start] + b" " * 8 + block[_CHECKSUM.stop : BLOCK]
    return said in {sum(blank), sum(blank) - 256 * sum(byte > 127 for byte in blank)}


def members(stream: Stream) -> Iterator[Member]:
    """Yield the members but for directories.

    Raises:
        CutOff: the archive ends without its end mark.
        Damaged: what should be a header is none.
    """
    extension = _Extension()
    while True:
        block = stream.read(BLOCK)
        if len(block) < BLOCK:
            raise CutOff("the archive ends too early")
        if not any(block):
            return
        if not is_header(block):
            raise Damaged("what should be the header of its next member is none")
        body = _Body(stream, _number(block[_SIZE]) if extension.size is None else extension.size)
        flag = block[156]
        if flag in _EXTENSIONS:
            _extend(extension, flag, body)
            continue
        if flag == _SPARSE:
            _skip_map(stream, block)
        path = extension.path or _path(block)
        if flag != _DIRECTORY and not (flag in _FILES and path.endswith("/")):
            yield Member(path, body.left, body.pieces, refused=_refusal(flag, extension))
        body.skip()
        extension = _Extension()


def _refusal(flag: int, extension: _Extension) -> str | None:
    if extension.sparse:
        return _REFUSED[_SPARSE]
    return None if flag in _FILES else _REFUSED.get(flag, "an entry of unknown kind")


def _extend(extension: _Extension, flag: int, body: _Body) -> None:
    if body.left > EXTENSION:
        raise Damaged("a header of its next member is too large")
    data = b"".join(body.pieces())
    body.skip()
    if flag == _LONG_NAME:
        extension.path = data.rstrip(b"\x00").decode("utf-8", "replace")
    elif flag == _PAX:
        for key, value in _records(data):
            if key == b"path":
                extension.path = value.decode("utf-8", "replace")
            elif key == b"size" and value.isdigit() and len(value) < 20:
                extension.size = int(value)
            extension.sparse = extension.sparse or key.startswith(b"GNU.sparse.")


def _records(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield pax records: `<length> <key>=<value>LF`, the length being that of the whole record."""
    at = 0
    while at < len(data):
        digits, space, _ = data[at : at + 21].partition(b" ")
        if not space or not digits.isdigit() or int(digits) <= len(digits) + 1:
            return
        key, _, value = data[at + len(digits) + 1 : at + int(digits)].removesuffix(b"\n").partition(b"=")
        yield key, value
        at += int(digits)


def _skip_map(stream: Stream, block: bytes) -> None:
    """Pass over the blocks in which GNU tar goes on with the map of a sparse file."""
    more = block[482]
    while more:
        following = stream.read(BLOCK)
        more = following[504] if len(following) == BLOCK else 0


def _path(block: bytes) -> str:
    name = block[:100].split(b"\x00", 1)[0]
    prefix = block[345:500].split(b"\x00", 1)[0] if block[257:263] == b"ustar\x00" else b""
    return (prefix + b"/" + name if prefix else name).decode("utf-8", "replace")


def _number(digits: bytes) -> int:
    """Return a size: octal digits, or with the first bit set a number in base 256."""
    found = int.from_bytes(digits[1:], "big") if digits[0] == 0x80 else _octal(digits)
    if found is None:
        raise Damaged("the header of its next member has no valid size")
    return found


def _octal(digits: bytes) -> int | None:
    text = digits.strip(b" \x00")
    try:
        return int(text or b"0", 8) if text.isalnum() or not text else None
    except ValueError:
        return None
