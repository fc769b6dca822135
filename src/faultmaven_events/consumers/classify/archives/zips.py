"""Members of a zip archive by its directory, as zipfile reads it, with a look at whether they lie over each other.

Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

import io
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Final

from faultmaven_events.consumers.classify.archives.member import PIECE, CutOff, Damaged, Member
from faultmaven_events.consumers.classify.archives.salvage import salvaged

ENCRYPTED: Final = 0x1 | 0x40 | 0x2000
"""Flags of an encrypted member, of strong encryption, of a hidden directory."""
_HEADER: Final = 30
_UNIX: Final = 3
_UNFIT: Final = (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError, EOFError, struct.error, OverflowError)
"""What zipfile raises for archives that are none."""


def members(data: bytes) -> Iterator[Member]:
    """Yield the members of a whole archive but for directories; of one without a directory those that are found from its start.

    Raises:
        CutOff: its end is missing.
        Damaged: its directory does not fit the archive.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _UNFIT:
        yield from salvaged(data)
        return
    with archive:
        infos = archive.infolist()
        over = _overlapping(infos)
        for info in infos:
            if not info.is_dir():
                refused = "it lies over other members: a bomb" if id(info) in over else _refusal(info)
                yield Member(info.filename, info.file_size, partial(_pieces, archive, info), info.compress_size, refused)


def _refusal(info: zipfile.ZipInfo) -> str | None:
    if info.flag_bits & ENCRYPTED:
        return "encrypted"
    mode = info.external_attr >> 16 if info.create_system == _UNIX else 0
    if stat.S_ISLNK(mode):
        return "a link"
    return "a device" if stat.S_IFMT(mode) not in {0, stat.S_IFREG} else None


def _overlapping(infos: list[zipfile.ZipInfo]) -> set[int]:
    """Return the ids of members that reach into the next one: no honest archive has such (D. Fifield, WOOT 2019)."""
    ordered = sorted(infos, key=lambda info: info.header_offset)
    return {
        id(info)
        for info, after in pairwise(ordered)
        if info.header_offset + _HEADER + len(info.filename) + info.compress_size > after.header_offset
    }


def _pieces(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    try:
        with archive.open(info) as member:
            while piece := member.read(PIECE):
                yield piece
    except zipfile.BadZipFile as error:
        mismatch = "CRC" in str(error)
        raise Damaged("damaged: its checksum does not match" if mismatch else "damaged: the directory does not fit it") from None
    except NotImplementedError:
        raise Damaged("packed by a method that is not read") from None
    except EOFError:
        raise CutOff("the archive ends inside it") from None
    except (zlib.error, lzma.LZMAError, OSError, RuntimeError, ValueError, struct.error):
        raise Damaged("damaged: it does not unpack") from None
