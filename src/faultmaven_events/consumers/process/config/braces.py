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
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.|\n)*"|\'(?:[^\'\\\n]|\\.|\n)*\'|#[^\n]*|\$\{[^}\n]*\}|[{};\n]|[^\s{};"\'#]+')
_SERVER = re.compile(r"\bserver #\d+")
_HCL_COMMENT = re.compile(r"^\s*(?://|/\*|\*)")


@dataclass(slots=True)
class _Scan:
    blocks: list[str] = field(default_factory=list)
    opened: list[int] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    start: int = 1
    problems: list[Problem] = field(default_factory=list)
    servers: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def opens(self, line: int) -> None:
        if len(self.blocks) < DEEPEST:
            self.count += 1
            name = " ".join(unquoted(word) for word in self.words) or "block"
            self.blocks.append(f"server #{self.count}" if name == "server" else name)
            self.opened.append(line)
        self.words = []

    def closes(self, line: int) -> None:
        if self.words:
            self.problems.append(Problem("nginx-syntax", f"The directive {self.words[0]} is not ended by a semicolon.", self.start))
        self.words = []
        if self.blocks:
            self.blocks.pop()
            self.opened.pop()
        else:
            self.problems.append(Problem("nginx-syntax", "This closing brace has no opening one.", line))

    def statement(self) -> Entry | None:
        words, self.words = self.words, []
        if not words:
            return None
        if words[0] == "server_name" and len(words) > 1 and self.blocks and self.blocks[-1].startswith("server #"):
            self.servers[self.blocks[-1]] = f"server[{words[1]}]"
        return Entry(joined(*self.blocks, words[0]), " ".join(unquoted(word) for word in words[1:]), self.start)


def read_nginx(text: str) -> Reading:
    """Read directives; `location /x` and `upstream y` become parts of the path."""
    scan = _Scan()
    entries, truncated = within(MOST_ENTRIES, _nginx_entries(text, scan))
    entries = _named(entries, scan.servers)
    if scan.words:
        scan.problems.append(Problem("nginx-syntax", f"The directive {scan.words[0]} is not ended by a semicolon.", scan.start))
    scan.problems.extend(
        Problem("nginx-syntax", f"The block {block} is not closed.", line)
        for block, line in zip(scan.blocks[:3], scan.opened, strict=False)
    )
    return Reading(entries, tuple(scan.problems[:10]), truncated)


def _named(entries: tuple[Entry, ...], servers: dict[str, str]) -> tuple[Entry, ...]:
    """The entries with the name of each server block in place of its number."""
    return tuple(
        Entry(_SERVER.sub(lambda match: servers.get(match[0], "server"), entry.path), entry.value, entry.line) for entry in entries
    )


def _nginx_entries(text: str, scan: _Scan) -> Iterator[Entry]:
    line = 1
    for match in _TOKEN.finditer(text):
        word = match[0]
        if word == "\n":
            line += 1
            continue
        if word.startswith("#"):
            continue
        if word == "{":
            scan.opens(line)
        elif word == "}":
            scan.closes(line)
        elif word == ";":
            if entry := scan.statement():
                yield entry
        else:
            if not scan.words:
                scan.start = line
            scan.words.append(word)
        line += word.count("\n")


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
