"""The objects in a text: documents and Lists in YAML, parsed piece by piece, and JSON. Pieces that can tell nothing are not parsed."""

import re
import warnings
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from faultmaven_events.consumers.process.placed import Items, Map, Values, dig
from faultmaven_events.consumers.process.placed_json import json_value

MOST_OBJECTS: Final = 20_000
MOST_PARSED: Final = 3_000_000
"""Characters of YAML that are parsed: about 250,000 a second."""
MOST_JSON: Final = 64_000_000
_DOCUMENT: Final = re.compile(r"---(?:\s|$)")
_MEMBER: Final = re.compile(r"( {0,4})- (?=\S)")
_KIND: Final = re.compile(r"^(?:  | {0,4}- )?kind: [\"']?(\w+)", re.MULTILINE)
_TELLING: Final = re.compile(r"^\s{0,6}(?:- )?(?:status|involvedObject|regarding|subsets|endpoints|addressType):", re.MULTILINE)
_POD_TELLS: Final = re.compile(
    r"waiting:|terminated:|restartCount: [1-9]|status: [\"']?(?:False|Unknown)|phase: (?!Running|Succeeded)|deletionTimestamp:|\breason:"
)
_MANAGED: Final = re.compile(r"^( *)managedFields:\s*$")


class Objects:
    """The objects of the API in a text, with lines; `left_out` counts, once they were gone through, those that were not read."""

    def __init__(self, text: str) -> None:
        self._text, self.left_out = text, 0

    def __iter__(self) -> Iterator[Map]:
        """Yield them in order. Never raises."""
        is_json = self._text.lstrip("\ufeff \t\r\n")[:1] in {"{", "["}
        for number, body in enumerate(_of_json(self._text) if is_json else self._of_yaml()):
            if number >= MOST_OBJECTS:
                self.left_out += 1
            elif isinstance(body.get("kind"), str):
                yield body

    def _of_yaml(self) -> Iterator[Map]:
        left = MOST_PARSED
        for start, piece in _pieces(self._text.split("\n")):
            if not _telling(piece):
                continue
            left -= len(piece)
            parsed = _parsed(piece, start) if left >= 0 else None
            self.left_out += parsed is None
            yield from _members(parsed)


def _of_json(text: str) -> Iterator[Map]:
    if '"apiVersion"' in text[:100_000] and len(text) <= MOST_JSON:
        yield from _members(json_value(text))


def _members(value: Any) -> Iterator[Map]:
    """The members of a List, each with a kind, or the object itself."""
    items = value if isinstance(value, Items) else dig(value, "items")
    if not isinstance(items, Items):
        yield from (value,) if isinstance(value, Map) else ()
        return
    kind = str(dig(value, "kind") or "").removesuffix("List")
    for item in items:
        if isinstance(item, Map):
            if kind and "kind" not in item:
                item["kind"] = kind
            yield item


def _telling(piece: str) -> bool:
    kind = _KIND.search(piece)
    if kind is None or _TELLING.search(piece) is None:
        return False
    return kind[1] != "Pod" or _POD_TELLS.search(piece) is not None


def _parsed(piece: str, above: int) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            node = YAML(typ="safe", pure=True).compose(piece)
    except (YAMLError, RecursionError, ValueError):
        return None
    return Values(above).of(node) if node is not None else None


def _pieces(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Yield (lines above, text) of each document and of each member of a List at the outermost level."""
    starts = [(0, None), *_starts(lines), (len(lines), None)]
    for (start, dash), (end, _) in pairwise(starts):
        piece = lines[start:end]
        if piece and dash is not None:
            piece[0] = f"{piece[0][:dash]} {piece[0][dash + 1 :]}"
        elif piece and piece[0].startswith("---"):
            piece[0] = ""
        yield start, "\n".join(_without_managed(piece))


def _starts(lines: list[str]) -> Iterator[tuple[int, int | None]]:
    """Where a document, a member of a List (with the indent of its dash) or what follows a List begins."""
    listed, dash = False, None
    for number, line in enumerate(lines):
        if _DOCUMENT.match(line):
            listed, dash = False, None
            yield number, None
        elif line.startswith("items:"):
            listed = True
        elif listed and (member := _MEMBER.match(line)) and dash in {None, len(member[1])}:
            dash = len(member[1])
            yield number, dash
        elif dash is not None and line[: dash + 1].strip():
            listed, dash = False, None
            yield number, None


def _without_managed(lines: list[str]) -> Iterator[str]:
    """The lines, with empty ones in the place of `managedFields`, which are long and tell nothing."""
    since: int | None = None
    for line in lines:
        since = _managed(line, since)
        yield line if since is None else ""


def _managed(line: str, since: int | None) -> int | None:
    """The indent of a `managedFields` that goes on."""
    if found := _MANAGED.match(line):
        return len(found[1])
    if since is None or not line.strip():
        return since
    indent = len(line) - len(line.lstrip())
    return since if indent > since or (indent == since and line[indent] == "-") else None
