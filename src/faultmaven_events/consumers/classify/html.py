"""Text of an HTML page by lxml: a line per block, headings as `#` lines, list items as `- ` lines, `pre` as it is."""

import re
from typing import Any, Final

from faultmaven_events.consumers.classify.charset import charset
from faultmaven_events.errors import ContentTooLarge, UnreadableContent

SILENT: Final = frozenset(
    {"script", "style", "template", "noscript", "svg", "iframe", "object", "canvas", "head", "nav", "button", "select"}
)
BLOCKS: Final = frozenset(
    {
        "p", "div", "section", "article", "main", "header", "footer", "aside", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol",
        "li", "dl", "dt", "dd", "table", "thead", "tbody", "tr", "pre", "blockquote", "figure", "figcaption", "form", "fieldset",
        "hr", "br", "address", "details", "summary", "body",
    }
)  # fmt: skip
_SPACE: Final = re.compile(r"[ \t\r\n\f\xa0]+")
_DECLARED: Final = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w-]{2,30})", re.IGNORECASE)


def html_text(data: bytes, limit: int) -> tuple[str, str | None]:
    """Return the page's readable text.

    Raises:
        UnreadableContent: it cannot be parsed.
        ContentTooLarge: more than `limit` characters.
    """
    from lxml import etree, html

    try:
        tree = html.document_fromstring(_decoded(data), parser=html.HTMLParser(remove_comments=True, remove_pis=True, no_network=True))
    except (etree.LxmlError, ValueError, AssertionError):
        raise UnreadableContent("the HTML page cannot be parsed") from None
    title = tree.findtext(".//title")
    page = _Page(limit)
    if title and title.strip():
        page.line(f"# {_SPACE.sub(' ', title).strip()}")
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        page.start(element) if event == "start" else page.end(element)
    return page.text(), None


def _decoded(data: bytes) -> str:
    declared = _DECLARED.search(data[:4096])
    found = charset(data[:262_144]) or "utf-8"
    name = declared[1].decode() if declared and found not in {"utf-8", "utf-8-sig", "utf-16", "utf-32"} else found
    try:
        text = data.decode(name, "replace")
    except LookupError:
        text = data.decode(found, "replace")
    return re.sub(r"^\s*<\?xml[^>]*\?>", "", text.replace("\x00", ""))


class _Page:
    """Collects lines while the tree is walked."""

    def __init__(self, limit: int) -> None:
        self._lines: list[str] = []
        self._open: list[str] = []
        self._limit = limit
        self._size = self._silent = self._verbatim = 0

    def start(self, element: Any) -> None:
        tag = element.tag if isinstance(element.tag, str) else ""
        if tag in SILENT:
            self._silent += 1
        if self._silent:
            return
        if tag in BLOCKS:
            self._break()
        if tag == "pre":
            self._verbatim += 1
        self._add(_PREFIX.get(tag, ""))
        self._say(element.text)

    def end(self, element: Any) -> None:
        tag = element.tag if isinstance(element.tag, str) else ""
        if tag in SILENT:
            self._silent -= 1
        elif not self._silent:
            if tag in {"td", "th"} and element.getnext() is not None:
                self._add(" | ")
            if tag in BLOCKS:
                self._break()
            if tag == "pre":
                self._verbatim -= 1
        if not self._silent:
            self._say(element.tail)

    def line(self, text: str) -> None:
        self._lines.append(text)

    def _say(self, text: str | None) -> None:
        if text and self._verbatim:
            *whole, last = text.replace("\r\n", "\n").split("\n")
            for part in whole:
                self._add(part)
                self._break(keep=True)
            self._add(last)
        elif text:
            self._add(_SPACE.sub(" ", text))

    def _add(self, text: str) -> None:
        self._size += len(text)
        if self._size > self._limit:
            raise ContentTooLarge(f"the text of the HTML page is over the limit of {self._limit} bytes")
        self._open.append(text)

    def _break(self, *, keep: bool = False) -> None:
        line = "".join(self._open)
        self._open.clear()
        line = line.rstrip() if keep or self._verbatim else line.strip()
        if line or keep:
            self._lines.append(line)

    def text(self) -> str:
        self._break()
        return "\n".join(self._lines) + "\n"


_PREFIX: Final = {"li": "- ", **{f"h{level}": "#" * level + " " for level in range(1, 7)}}
