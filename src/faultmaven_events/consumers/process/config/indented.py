"""A light reader of `key: value` by indentation: for parts of YAML (the hunks of a diff), templates, and YAML that is broken or huge."""

import re
from collections.abc import Iterator

from faultmaven_events.consumers.process.config.entry import MOST_ENTRIES, Entry, Reading, joined, unquoted, within

_LINE = re.compile(
    r"^(?P<indent> *)(?P<dash>(?:- +)*)"
    r"(?:(?P<key>[^\s:#'\"{\[][^:#]{0,120}?|\"[^\"]{1,120}\"|'[^']{1,120}'):(?:\s+(?P<value>.*))?|(?P<item>.*))$"
)


def read_indented(text: str) -> Reading:
    """Read what the indentation tells; never fails."""
    entries, truncated = within(MOST_ENTRIES, _entries(text))
    return Reading(entries, (), truncated)


def _entries(text: str) -> Iterator[Entry]:
    stack: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        match = _LINE.match(line[:2000].rstrip()) if line.strip() and not line.lstrip().startswith(("#", "---")) else None
        if match is None:
            continue
        indent = len(match["indent"]) + len(match["dash"])
        while stack and stack[-1][0] >= indent:
            stack.pop()
        path = ".".join(name for _, name in stack)
        if match["key"] is not None:
            key, value = unquoted(match["key"]), _without_comment(match["value"] or "")
            if value and value not in {"|", ">", "|-", ">-"}:
                yield Entry(joined(path, key), unquoted(value), number)
            elif len(stack) < 50:
                stack.append((indent, key))
        elif match["dash"] and match["item"]:
            yield Entry(f"{path}[]", unquoted(_without_comment(match["item"])), number)


def _without_comment(value: str) -> str:
    return value.strip() if value[:1] in {'"', "'"} else re.sub(r"(^|\s)#.*$", "", value).strip()
