"""The text that the detectors look at: a bounded sample of a file's head, cut into lines once."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from faultmaven_events.consumers.classify.charset import charset
from faultmaven_events.consumers.classify.stamps import STAMP

HEAD: Final = 262_144
"""Bytes of a file that are enough to say what it is."""
TEXT: Final = 65_536
FIRST, SPREAD, WIDTH = 60, 40, 600
"""Lines taken from the start, lines taken evenly from the rest, characters kept of a line."""
_ANSI: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x00+")
_COMMENT: Final = re.compile(r"\s*(?:#|;|//|<!--|/\*|\*[ /]|\*$)")
_CONTINUES: Final = re.compile(
    r"[ \t]|[)\]}]+[,;]?$|Caused by:|Traceback \(|\.\.\. \d+ more|goroutine \d+ \[|[\w.$]+(?:Exception|Error)\b|#\d+ "
)
LONG: Final = 200
_GAP: Final = re.compile(r"[ \t]{64,}")
_GAP_KEPT: Final = " " * 64
"""No column is further away; patterns with two spaces in a row would go over longer ones again and again."""
_DIGITS: Final = re.compile(r"\d\d[:.]?\d\d")
_PREFIX: Final = re.compile(r"[\w.-]+ +\| ?")


_BLOCKS: Final = (
    ("/*", "*/"),
    ('"""', '"""'),
    ('r"""', '"""'),
    ("'''", "'''"),
    ("<#", "#>"),
    ("{#", "#}"),
    ("=begin", "=end"),
    ("=head", "=cut"),
    ("=pod", "=cut"),
    ("#[[", "]]"),
    ("#[=", "]="),
    ("```", "```"),
    ("~~~", "~~~"),
)
_REMARK: Final = re.compile(
    r"\s*(?:(?://|#(?![!\[a-z]|\s*(?:include|define|if|endif|pragma))|--(?!-)|\*|;;)(?=\s|$|[^\w\"'(\[{])|/\*.*\*/$)"
)
_OPENS: Final = re.compile(r"""(?:[-*+•>]|\d+[.)]|\|)?\s*[\w"'(\[`*_“\u2018¿¡#]?[^\W\d_]""")
_SYMBOLS: Final = re.compile(r"[{}<>=;$\\|^~@%&]|::|\(\)|->|\[[^\]]*\](?!\()")
_KEYED: Final = re.compile(r"[a-z_][a-z0-9_-]*:(?:\s|$)")
_WORDS: Final = re.compile(r"[^\W\d_]{2,}")


def talking(line: str) -> bool:
    """Whether a line reads like a sentence or a heading: words, hardly any symbols."""
    words = _WORDS.findall(line)
    if len(words) < 2 or _KEYED.match(line) or sum(map(len, words)) <= 0.55 * len(line.replace(" ", "")):
        return False
    return len(_SYMBOLS.findall(line)) <= len(words) * 0.25 and _OPENS.match(line.strip()) is not None


@dataclass(frozen=True)
class Sample:
    """A file's head as text. `lines` has no blank lines; `cut` says that the file may go on."""

    text: str
    charset: str
    cut: bool = False

    @classmethod
    def of(cls, head: bytes) -> "Sample | None":
        """Return the sample, or None when the bytes are no text. Never raises."""
        name = charset(head[:HEAD])
        if name is None:
            return None
        text = head[:TEXT].decode(name, "replace").replace("\r\n", "\n").replace("\r", "\n")
        return cls(_ANSI.sub("", text) if "\x1b" in text or "\x00" in text else text, name, cut=len(head) > TEXT)

    @cached_property
    def rows(self) -> list[str]:
        """All whole lines, blank ones as well, without trailing space."""
        rows = [_GAP.sub(_GAP_KEPT, row[:WIDTH]).rstrip() if len(row) > LONG else row.rstrip() for row in self.text.split("\n")]
        return rows[:-1] if self.cut and len(rows) > 1 else rows

    @cached_property
    def lines(self) -> list[str]:
        """Up to 100 lines that are not blank, without the prefix that `docker compose logs` puts before each."""
        full = [row for row in self.rows if row]
        if len(full) > FIRST + SPREAD:
            step = (len(full) - FIRST) / SPREAD
            full = full[:FIRST] + [full[FIRST + int(i * step)] for i in range(SPREAD)]
        stripped = [_PREFIX.match(line) for line in full]
        if full and all(stripped) and any(STAMP.search(line) for line in full[:5]):
            full = [line[match.end() :] for line, match in zip(full, stripped, strict=True) if match]
        return full

    @cached_property
    def body(self) -> list[str]:
        """`lines` without comments."""
        return [line for line in self.lines if not _COMMENT.match(line)]

    @cached_property
    def code(self) -> list[str]:
        """Up to 80 lines outside of block comments, doc strings and fenced blocks, and without comments that take a whole line."""
        kept: list[str] = []
        until: str | None = None
        for line in self.rows[:2000]:
            text = line.strip()
            if not text:
                continue
            if len(kept) >= 80:
                break
            if until is not None:
                until = None if until in text else until
                continue
            until = next((end for start, end in _BLOCKS if text.startswith(start) and end not in text[len(start) :]), None)
            if until is None and not _REMARK.match(line):
                kept.append(line)
        return kept

    @cached_property
    def prose(self) -> float:
        """Share of the lines outside of code blocks that read like sentences."""
        said = [not (0 <= at <= 120) and talking(line) for line, at in zip(self.lines[:60], self.stamped, strict=False)]
        return sum(said) / max(1, len(said))

    @cached_property
    def top(self) -> str:
        """The first line that is not blank."""
        return self.lines[0] if self.lines else ""

    @cached_property
    def stamped(self) -> list[int]:
        """For each line: at which character a time begins, or -1."""
        found = (STAMP.search(line, 0, 160) if _DIGITS.search(line, 0, 160) else None for line in self.lines)
        return [match.start() if match else -1 for match in found]

    @cached_property
    def continued(self) -> int:
        """Lines without a time that can be read as the rest of the entry above them."""
        return sum(at < 0 and _CONTINUES.match(line) is not None for at, line in zip(self.stamped, self.lines, strict=True))
