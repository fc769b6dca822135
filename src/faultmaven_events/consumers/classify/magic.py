"""Binary formats by their first bytes."""

import re
from typing import Final

from faultmaven_events.consumers.classify.archives.tar import BLOCK, is_header
from faultmaven_events.consumers.classify.detector import Vote
from faultmaven_events.schemas.evidence import EvidenceType

MAGIC: Final[tuple[tuple[bytes, EvidenceType, str], ...]] = (
    (b"%PDF-", "document", "pdf"),
    (b"\x1f\x8b", "archive", "gzip"),
    (b"BZh", "archive", "bzip2"),
    (b"\xfd7zXZ\x00", "archive", "xz"),
    (b"\x28\xb5\x2f\xfd", "archive", "zstd"),
    (b"\x50\x2a\x4d\x18", "archive", "zstd"),
    (b"PK\x03\x04", "archive", "zip"),
    (b"PK\x05\x06", "archive", "zip"),
    (b"7z\xbc\xaf\x27\x1c", "archive", "7z"),
    (b"Rar!\x1a\x07", "archive", "rar"),
    (b"\xd4\xc3\xb2\xa1", "capture", "pcap"),
    (b"\xa1\xb2\xc3\xd4", "capture", "pcap"),
    (b"\x4d\x3c\xb2\xa1", "capture", "pcap"),
    (b"\xa1\xb2\x3c\x4d", "capture", "pcap"),
    (b"\x34\xcd\xb2\xa1", "capture", "pcap"),
    (b"\xa1\xb2\xcd\x34", "capture", "pcap"),
    (b"\x0a\x0d\x0d\x0a", "capture", "pcapng"),
    (b"snoop\x00\x00\x00", "capture", "snoop"),
    (b"\x89PNG\r\n\x1a\n", "image", "png"),
    (b"\xff\xd8\xff", "image", "jpeg"),
    (b"GIF87a", "image", "gif"),
    (b"GIF89a", "image", "gif"),
    (b"II*\x00", "image", "tiff"),
    (b"MM\x00*", "image", "tiff"),
    (b"\x7fELF", "unknown", "elf"),
    (b"\xca\xfe\xba\xbe", "unknown", "java-class"),
    (b"JAVA PROFILE 1.0", "capture", "hprof"),
    (b"SQLite format 3\x00", "unknown", "sqlite"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "unknown", "ole"),
    (b"ElfFile\x00", "log", "evtx"),
    (b"LPKSHHRH", "log", "journal"),
    (b"FLR\x00", "capture", "jfr"),
    (b"PAR1", "unknown", "parquet"),
    (b"{\\rtf", "document", "rtf"),
)
_MEMBER_HEADER: Final = b"PK\x03\x04"
_RIFF: Final = re.compile(rb"RIFF....WEBP", re.DOTALL)
_MEMBER: Final = (
    (b"word/", "document", "docx"),
    (b"xl/", "unknown", "xlsx"),
    (b"ppt/", "unknown", "pptx"),
    (b"META-INF/", "archive", "jar"),
)
PACKED: Final = frozenset({"gzip", "bzip2", "xz", "zstd"})
"""Single packed files, which are unpacked; there may be an archive in them."""
NESTED: Final = frozenset({"zip", "jar", "tar"})
"""Archives of files, which become jobs of their own."""
PACKETS: Final = frozenset({"pcap", "pcapng"})
"""Packet captures, whose packets are listed."""
IMAGES: Final = frozenset({"png", "jpeg", "gif", "tiff", "webp"})
"""Pictures in pixels; SVG is text."""


def magic(head: bytes) -> Vote | None:
    """Return what the first bytes say, surely; None when they say nothing."""
    for prefix, type_, name in MAGIC:
        if head.startswith(prefix):
            return _office(head) if name == "zip" else Vote(type_, name, 0.99, f"the first bytes of {name}")
    if head[257:262] == b"ustar" or is_header(head[:BLOCK]):
        return Vote("archive", "tar", 0.99, "the header of a tar archive")
    if _RIFF.match(head):
        return Vote("image", "webp", 0.99, "the first bytes of webp")
    if head[:1024].lstrip(b"\x00\r\n\t ").startswith(b"%PDF-"):
        return Vote("document", "pdf", 0.95, "the first bytes of pdf, after some others")
    return None


def _office(head: bytes) -> Vote:
    names = _names(head)
    for prefix, type_, form in _MEMBER:
        if any(name.startswith(prefix) for name in names):
            return Vote(type_, form, 0.98, f"a zip with the members of {form}")  # type: ignore[arg-type]  # the table's literals
    if b"opendocument" in head[30:120]:
        return Vote("unknown", "opendocument", 0.98, "a zip with the members of an OpenDocument")
    return Vote("archive", "zip", 0.99, "the first bytes of zip")


def _names(head: bytes) -> list[bytes]:
    """Names in the local headers that are in the head."""
    found: list[bytes] = []
    at = head.find(_MEMBER_HEADER)
    while at >= 0 and len(found) < 100:
        length = int.from_bytes(head[at + 26 : at + 28], "little")
        found.append(head[at + 30 : at + 30 + length])
        at = head.find(_MEMBER_HEADER, at + 30)
    return found
