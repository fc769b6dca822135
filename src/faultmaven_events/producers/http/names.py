"""Names of files as clients send them: the last part of the path, refused when it could mislead a reader or a terminal."""

import re
import unicodedata
from typing import Final

from faultmaven_events.producers.http.problems import Problem

LONGEST: Final = 255
"""Characters, as schemas.model.Name has it."""
_MISLEADING: Final = frozenset("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Line and paragraph separators and the controls that reorder text (https://www.unicode.org/reports/tr9/)."""
_SEPARATORS: Final = re.compile(r"[/\\]")


def basename(raw: bytes) -> str:
    """Return the name to keep of what Content-Disposition holds.

    Raises:
        Problem: not UTF-8, empty, over 255 characters, or with control characters.
    """
    try:
        name = _SEPARATORS.split(raw.decode())[-1].strip()
    except UnicodeDecodeError:
        raise Problem("invalid-name", "A file's name is not UTF-8.") from None
    if name in {"", ".", ".."}:
        raise Problem("invalid-name", "A file has no name.")
    if len(name) > LONGEST:
        raise Problem("invalid-name", f"A file's name is over {LONGEST} characters.")
    if any(character in _MISLEADING or unicodedata.category(character) == "Cc" for character in name):
        raise Problem("invalid-name", "A file's name has control characters.")
    return name


DOCUMENT_TYPES: Final = {
    "application/pdf": ("pdf",),
    "text/markdown": ("md", "markdown"),
    "text/plain": ("txt", "text"),
    "text/html": ("html", "htm"),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ("docx",),
    "application/zip": ("zip",),
    "application/x-tar": ("tar",),
    "application/gzip": ("gz", "tgz"),
    "application/x-bzip2": ("bz2", "tbz2"),
    "application/x-xz": ("xz", "txz"),
    "application/zstd": ("zst", "tzst"),
}
"""The kinds of documents, and of archives of them: media type and the extensions that stand for it."""
_EXTENSIONS: Final = {extension for extensions in DOCUMENT_TYPES.values() for extension in extensions}
_EXTENSION: Final = re.compile(r"\.([a-z0-9]{0,7}[a-z][a-z0-9]{0,7})$")


def is_document(name: str, media_type: str) -> bool:
    """Whether a file is a document by its extension, or by its declared type when it has no extension."""
    extension = _EXTENSION.search(name.lower())
    return extension[1] in _EXTENSIONS if extension else media_type in DOCUMENT_TYPES
