"""Pictures that hold text beside their pixels, and archives of everything else."""

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable

from e2e.canaries import Canaries
from e2e.planted import commands, configs, logs


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(c: Canaries) -> bytes:
    header = struct.pack(">IIBBBBB", 2, 1, 8, 2, 0, 0, 0)
    text = f"Comment\0taken by {c.email()}, password={c.password()}".encode()
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (_chunk(b"IHDR", header), _chunk(b"tEXt", text), _chunk(b"IDAT", zlib.compress(bytes(7))), _chunk(b"IEND", b""))
    )


def _jpeg(c: Canaries) -> bytes:
    told = f"Exif\0\0II*\0 Artist {c.email()} {c.address()} token={c.bearer()}".encode()
    size = b"\xff\xc0\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00"
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(told) + 2) + told + size + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x7f\xff\xd9"


def _member(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def _tar(c: Canaries) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as packed:
        for name, text in (
            (f"home/{c.email()}/shop.log", logs.WRITERS["shop.log"](c)),
            ("var/log/messages", logs.WRITERS["messages"](c)),
            ("etc/redis.conf", configs.WRITERS["redis.conf"](c)),
            ("env.txt", commands.WRITERS["env.txt"](c)),
            ("shot.png", _png(c)),
        ):
            info = tarfile.TarInfo(name)
            info.size, info.uname = len(_member(text)), "root"
            packed.addfile(info, io.BytesIO(_member(text)))
    return held.getvalue()


def _zip(c: Canaries) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.comment = f"made by {c.email()}".encode()
        packed.writestr("inner.tar.gz", _tar(c))
        packed.writestr(f"dumps/password={c.password()}/{c.email()}.conf", _member(configs.WRITERS["shop.ini"](c)))
        packed.writestr("traces/stack.txt", _member(logs.WRITERS["stack.txt"](c)))
    return held.getvalue()


WRITERS: dict[str, Callable[[Canaries], str | bytes]] = {"shot.png": _png, "photo.jpg": _jpeg, "bundle.zip": _zip}
