"""XML, with the line of every value. Entities stay unresolved, nothing is fetched, and huge trees are refused."""

from collections.abc import Iterator

from lxml import etree

from faultmaven_events.consumers.process.config.entry import MOST_ENTRIES, Entry, Problem, Reading, joined, within

DEEPEST = 200


def read_xml(text: str) -> Reading:
    """Read elements and attributes (`@name`); where it is no XML, say where."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    last = max(1, text.count("\n") + (not text.endswith("\n")))
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        return Reading(
            (), (Problem("xml-syntax", f"XML syntax error: {(error.msg or '').split(', line')[0]}.", min(max(line, 1), last), column),)
        )
    except ValueError:  # an encoding declaration that contradicts the text
        return Reading((), (Problem("xml-encoding", "The XML declares an encoding that it does not have.", 1),))
    if root is None:
        return Reading((), (Problem("xml-syntax", "There is no XML element.", 1),))
    entries, truncated = within(MOST_ENTRIES, _entries(root, "", 0))
    return Reading(entries, (), truncated)


def _entries(element: etree._Element, path: str, depth: int) -> Iterator[Entry]:
    if not isinstance(element.tag, str) or depth > DEEPEST:  # an entity reference, or a joke
        return
    here = joined(path, etree.QName(element).localname + (f"[{element.get('name')}]" if element.get("name") else ""))
    line: int = getattr(element, "sourceline", None) or 1
    for name, value in element.attrib.items():
        yield Entry(f"{here}.@{etree.QName(name).localname}", str(value), line)
    text = (element.text or "").strip()
    if text:
        yield Entry(here, text, line)
    for child in element:
        yield from _entries(child, here, depth + 1)
