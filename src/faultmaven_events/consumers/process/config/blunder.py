"""Mistakes of single products that no grammar catches: undefined names, instructions out of order, lines that a shell reads differently."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from faultmaven_events.consumers.process.config.entry import Entry, Problem

MOST: Final = 10
_LINE_LIMIT: Final = 4_000
_ENV: Final = re.compile(r"^\s*(?:export\s+)?([A-Za-z_]\w*)=(.*)$")
_VAR: Final = re.compile(r"\$\{([A-Za-z_]\w*)\}|\$([A-Za-z_]\w*)")

Check = Callable[[Sequence[Entry], Sequence[str]], Iterator[Problem]]


def blunders(entries: Sequence[Entry], lines: Sequence[str], dialect: str) -> Iterator[Problem]:
    """Yield what a look at the entries and lines of a known product shows; at most `MOST`."""
    if check := _CHECKS.get(dialect):
        yield from islice(check(entries, lines), MOST)


def _haproxy(entries: Sequence[Entry], lines: Sequence[str]) -> Iterator[Problem]:
    sections = [re.match(r"^\s*(backend|listen)\s+(\S+)", line[:_LINE_LIMIT]) for line in lines]
    names = {match[2] for match in sections if match}
    for entry in entries:
        words = entry.value.split()
        if entry.key in {"default_backend", "use_backend"} and words and not re.search(r"[%\[]", words[0]) and words[0] not in names:
            text = f"{entry.key} names the backend {words[0][:60]}, which is unknown in this file: HAProxy refuses to start."
            yield Problem("undefined-backend", text, entry.line, 1, fix="Correct the name, or add the backend.")
        if entry.key.startswith("server ") and not words:
            yield Problem("haproxy-syntax", "A server has a name but no address.", entry.line, 1, fix="Write: server NAME ADDRESS:PORT.")
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if match := re.match(r"^\s+server\s+(\S+)\s", line[:_LINE_LIMIT]):
            if match[1] in seen:
                text = f"The server {match[1][:60]} stands there twice in one section, first on line {seen[match[1]]}: a duplicate name."
                yield Problem("duplicate-server", text, number, match.start(1) + 1, fix="Give each server a name of its own.")
            seen[match[1]] = number
        elif re.match(r"^\w", line):
            seen = {}


def _dockerfile(entries: Sequence[Entry], lines: Sequence[str]) -> Iterator[Problem]:
    first = next((entry for entry in entries if entry.key != "ARG"), None)
    if first and first.key != "FROM":
        yield Problem("dockerfile-syntax", f"{first.key} stands before FROM.", first.line, 1, fix="Begin with FROM.")
    last: dict[str, Entry] = {}
    for entry in entries:
        if entry.key in {"CMD", "ENTRYPOINT"}:
            if earlier := last.get(entry.path):
                text = f"{entry.key} stands there twice, on line {earlier.line} and on line {entry.line}; only the last one counts."
                yield Problem("dockerfile-twice", text, entry.line, 1, "medium", "Delete the other one (DL4003).")
            last[entry.path] = entry
        if entry.key in {"CMD", "ENTRYPOINT", "SHELL"} and re.match(r"^\s*\[", entry.value) and not _json_list(entry.value):
            text = f"The list of {entry.key} is not valid JSON: the whole line is then run by a shell. JSON takes double quotes only."
            yield Problem("dockerfile-json", text, entry.line, 1, fix='Write ["program", "argument"].')
    if lines and lines[-1].rstrip().endswith("\\") and not lines[-1].lstrip().startswith("#"):
        yield Problem(
            "dockerfile-syntax", "The last line ends in a backslash: the instruction is not ended.", len(lines), len(lines[-1].rstrip())
        )


def _json_list(value: str) -> bool:
    return re.fullmatch(r'\s*\[\s*("(?:[^"\\]|\\.)*"\s*(,\s*"(?:[^"\\]|\\.)*"\s*)*)?\]\s*', value[:_LINE_LIMIT]) is not None


def _compose(entries: Sequence[Entry], lines: Sequence[str]) -> Iterator[Problem]:
    declared = {match[1] for line in lines if (match := re.match(r"^\s+[\"']?([\w.-]+)[\"']?\s*:", line[:300]))}
    if any(re.match(r"^(include|extends)\b", line) for line in lines):
        return  # names may come from other files
    for entry in entries:
        if (named := _named(entry)) and named[1] not in declared and "$" not in named[1]:
            kind, name = named
            text = f"{entry.path.split('.')[1]} uses the {kind} {name[:60]}, which is unknown in this file."
            yield Problem(f"undefined-{kind}", text, entry.line, None, fix=f"Correct the name, or declare it below {kind}s.")


def _named(entry: Entry) -> tuple[str, str] | None:
    """The service, network or volume that an entry of a service refers to."""
    parts = entry.path.split(".")
    if parts[0] != "services" or len(parts) < 3:
        return None
    if parts[2].startswith("depends_on["):
        return "service", entry.value
    if parts[2].startswith("networks[") and entry.value != "default":
        return "network", entry.value
    if parts[2].startswith("volumes[") and len(parts) == 3 and (volume := re.match(r"^([A-Za-z][\w-]*):/", entry.value)):
        return "volume", volume[1]
    return None


def _env(entries: Sequence[Entry], lines: Sequence[str]) -> Iterator[Problem]:
    del entries
    seen: dict[str, tuple[int, str]] = {}
    quoted = ""
    for number, raw in enumerate(lines, start=1):
        line = raw[:_LINE_LIMIT].rstrip("\r")
        if quoted:
            quoted = "" if quoted in line else quoted
            continue
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _ENV.match(line)
        if match is None:
            if re.match(r"^\s*(export\s+)?[A-Za-z_]\w*\s+=", line):
                yield Problem(
                    "env-syntax", "Blanks stand around the equals sign: a shell takes the name for a command.", number, line.find("=") + 1
                )
            continue
        name, value = match[1], match[2]
        if value[:1] in {'"', "'"} and value.find(value[0], 1) < 0:
            rest = any(value[0] in later for later in lines[number : number + 200])
            quoted = value[0] if rest else ""
            if not rest:
                yield Problem("env-syntax", f"The quote of {name} is not closed.", number, match.start(2) + 1, fix="Close the quote.")
        if name in seen and seen[name][1] != value:
            text = f"The key {name} is set twice, on line {seen[name][0]} and on line {number}; the last one counts."
            yield Problem("duplicate-key", text, number, 1, "medium", "Delete one of them.")
        seen[name] = (number, value)


def _repeated(entries: Sequence[Entry], lines: Sequence[str]) -> Iterator[Problem]:
    """Formats of one value a key: a key set twice to different values."""
    del lines
    seen: dict[str, Entry] = {}
    for entry in entries:
        earlier = seen.get(entry.path)
        if earlier and earlier.value != entry.value and not entry.path.startswith(("include", "shared_preload")):
            text = f"{entry.path} is set twice, on line {earlier.line} and on line {entry.line}; the last one counts."
            yield Problem("duplicate-key", text, entry.line, 1, "medium", "Delete one of them.")
        seen[entry.path] = entry


def _postgresql(entries: Sequence[Entry], lines: Sequence[str]) -> Iterator[Problem]:
    for number, raw in enumerate(lines, start=1):
        code = raw[:_LINE_LIMIT]
        if not code.lstrip().startswith("#") and re.sub(r"''|\\'", "", code.partition(" #")[0]).count("'") % 2:
            text = "A quote is not closed: PostgreSQL reports a syntax error and does not load the file."
            yield Problem("postgresql-syntax", text, number, code.find("'") + 1, fix="Close the quote.")
    yield from _repeated(entries, lines)


_CHECKS: Final[Mapping[str, Check]] = {
    "haproxy": _haproxy,
    "dockerfile": _dockerfile,
    "compose": _compose,
    "env": _env,
    "postgresql": _postgresql,
    "rabbitmq": _repeated,
    "kafka": _repeated,
}
