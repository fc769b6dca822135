"""Archives made in memory, honest and hostile."""

import io
import struct
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterable

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LOG = b"".join(b"2026-03-01T10:00:%02dZ INFO step %d done\n" % (i % 60, i) for i in range(3_000))
Files = Iterable[tuple[str, bytes]]


def tarred(files: Files, mode: str = "w", layout: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=layout) as archive:  # type: ignore[call-overload]  # the mode is a parameter here
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zipped(files: Files, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return out.getvalue()


def zst(data: bytes) -> bytes:
    return zstd.compress(data)


def links() -> bytes:
    """A tar with a link, a device and a file."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind in (("passwd", tarfile.SYMTYPE), ("hard", tarfile.LNKTYPE), ("zero", tarfile.CHRTYPE), ("folder", tarfile.DIRTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        info = tarfile.TarInfo("a.log")
        info.size = len(LOG)
        archive.addfile(info, io.BytesIO(LOG))
    return out.getvalue()


def streamed_zip(files: Files) -> bytes:
    """A zip whose sizes stand behind each file, as programs write it that cannot go back."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]  # narrower than the base: bytes are all that comes
            self.data += data
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return bytes(pipe.data)


def overlapping(copies: int) -> bytes:
    """A zip bomb whose members all stand for the same packed bytes (D. Fifield, "A better zip bomb", WOOT 2019)."""
    body = zlib.compressobj(9, zlib.DEFLATED, -15)
    plain = b"0" * 5_000_000
    packed = body.compress(plain) + body.flush()
    crc = zlib.crc32(plain)
    names = [b"%05d.log" % number for number in range(copies)]
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 0, crc, len(packed), len(plain), len(names[0]), 0) + names[0] + packed
    directory = b"".join(
        struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, crc, len(packed), len(plain), len(name), 0, 0, 0, 0, 0, 0) + name
        for name in names
    )
    return local + directory + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, copies, copies, len(directory), len(local), 0)


def nested_bomb(depth: int, width: int) -> bytes:
    """A zip of zips of zips, as 42.zip is one."""
    data = zipped([("0.log", b"0" * 1_000_000)])
    for _ in range(depth):
        data = zipped([(f"{number}.zip", data) for number in range(width)])
    return data
