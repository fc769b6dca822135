"""Text out of what is not text yet: documents, packed files, texts whose characters are wider than a byte.

Runs in a worker process. Text that is fine as it is stays as it is, byte for byte, so that line numbers are those of the file.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from faultmaven_events.consumers.classify.charset import WIDE
from faultmaven_events.consumers.classify.magic import IMAGES, NESTED, PACKED, PACKETS
from faultmaven_events.consumers.classify.unpack import unpack
from faultmaven_events.errors import ContentTooLarge, UnreadableContent
from faultmaven_events.schemas.evidence import Classification

Need = Literal["nothing", "unpack", "extract", "recode", "list", "describe", "packets"]

ADVICE: Final = {
    "binary": "binary content of unknown kind",
    "empty": "the file is empty",
    "snoop": "a packet capture of this form is not read: hand it in as pcap (`editcap -F pcap FILE OUT`) or as text",
    "hprof": "a heap dump is not analysed: hand in a report on it as text",
    "jfr": "a flight recording is not analysed: hand in the text of `jfr print FILE`",
    "evtx": "an event log in binary is not analysed: export it as text or XML",
    "journal": "a journal file in binary is not analysed: hand in the text of `journalctl --file FILE`",
    "xlsx": "a spreadsheet is not read: export its sheets as CSV",
    "pptx": "a presentation is not read: export it as PDF",
    "ole": "an old Office file is not read: save it as DOCX or PDF, or export it as CSV",
    "opendocument": "an OpenDocument file is not read: save it as DOCX or PDF",
    "rtf": "RTF is not read: save it as DOCX or PDF",
    "sqlite": "a database file is not read: hand in the output of a query",
    "parquet": "a Parquet file is not read: export it as CSV",
    "elf": "a program in binary is not analysed",
    "java-class": "a program in binary is not analysed",
    "7z": "7z archives are not unpacked: hand the files in as zip or tar",
    "rar": "RAR archives are not unpacked: hand the files in as zip or tar",
}
"""What a person can do about a format that is not read."""


@dataclass(frozen=True, slots=True)
class ExtractedText:
    """The text as bytes in `charset`; `note` says what was left out, None when nothing was."""

    text: bytes
    charset: str
    note: str | None = None


def advice(form: str) -> str | None:
    """Return why a format is not read and what a person can do about it; None for one that is."""
    return ADVICE.get(form)


def need(classification: Classification) -> Need:
    """Return what has to be done to have text.

    Of an archive that is the list of its files, of a picture a description, of a packet capture the heads of its packets.

    Raises:
        UnreadableContent: nothing can be done; the message says what the sender can do.
    """
    form = classification.format
    if unread := advice(form):
        raise UnreadableContent(unread)
    if form in NESTED:
        return "list"
    if form in IMAGES:
        return "describe"
    if form in PACKETS:
        return "packets"
    if form in PACKED:
        return "unpack"
    if form in READERS and classification.type == "document":
        return "extract"
    return "recode" if classification.charset in WIDE else "nothing"


def extract(data: bytes, classification: Classification, name: str = "", *, limit: int) -> ExtractedText:
    """Return the text of a whole file.

    Args:
        data: the whole file.
        classification: what `classify` said of it.
        name: its name, for packed files.
        limit: bytes that the text, and what the file unpacks to, may have.

    Raises:
        UnreadableContent: damaged, encrypted, without text, or of a kind that is not read.
        ContentTooLarge: over `limit`.
    """
    match need(classification):
        case "unpack":
            return _unpacked(data, classification, name, limit)
        case "extract":
            text, note = READERS[classification.format](data, limit)
            return _checked(text.encode("utf-8", "replace"), limit, note)
        case "recode":
            text = data.decode(classification.charset, "replace").removeprefix("\ufeff")
            return _checked(text.encode("utf-8", "replace"), limit, f"rewritten as UTF-8 from {classification.charset}")
        case "nothing":
            return ExtractedText(data, classification.charset)
        case "list" | "describe" | "packets":
            raise UnreadableContent(f"there is no text in a file of the format {classification.format}")


def _unpacked(data: bytes, outer: Classification, name: str, limit: int) -> ExtractedText:
    from faultmaven_events.consumers.classify.classify import classify

    inner = unpack(data, outer.format, limit=limit)
    found = classify(inner, name)
    once(found)
    return extract(inner, found, limit=limit)


def once(inner: Classification) -> None:
    """Refuse a packed file inside a packed file: unpacking goes one level deep. An archive in one is another matter.

    Raises:
        UnreadableContent: it is one.
    """
    if inner.format in PACKED:
        raise UnreadableContent(f"a {inner.format} file inside a packed file is not unpacked")


def _checked(text: bytes, limit: int, note: str | None) -> ExtractedText:
    if len(text) > limit:
        raise ContentTooLarge(f"the text is over the limit of {limit} bytes")
    if not text.strip():
        raise UnreadableContent("there is no text in the file")
    return ExtractedText(text, "utf-8", note)


def _pdf(data: bytes, limit: int) -> tuple[str, str | None]:
    from faultmaven_events.consumers.classify.pdf import pdf_text

    return pdf_text(data, limit)


def _docx(data: bytes, limit: int) -> tuple[str, str | None]:
    from faultmaven_events.consumers.classify.docx import docx_text

    return docx_text(data, limit)


def _html(data: bytes, limit: int) -> tuple[str, str | None]:
    from faultmaven_events.consumers.classify.html import html_text

    return html_text(data, limit)


READERS: Final[dict[str, Callable[[bytes, int], tuple[str, str | None]]]] = {"pdf": _pdf, "docx": _docx, "html": _html}
"""One reader per format; each imports its library when it runs, in the worker."""
