"""A document cut into passages of about a thousand characters that do not cross a section, with the exact lines of each."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from semantic_text_splitter import MarkdownSplitter, TextSplitter

from faultmaven_events.consumers.process.documents.outline import Heading, Paths
from faultmaven_events.schemas.insight import Chunk

SIZE = 1000
"""Characters of a passage at most."""
OVERLAP = 120
"""Characters that a passage repeats of the one before, within a section."""
SMALL = 250
"""Characters below which a section joins the one after it."""
LEAST = 120
"""Characters below which a passage joins the one after it."""
ENDLESS = 20_000
"""Characters of a line from which it is cut by length alone."""
MOST = 5000


def passages(lines: Sequence[str], headings: Sequence[Heading], *, markdown: bool) -> tuple[tuple[Chunk, ...], bool]:
    """The passages in order, and whether some were left out because there are more than `MOST`."""
    splitter = MarkdownSplitter(SIZE, overlap=OVERLAP) if markdown else TextSplitter(SIZE, overlap=OVERLAP)
    chunks: list[Chunk] = []
    paths = Paths(headings)
    for start, stop in _sections(lines, headings):
        for text, first, last in _cut(splitter, lines, start, stop):
            if len(chunks) == MOST:
                return tuple(chunks), True
            chunks.append(Chunk(index=len(chunks), heading=paths.at(first), text=text, line_start=first, line_end=last))
    return tuple(chunks), False


def _sections(lines: Sequence[str], headings: Sequence[Heading]) -> Iterator[tuple[int, int]]:
    """Sections as (first line, last line), 1-based; a small one is read together with the next."""
    starts = sorted({1, *(heading.line for heading in headings)})
    begin = 1
    for start, following in zip(starts, [*starts[1:], len(lines) + 1], strict=True):
        size = sum(len(line) + 1 for line in lines[begin - 1 : following - 1])
        if size >= SMALL or following > len(lines):
            yield begin, following - 1
            begin = following
        elif begin != start and size >= SIZE:
            yield begin, start - 1
            begin = start


def _cut(splitter: MarkdownSplitter | TextSplitter, lines: Sequence[str], start: int, stop: int) -> Iterator[tuple[str, int, int]]:
    section = lines[start - 1 : stop]
    text = "\n".join(section)
    if not text.strip():
        return
    offsets = [0]
    for line in section:
        offsets.append(offsets[-1] + len(line) + 1)
    held = ""
    held_from = 0
    for offset, passage in _pieces(splitter, text, max(map(len, section))):
        if not passage.strip():
            continue
        lead = len(passage) - len(passage.lstrip())
        first = start + bisect_right(offsets, offset + lead) - 1
        last = start + bisect_right(offsets, offset + len(passage.rstrip()) - 1) - 1
        whole, begin = (f"{held}\n\n{passage.strip()}", held_from) if held else (passage.strip(), first)
        held = ""
        if len(whole) < LEAST and last < stop:  # a heading alone, or a line: it belongs to what follows
            held, held_from = whole, begin
        else:
            yield whole, begin, last
    if held:
        yield held, held_from, start + text.rstrip().count("\n")


def _pieces(splitter: MarkdownSplitter | TextSplitter, text: str, longest: int) -> list[tuple[int, str]]:
    """(offset, piece) of a section. The splitter takes quadratic time over a line without blanks, so endless lines are cut by length."""
    if longest <= ENDLESS:
        return splitter.chunk_indices(text)
    return [(offset, text[offset : offset + SIZE]) for offset in range(0, len(text), SIZE - OVERLAP)]
