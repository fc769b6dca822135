"""The headings of a document, each with its line."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

MOST_MARKDOWN = 5_000_000
"""Characters that are parsed as Markdown; a larger text is cut by its paragraphs."""
_NUMBERED = re.compile(r"^\d+(\.\d+){0,4}\.?\s+[A-Z][^.!?]{2,80}$")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of `level` 1 to 6 on the 1-based `line`."""

    title: str
    level: int
    line: int


def markdown_headings(text: str) -> list[Heading]:
    """The headings of a Markdown text (in code blocks there are none); none where it is too large or too deep to parse."""
    if len(text) > MOST_MARKDOWN:
        return []
    try:
        tokens = MarkdownIt("commonmark").parse(text)
    except (RecursionError, ValueError):
        return []
    return [heading for opening, inline in pairwise(tokens) if (heading := _heading(opening, inline))]


def _heading(opening: Token, inline: Token) -> Heading | None:
    if opening.type != "heading_open" or opening.map is None or opening.level != 0:
        return None
    title = "".join(child.content for child in inline.children or () if child.type in {"text", "code_inline"}).strip()
    return Heading(title[:200], int(opening.tag[1:]), opening.map[0] + 1) if title else None


def plain_headings(lines: Sequence[str]) -> list[Heading]:
    """Headings of plain text: numbered lines that stand alone (`2.1 Recovery`)."""
    found = []
    for number, line in enumerate(lines, start=1):
        alone = (number == 1 or not lines[number - 2].strip()) and (number == len(lines) or not lines[number].strip())
        if alone and _NUMBERED.match(line.strip()[:120]):
            found.append(Heading(line.strip(), min(6, line.split()[0].strip(".").count(".") + 1), number))
    return found


class Paths:
    """Where in its document a line stands."""

    def __init__(self, headings: Sequence[Heading]) -> None:
        self._headings, self._lines = headings, [heading.line for heading in headings]
        self._above: list[int | None] = []
        stack: list[int] = []
        for number, heading in enumerate(headings):
            while stack and headings[stack[-1]].level >= heading.level:
                stack.pop()
            self._above.append(stack[-1] if stack else None)
            stack.append(number)

    def at(self, line: int) -> str | None:
        """The titles above a line, outermost first, joined by ` > `."""
        place = bisect_right(self._lines, line) - 1
        titles: list[str] = []
        above: int | None = place if place >= 0 else None
        while above is not None:
            titles.append(self._headings[above].title)
            above = self._above[above]
        return " > ".join(reversed(titles))[:600] or None
