"""Text of a PDF by PDFium."""

from typing import Any, Final

from faultmaven_events.errors import ContentTooLarge, UnreadableContent

PAGES: Final = 2000
"""Pages that are read; the rest is left out, and the note says so."""
_PASSWORD: Final = 4
"""FPDF_ERR_PASSWORD in PDFium's fpdfview.h."""


def pdf_text(data: bytes, limit: int) -> tuple[str, str | None]:
    """Return the text page by page, a blank line between pages, and a note on what was left out.

    Raises:
        UnreadableContent: damaged, encrypted, or nothing but images.
        ContentTooLarge: more than `limit` characters.
    """
    import pypdfium2  # type: ignore[import-untyped]  # it ships no types

    try:
        document = pypdfium2.PdfDocument(data)
        pages = len(document)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == _PASSWORD or "assword" in str(error):
            raise UnreadableContent("the PDF is encrypted: hand it in without a password") from None
        raise UnreadableContent("the PDF is damaged: it cannot be opened") from None
    try:
        texts, broken = _pages(document, min(pages, PAGES), limit)
    finally:
        document.close()
    if not any(text.strip() for text in texts):
        raise UnreadableContent("the PDF has no text layer: it holds images of pages only; hand in a version with text")
    return "\n\n".join(texts) + "\n", _note(pages, broken)


def _pages(document: Any, count: int, limit: int) -> tuple[list[str], int]:
    from pypdfium2 import PdfiumError

    texts: list[str] = []
    size = broken = 0
    for index in range(count):
        try:
            page = document[index]
            text = page.get_textpage().get_text_bounded()
            page.close()
        except PdfiumError:
            broken += 1
            continue
        size += len(text)
        if size > limit:
            raise ContentTooLarge(f"the text of the PDF is over the limit of {limit} bytes")
        texts.append(_tidy(text))
    return texts, broken


def _tidy(text: str) -> str:
    """Line ends as LF; the soft hyphen mark that PDFium leaves at a broken word and other control characters go."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\ufffe", "-").split("\n")
    return "\n".join("".join(c for c in line if c >= " " or c == "\t").rstrip() for line in lines).strip("\n")


def _note(pages: int, broken: int) -> str | None:
    notes = []
    if pages > PAGES:
        notes.append(f"only the first {PAGES} of {pages} pages were read")
    if broken:
        notes.append(f"{broken} damaged pages were left out")
    return "; ".join(notes) or None
