"""Text of a Word document by python-docx: headings as `#` lines, lists as `- ` lines, tables as rows with ` | ` between cells."""

import io
import re
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from faultmaven_events.errors import ContentTooLarge, UnreadableContent

if TYPE_CHECKING:
    from docx.table import Table
    from docx.text.paragraph import Paragraph

MEMBERS: Final = 10_000
_LEVEL: Final = re.compile(r"(?:heading|title|überschrift|titre)\s*(\d)?", re.IGNORECASE)


def docx_text(data: bytes, limit: int) -> tuple[str, str | None]:
    """Return the document's paragraphs and tables in their order.

    Raises:
        UnreadableContent: damaged or encrypted.
        ContentTooLarge: it unpacks to more than `limit` bytes.
    """
    _guard(data, limit)
    import docx

    try:
        document = docx.Document(io.BytesIO(data))
        lines = [line for block in document.iter_inner_content() for line in _block(block)]
    except Exception:  # noqa: BLE001  # a hostile file can make lxml and python-docx raise almost anything
        raise UnreadableContent("the DOCX file is damaged: it cannot be opened") from None
    return "\n".join(lines).strip("\n") + "\n", None


def _guard(data: bytes, limit: int) -> None:
    """Look at the directory before anything is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise UnreadableContent("the DOCX file is damaged: it is no whole zip") from None
    if any(member.flag_bits & 1 for member in members):
        raise UnreadableContent("the DOCX file is encrypted: hand it in without a password")
    if len(members) > MEMBERS or sum(member.file_size for member in members) > limit:
        raise ContentTooLarge(f"the DOCX file unpacks to more than {limit} bytes or {MEMBERS} parts")


def _block(block: "Paragraph | Table") -> Iterator[str]:
    if not hasattr(block, "rows"):
        yield from _paragraph(block)
        return
    yield ""
    for row in block.rows:
        cells = [" ".join(cell.text.split()) for cell in row.cells]
        yield " | ".join(cell for i, cell in enumerate(cells) if i == 0 or cell != cells[i - 1])
    yield ""


def _paragraph(paragraph: "Paragraph") -> Iterator[str]:
    style = (paragraph.style.name or "") if paragraph.style else ""
    text = paragraph.text.replace("\r", "\n").rstrip()
    if heading := _LEVEL.match(style):
        yield ""
        yield f"{'#' * int(heading[1] or 1)} {' '.join(text.split())}"
    elif style.lower().startswith("list"):
        yield f"- {' '.join(text.split())}"
    else:
        yield from text.split("\n")
