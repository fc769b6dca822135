"""Formats of one value a line: `key = value`, `key value`, `key: value`, `.env`, HAProxy's sections, Dockerfiles."""

import re
from collections import Counter
from collections.abc import Iterator

from faultmaven_events.consumers.process.config.entry import MOST_ENTRIES, Entry, Reading, joined, unquoted, within

_EQUALS = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][\w.\-/\[\]]{0,200})\s*=\s*(.*)$")
_COLON = re.compile(r"^\s*([A-Za-z_][\w.\-/\[\]]{0,200})\s*:\s+(.*)$")
_BLANK = re.compile(r"^\s*([A-Za-z_][\w.\-/]{0,200})(?:\s+(.*))?$")
_HAPROXY_SECTION = re.compile(
    r"^(global|defaults|frontend|backend|listen|userlist|peers|resolvers|mailers|cache|program|http-errors|ring)\b\s*(.*)$"
)
_INSTRUCTION = re.compile(r"^\s*([A-Za-z]+)\s+(.*)$")


def read_pairs(text: str) -> Reading:
    """Read one value a line; what separates keys from values is what most lines have."""
    lines = text.split("\n")
    pattern = _separator(lines)
    entries, truncated = within(MOST_ENTRIES, _pairs(lines, pattern))
    return Reading(entries, (), truncated)


def _separator(lines: list[str]) -> re.Pattern[str]:
    telling = [line for line in lines[:2000] if line.strip() and not line.lstrip().startswith(("#", ";", "//"))]
    votes = Counter(pattern for line in telling for pattern in (_EQUALS, _COLON) if pattern.match(line[:500]))
    best, count = votes.most_common(1)[0] if votes else (_BLANK, 0)
    return best if count * 2 >= len(telling) else _BLANK


def _pairs(lines: list[str], pattern: re.Pattern[str]) -> Iterator[Entry]:
    for number, line in enumerate(lines, start=1):
        if line.lstrip().startswith(("#", ";", "//", "!")):
            continue
        match = pattern.match(line[:4000]) or _EQUALS.match(line[:4000])
        if match:
            yield Entry(match[1], _value(match[2] or ""), number)


def _value(text: str) -> str:
    """The value without its quotes, and without the comment that may follow it."""
    text = text.strip()
    if text[:1] in {"'", '"'} and (end := text.find(text[0], 1)) > 0 and text[end + 1 :].lstrip()[:1] in {"", "#"}:
        return text[1:end]
    return unquoted(re.sub(r"\s+#.*$", "", text))


_HOST_LINE = re.compile(r"^\s*(\S*[\d:>]\S*)\s+([A-Za-z][\w.\- \t]*)$")


def read_hosts(text: str) -> Reading:
    """Read `ADDRESS NAME NAME`: a value for each name, its address."""
    entries, truncated = within(MOST_ENTRIES, _hosts(text))
    return Reading(entries, (), truncated)


def _hosts(text: str) -> Iterator[Entry]:
    for number, line in enumerate(text.split("\n"), start=1):
        match = _HOST_LINE.match(re.sub(r"#.*$", "", line[:1000]).rstrip())
        for name in match[2].split() if match else ():
            yield Entry(name, match[1] if match else "", number)


def read_haproxy(text: str) -> Reading:
    """Read sections and their keywords; `server NAME` is part of the path, so that two servers stay apart."""
    entries, truncated = within(MOST_ENTRIES, _haproxy(text))
    return Reading(entries, (), truncated)


def _haproxy(text: str) -> Iterator[Entry]:
    section = ""
    for number, line in enumerate(text.split("\n"), start=1):
        words = re.sub(r"(^|\s)#.*$", "", line[:4000]).split()
        if not words:
            continue
        if header := _HAPROXY_SECTION.match(line.rstrip()):
            section = " ".join(f"{header[1]} {header[2]}".split())
            continue
        named = 2 if words[0] in {"server", "timeout", "option", "acl", "stick-table", "default-server"} and len(words) > 1 else 1
        if words[0] == "default-server":
            named = 1
        yield Entry(joined(section, " ".join(words[:named])), " ".join(words[named:]), number)


def read_dockerfile(text: str) -> Reading:
    """Read instructions, with continued lines joined; the path is `stage.INSTRUCTION`."""
    entries, truncated = within(MOST_ENTRIES, _dockerfile(text))
    return Reading(entries, (), truncated)


def _dockerfile(text: str) -> Iterator[Entry]:
    stage, held, start = -1, "", 1
    for number, line in enumerate(text.split("\n"), start=1):
        if line.lstrip().startswith("#") or (not line.strip() and not held):
            continue
        start = start if held else number
        held = f"{held} {line.strip()}".strip()
        if held.endswith("\\"):
            held = held[:-1].rstrip()
            continue
        match, held = _INSTRUCTION.match(held), ""
        if match:
            stage += match[1].upper() == "FROM"
            yield Entry(f"stage-{max(stage, 0)}.{match[1].upper()}", match[2], start)
