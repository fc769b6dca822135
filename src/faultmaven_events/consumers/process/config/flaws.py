"""What is wrong with the text of any configuration: leftovers of a merge, characters that only look right, unfilled placeholders."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from faultmaven_events.consumers.process.config.entry import Entry, Problem

MOST: Final = 5
"""Places that are told of each kind."""
LONGEST: Final = 20_000
"""Characters of a line that are looked at."""

_MERGE: Final = re.compile(r"^(<{7}|>{7}|\|{7})( |$)")
_MIDDLE: Final = re.compile(r"^={7}$")
_LOOKALIKE: Final = re.compile("[\u00a0\u2007\u202f\u200b\u200c\u200d\u2060\u201c\u201d\u2018\u2019\ufeff\u00ad]")
_QUOTES: Final = "\u201c\u201d\u2018\u2019"
_HOLDER: Final = re.compile(
    r"^[\"']?(?:change[-_ ]?me\w*|replace[-_ ]?(?:me|this)\w*|to[-_]?do|fix[-_]?me|tbd|your[-_][\w-]{2,40}|<[A-Za-z][\w .-]{2,40}>"
    r"|<insert[^>]{0,60}>|x{4,}|placeholder|@@?[A-Z][A-Z0-9_]{2,40}@@?|__[A-Z][A-Z0-9_]{2,40}__|%%[A-Z_]{3,40}%%)[\"']?;?$",
    re.IGNORECASE,
)
_MASKED: Final = re.compile(r"^<[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_[0-9a-zA-Z]{1,40}>$")
"""What sanitizing leaves in the place of a value, which is no placeholder of the author's."""
_TEMPLATED: Final = re.compile(r"\{\{[^{}\n]{0,200}\}\}|<%=?[^%\n]{0,200}%>|\{%[^%\n]{0,200}%\}")
_TEMPLATE_NAME: Final = re.compile(r"\.(j2|jinja2?|tpl|tmpl|erb|template|gotmpl|mustache)$|(^|/)(templates?|charts?)/", re.IGNORECASE)
_READS_TEMPLATES: Final = re.compile(
    r"alert|prometheus|rule|grafana|argo|workflow|vector|docker|log|consul|nomad|ansible|playbook|github|ci"
)
"""Files whose own syntax has double braces."""
_CR_BREAKS: Final = frozenset({"env", "dockerfile", "systemd", "hosts", "sshd", "haproxy", "logrotate", "crontab", "pg_hba"})


def text_flaws(lines: Sequence[str], dialect: str, name: str) -> Iterator[Problem]:
    """Yield what can be seen without a parser; at most `MOST` places of each kind."""
    yield from islice(_merge(lines), MOST)
    yield from _order_mark(lines)
    yield from islice(_nul(lines), MOST)
    yield from _carriage_returns(lines, dialect)
    yield from islice(_lookalikes(lines, dialect), MOST)
    yield from islice(_templates(lines, dialect, name), MOST)


def _merge(lines: Sequence[str]) -> Iterator[Problem]:
    inside = False
    for number, raw in enumerate(lines, start=1):
        line = raw.rstrip("\r")
        if _MERGE.match(line[:9]) or (inside and _MIDDLE.match(line[:8])):
            inside = True
            text = "A merge was left unfinished: this line is a conflict marker of git, a syntax error in every format."
            yield Problem("merge-conflict", text, number, 1, fix="Keep one side, delete the other and the three marker lines.")


def _order_mark(lines: Sequence[str]) -> Iterator[Problem]:
    if lines and lines[0].startswith("\ufeff"):
        text = "The file begins with a byte order mark; many programs take it as part of the first key, which then has no effect."
        yield Problem("byte-order-mark", text, 1, 1, "medium", "Save the file as UTF-8 without BOM.")


def _nul(lines: Sequence[str]) -> Iterator[Problem]:
    for number, line in enumerate(lines, start=1):
        if (place := line.find("\x00")) >= 0:
            text = "The line holds a NUL byte: the file was damaged (a crash while it was written) or is UTF-16."
            yield Problem("nul-byte", text, number, place + 1, fix="Restore the file, or save it as UTF-8.")


def _carriage_returns(lines: Sequence[str], dialect: str) -> Iterator[Problem]:
    ended = [number for number, line in enumerate(lines, start=1) if line.endswith("\r")]
    if ended and dialect in _CR_BREAKS:
        text = f"{len(ended)} lines end in CR LF; on Unix the CR becomes part of the value."
        yield Problem("carriage-return", text, ended[0], len(lines[ended[0] - 1]), "medium", "Save with LF line ends (dos2unix).")
    elif ended and len(lines) > 3 and 0 < len(lines) - len(ended) <= len(lines) // 10 + 1 and len(ended) < len(lines) - 1:
        yield Problem("mixed-line-ends", "Some lines end in CR LF and some in LF.", ended[0], None, "low", "Save with LF line ends.")


def _lookalikes(lines: Sequence[str], dialect: str) -> Iterator[Problem]:
    for number, line in enumerate(lines, start=1):
        code = line[:LONGEST]
        match = _LOOKALIKE.search(code, 1 if number == 1 else 0)
        if match is None or code.lstrip().startswith(("#", ";", "//", "<!--", "--")) or "#" in code[: match.start()]:
            continue
        if match[0] in _QUOTES:
            if not re.search(rf"[=:\s(,\[]{match[0]}", code) or '"' in code[: match.start()] or dialect in {"json", "xml"}:
                continue  # an apostrophe in prose
            yield Problem(
                "typographic-quote", "A typographic quote stands where a plain one belongs; it becomes part of the value.", number,
                match.start() + 1, fix="Replace it by a plain quote.",
            )  # fmt: skip
        else:
            text = f"An invisible character (U+{ord(match[0]):04X}) stands here; a program does not take it as a blank."
            yield Problem("invisible-character", text, number, match.start() + 1, "medium", "Delete it or type a plain blank.")


def _templates(lines: Sequence[str], dialect: str, name: str) -> Iterator[Problem]:
    """Braces of a template engine in a file that is no template and whose product has no templates of its own."""
    if _TEMPLATE_NAME.search(name) or dialect in {"kubernetes", "prometheus", "prometheus-rules", "hcl", "yaml", "json", "pairs"}:
        return
    if _READS_TEMPLATES.search(name.lower()):
        return
    for number, line in enumerate(lines, start=1):
        match = None if line.lstrip().startswith(("#", ";", "//")) else _TEMPLATED.search(line[:LONGEST])
        if match:
            text = "A template expression was not filled in: the file was not rendered before it was put in place."
            yield Problem("template-unrendered", text, number, match.start() + 1, fix="Render the template and install its result.")


def placeholders(entries: Sequence[Entry]) -> Iterator[Problem]:
    """Yield values that their author meant to replace: CHANGEME, TODO, <your-host>, __PASSWORD__."""
    found = (entry for entry in entries if _HOLDER.match(entry.value[:80]) and not _MASKED.match(entry.value.strip("\"';")))
    for entry in islice(found, MOST):
        text = f"{entry.path} still holds a placeholder instead of a value."
        yield Problem("placeholder", text, entry.line, None, "medium", "Put the real value there.")
