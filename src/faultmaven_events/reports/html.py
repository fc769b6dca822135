"""Writing as one page of HTML: no script, nothing from outside, one fixed style. ElementTree escapes every text and attribute."""

import re
import xml.etree.ElementTree as ET  # it only writes; nothing is parsed
from collections.abc import Sequence
from typing import Final

from faultmaven_events.reports.document import (
    At,
    Badge,
    Block,
    Bullets,
    Document,
    Item,
    Leaf,
    Line,
    Paragraph,
    Picture,
    Ref,
    Said,
    Section,
    Strong,
    Table,
)
from faultmaven_events.reports.incident import arranged
from faultmaven_events.reports.plain import plain, stamp
from faultmaven_events.reports.style import PAGE, digest
from faultmaven_events.reports.svg import drawing
from faultmaven_events.schemas.report import IncidentReport

POLICY: Final = f"default-src 'none'; style-src {digest(PAGE)}; base-uri 'none'; form-action 'none'"
"""The page's Content-Security-Policy: its own style, and nothing else."""
_ANCHOR: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")
_COMMAND: Final = 4000
"""Characters of a command's line."""


def html(report: IncidentReport) -> str:
    """Return the report as a page."""
    return written(arranged(report))


def written(document: Document) -> str:
    """Return a document as a page."""
    page = ET.Element("html", {"lang": "en"})
    _head(page, plain(document.title.text, 200))
    main = ET.SubElement(ET.SubElement(page, "body"), "main")
    if document.lead:
        _sentence(ET.SubElement(main, "p", {"class": "lead"}), document.lead)
    _sentence(ET.SubElement(main, "h1"), [Said(document.title.text, document.title.limit)])
    for block in document.blocks:
        _block(main, block, 2)
    return "<!DOCTYPE html>\n" + ET.tostring(page, encoding="unicode", method="html") + "\n"


def _head(page: ET.Element, title: str) -> None:
    head = ET.SubElement(page, "head")
    ET.SubElement(head, "meta", {"charset": "utf-8"})
    ET.SubElement(head, "meta", {"http-equiv": "Content-Security-Policy", "content": POLICY})
    ET.SubElement(head, "meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"})
    ET.SubElement(head, "meta", {"name": "referrer", "content": "no-referrer"})
    ET.SubElement(head, "title").text = title
    ET.SubElement(head, "style").text = PAGE


def _block(parent: ET.Element, block: Block, level: int) -> None:
    match block:
        case Section():
            section = ET.SubElement(parent, "section", {"class": "key"} if block.key else {})
            _sentence(ET.SubElement(section, f"h{level}"), block.title)
            for inner in block.blocks:
                _block(section, inner, min(level + 1, 6))
        case Paragraph():
            _sentence(ET.SubElement(parent, "p"), block.leaves)
        case Bullets():
            entries = ET.SubElement(parent, "ol" if block.numbered else "ul")
            for item in block.items:
                _item(ET.SubElement(entries, "li"), item)
        case Table():
            _table(ET.SubElement(parent, "div", {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": block.caption}), block)
        case Picture():
            drawn = drawing(block, legend=False)
            if drawn is not None:
                ET.SubElement(parent, "div", {"class": "scroll"}).append(drawn)


def _item(parent: ET.Element, item: Item) -> None:
    _sentence(parent, item.leaves)
    for command in item.commands:
        if command.strip():
            code = ET.SubElement(ET.SubElement(parent, "pre"), "code")
            code.text = "\n".join(plain(line, _COMMAND, exact=True) for line in command.split("\n"))


def _table(parent: ET.Element, table: Table) -> None:
    found = ET.SubElement(parent, "table")
    ET.SubElement(found, "caption").text = table.caption
    heads = ET.SubElement(ET.SubElement(found, "thead"), "tr")
    for head in table.heads:
        ET.SubElement(heads, "th", {"scope": "col"}).text = head
    body = ET.SubElement(found, "tbody")
    for row in table.rows:
        line = ET.SubElement(body, "tr", {"id": row.anchor} if row.anchor and _ANCHOR.fullmatch(row.anchor) else {})
        for number, cell in enumerate(row.cells):
            _sentence(ET.SubElement(line, *(("td", {}) if number else ("th", {"scope": "row"}))), cell)


def _sentence(parent: ET.Element, leaves: Sequence[Leaf]) -> None:
    for leaf in leaves:
        _leaf(parent, leaf)


def _leaf(parent: ET.Element, leaf: Leaf) -> None:
    match leaf:
        case str():
            _say(parent, leaf)
        case Said():
            text = plain(leaf.text, leaf.limit)
            if leaf.strong:
                ET.SubElement(parent, "strong").text = text
            else:
                _say(parent, text)
        case Line():
            ET.SubElement(parent, "code").text = plain(leaf.text, leaf.limit, exact=True)
        case At():
            ET.SubElement(parent, "time", {"datetime": stamp(leaf.moment)}).text = stamp(leaf.moment)
        case Ref():
            _ref(parent, leaf.name)
        case Badge():
            ET.SubElement(parent, "span", {"class": f"badge {leaf.tone}"}).text = plain(leaf.text, 60)
        case Strong():
            ET.SubElement(parent, "strong").text = leaf.text


def _ref(parent: ET.Element, name: str) -> None:
    if _ANCHOR.fullmatch(name):
        ET.SubElement(parent, "a", {"href": f"#{name}"}).text = name
    else:
        _say(parent, plain(name, 60))


def _say(parent: ET.Element, text: str) -> None:
    """Put a text behind what is there."""
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text
