"""Writing as Markdown (CommonMark with GitHub's tables). Every leaf is escaped: no value becomes a link, an image, HTML or a heading."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from faultmaven_events.reports.document import (
    At,
    Badge,
    Block,
    Bullets,
    Document,
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
from faultmaven_events.reports.summary import summary
from faultmaven_events.schemas.report import IncidentReport

__all__ = ["markdown", "summary", "written"]

_SPECIAL: Final = re.compile(r"[\\`*\[<~$]|(?<![^\W_])_|_(?![^\W_])|&(?=[#\w])|:(?=//)|(?<=[wW]{3})\.|(?<=[\w.+-])@(?=\w)")
"""What Markdown reads in the middle of a line: also bare addresses, which GitHub turns into links."""
_START: Final = re.compile(r"^(?:([#>+=-])|(\d{1,9})([.)]))")
"""What Markdown reads at the beginning of a line."""
_COMMAND: Final = 4000
"""Characters of a command's line."""


def markdown(report: IncidentReport) -> str:
    """Return the report as Markdown."""
    return written(arranged(report))


def written(document: Document) -> str:
    """Return a document as Markdown."""
    parts = [f"# {_title([document.title])}", *([_sentence(document.lead)] if document.lead else []), *_blocks(document.blocks, 2)]
    return "\n\n".join(parts) + "\n"


def _blocks(blocks: Sequence[Block], level: int) -> Iterator[str]:
    for block in blocks:
        match block:
            case Section():
                yield f"{'#' * level} {_title(block.title)}"
                yield from _blocks(block.blocks, min(level + 1, 6))
            case Paragraph():
                yield _sentence(block.leaves)
            case Bullets():
                yield "\n".join(
                    _item(item.leaves, item.commands, f"{n}." if block.numbered else "-") for n, item in enumerate(block.items, 1)
                )
            case Table():
                yield _list(block) if block.wordy else _table(block)
            case Picture():
                continue


def _title(leaves: Sequence[Leaf]) -> str:
    text = "".join(_leaf(leaf) for leaf in leaves).strip()
    return re.sub(r"(#+)$", r"\\\1", text)


def _sentence(leaves: Sequence[Leaf]) -> str:
    text = "".join(_leaf(leaf) for leaf in leaves).strip()
    return _START.sub(lambda m: f"\\{m[1]}" if m[1] else f"{m[2]}\\{m[3]}", text)


def _leaf(leaf: Leaf) -> str:
    match leaf:
        case str():
            return _escaped(leaf)
        case Said():
            text = _escaped(plain(leaf.text, leaf.limit))
            return f"**{text}**" if leaf.strong and text else text
        case Line():
            return _code(plain(leaf.text, leaf.limit, exact=True))
        case At():
            return stamp(leaf.moment)
        case Ref():
            return _escaped(plain(leaf.name, 60))
        case Badge() | Strong():
            return f"**{_escaped(plain(leaf.text, 60))}**"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)


def _code(text: str) -> str:
    """A span of code, between more backticks than any run in it."""
    if not text.strip():
        return ""
    fence = "`" * (max(map(len, re.findall(r"`+", text)), default=0) + 1)
    pad = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _item(leaves: Sequence[Leaf], commands: Sequence[str], mark: str) -> str:
    indent = " " * (len(mark) + 1)
    return "\n".join(
        [f"{mark} {_sentence(leaves)}", *(f"{indent}{line}" for command in commands if command.strip() for line in _fenced(command))]
    )


def _fenced(command: str) -> list[str]:
    lines = [plain(line, _COMMAND, exact=True) for line in command.split("\n")]
    fence = "`" * max(3, *(len(run) + 1 for line in lines for run in re.findall(r"`+", line)), 3)
    return [f"{fence}sh", *lines, fence]


def _list(table: Table) -> str:
    return "\n".join("- " + " · ".join(cell for c in row.cells if (cell := _sentence(c))) for row in table.rows)


def _table(table: Table) -> str:
    rows = [[_sentence(cell).replace("|", "\\|") for cell in row.cells] for row in table.rows]
    lines = [[_escaped(head) for head in table.heads], ["---"] * len(table.heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
