"""Formats of blocks in braces: nginx (`key value;`) and HCL (`key = value`). One scan, tolerant of the missing ends that a diff has."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import hcl2
from lark.exceptions import LarkError, UnexpectedInput

from faultmaven_events.consumers.process.config.entry import MOST_ENTRIES, Entry, Problem, Reading, joined, unquoted, within

MOST_HCL = 300_000
"""Characters that the HCL grammar is run over; larger files are read without the check."""
DEEPEST = 60
_TOKEN = re.compile(
    r'"(?:[^"\\]|\\(?s:.))*"|\'(?:[^\'\\]|\\(?s:.))*\'|#[^\n]*|[{};\n]'
    r'|(?:\$\{[^}\n]{0,80}\}|\\[^\n]|[^\s{};"\'#\\])(?:\$\{[^}\n]{0,80}\}|\\[^\n]|[^\s{};\\])*|\\'
)
_SERVER = re.compile(r"\bserver #\d+")
_HCL_COMMENT = re.compile(r"^\s*(?://|/\*|\*)")


@dataclass(slots=True)
class Directive:
    """One directive of nginx; `children` is None where it opens no block. Line and column are 1-based."""

    name: str
    args: list[str]
    line: int
    column: int
    parent: "Directive | None" = None
    children: "list[Directive] | None" = None
    by_name: "dict[str, list[Directive]] | None" = None
    """The children under their names, filled when they are first asked for."""


@dataclass(slots=True)
class _Scan:
    blocks: list[str] = field(default_factory=list)
    opened: list[int] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    start: int = 1
    column: int = 1
    problems: list[Problem] = field(default_factory=list)
    servers: dict[str, str] = field(default_factory=dict)
    count: int = 0
    ignored: int = 0
    tree: Directive = field(default_factory=lambda: Directive("", [], 1, 1, None, []))

    def opens(self, line: int) -> None:
        if len(self.blocks) < DEEPEST:
            self.count += 1
            name = " ".join(unquoted(word) for word in self.words) or "block"
            self.blocks.append(f"server #{self.count}" if name == "server" else name)
            self.opened.append(line)
            self.tree = self._added([])
        else:
            self.ignored += 1
        self.words = []

    def closes(self, line: int) -> None:
        if self.words:
            self.problems.append(Problem("nginx-syntax", f"The directive {self.words[0]} is not ended by a semicolon.", self.start))
        self.words = []
        if self.ignored:
            self.ignored -= 1
        elif self.blocks:
            self.blocks.pop()
            self.opened.pop()
            self.tree = self.tree.parent or self.tree
        else:
            self.problems.append(Problem("nginx-syntax", "This closing brace has no opening one.", line))

    def statement(self) -> Entry | None:
        if not self.words:
            return None
        self._added(None)
        words, self.words = self.words, []
        if words[0] == "server_name" and len(words) > 1 and self.blocks and self.blocks[-1].startswith("server #"):
            self.servers[self.blocks[-1]] = f"server[{words[1]}]"
        return Entry(joined(*self.blocks, words[0]), " ".join(unquoted(word) for word in words[1:]), self.start)

    def _added(self, children: "list[Directive] | None") -> Directive:
        name, *args = [_as_nginx_reads(word) for word in self.words] or [""]
        one = Directive(name, args, self.start, self.column, self.tree, children)
        if self.tree.children is not None:
            self.tree.children.append(one)
        return one


def _as_nginx_reads(word: str) -> str:
    """A word without its quotes; within them only an escaped quote loses its backslash, so that expressions stay as they are."""
    if len(word) >= 2 and word[0] == word[-1] and word[0] in "\"'":
        return word[1:-1].replace("\\" + word[0], word[0])
    return word


def read_nginx(text: str) -> Reading:
    """Read directives; `location /x` and `upstream y` become parts of the path. The tree is the nameless `Directive` around all."""
    scan = _Scan()
    root = scan.tree
    entries, truncated = within(MOST_ENTRIES, _nginx_entries(text, scan))
    entries = _named(entries, scan.servers)
    if scan.words:
        scan.problems.append(Problem("nginx-syntax", f"The directive {scan.words[0]} is not ended by a semicolon.", scan.start))
    scan.problems.extend(
        Problem("nginx-syntax", f"The block {block} is not closed.", line)
        for block, line in zip(scan.blocks[:3], scan.opened, strict=False)
    )
    return Reading(entries, tuple(scan.problems[:10]), truncated, tree=root)


def _named(entries: tuple[Entry, ...], servers: dict[str, str]) -> tuple[Entry, ...]:
    """The entries with the name of each server block in place of its number."""
    return tuple(
        Entry(_SERVER.sub(lambda match: servers.get(match[0], "server"), entry.path), entry.value, entry.line) for entry in entries
    )


def _nginx_entries(text: str, scan: _Scan) -> Iterator[Entry]:
    line, line_start = 1, 0
    for match in _TOKEN.finditer(text):
        word = match[0]
        if word == "\n":
            line, line_start = line + 1, match.end()
            continue
        if word.startswith("#"):
            continue
        if not scan.words:
            scan.start, scan.column = line, match.start() - line_start + 1
        if word == ";":
            if entry := scan.statement():
                yield entry
        elif word in "{}":
            (scan.opens if word == "{" else scan.closes)(line)
        else:
            scan.words.append(word)
        if "\n" in word:
            line, line_start = line + word.count("\n"), match.start() + word.rindex("\n") + 1


def read_hcl(text: str) -> Reading:
    """Read Terraform, Nomad, Consul and the like; the grammar reports where the text breaks it."""
    entries, truncated = within(MOST_ENTRIES, _hcl_entries(text))
    if len(text) > MOST_HCL:
        return Reading(entries, (), (*truncated, f"over {MOST_HCL} characters: syntax not checked"))
    try:
        hcl2.parses_to_tree(text if text.endswith("\n") else text + "\n")
    except UnexpectedInput as error:
        last = max(1, text.count("\n") + (not text.endswith("\n")))
        line = min(error.line, last) if error.line > 0 else last
        return Reading(entries, (Problem("hcl-syntax", "HCL syntax error: unexpected text here.", line, max(1, error.column)),), truncated)
    except (LarkError, RecursionError, ValueError):
        return Reading(entries, (Problem("hcl-syntax", "The HCL cannot be parsed.", 1),), truncated)
    return Reading(entries, (), truncated)


def _hcl_entries(text: str) -> Iterator[Entry]:
    blocks: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        code = line.strip()
        if not code or code.startswith("#") or _HCL_COMMENT.match(line):
            continue
        if code.startswith(("}", "]")):
            if blocks:
                blocks.pop()
        elif code.endswith(("{", "[")):
            blocks.append(" ".join(unquoted(word) for word in code[:-1].replace("=", " ").split()))
        elif "=" in code:
            key, _, value = code.partition("=")
            yield Entry(joined(*blocks[-DEEPEST:], unquoted(key)), unquoted(value), number)
