"""Private keys in PEM (RFC 7468): over several lines, behind a log's line heads, or on one line with escaped line ends."""

import re
from collections.abc import Iterator
from typing import Final

from faultmaven_events.consumers.sanitize.finding import Finding
from faultmaven_events.consumers.sanitize.pseudonyms import TOKEN

TYPE: Final = "SECRET_PRIVATE_KEY"
MARK: Final = "-----BEGIN "
BEGIN: Final = re.compile(r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----")
END: Final = "-----END "
BODY: Final = re.compile(r"(?P<head>\+?|.*?[\s:|>#*\"'-]\+?)(?P<body>=?[A-Za-z0-9+/]{1,}={0,2})(?P<tail>[\s\"'+\\,;rn]*)$")
HEADER: Final = re.compile(r"(?:Proc-Type|DEK-Info|Version|Comment|Content-Domain|MAC-Info): |^[\W\d]*$")
PUTTY: Final = "Private-Lines: "
COUNT: Final = re.compile(r"Private-Lines: (\d{1,3})")
WHOLE: Final = re.compile(r"[A-Za-z0-9+/]{8,}={0,2}")
FULL: Final = 16
"""A shorter rest of base64 can only be the line before END; other short words belong to lines that came in between."""
LONGEST: Final = 400
"""Lines of a block at most: 16,384-bit RSA keys have 200."""


def blocks(lines: list[str]) -> dict[int, list[Finding]]:
    """Return the findings of each line inside a private key's block, by the line's index; the BEGIN and END marks stay."""
    found: dict[int, list[Finding]] = {}
    for number, finding in _blocks(lines):
        found.setdefault(number, []).append(finding)
    return found


def _blocks(lines: list[str]) -> Iterator[tuple[int, Finding]]:
    counted = -1
    for number, line in enumerate(lines):
        if MARK not in line:
            if line.startswith(PUTTY) and number > counted:
                for counted, finding in _putty(lines, number):
                    yield counted, finding
            continue
        for begin in BEGIN.finditer(line):
            end = line.find(END, begin.end())
            if end >= 0 or len(line) - begin.end() > 20:
                yield from _inline(number, line, begin.end(), end if end >= 0 else len(line.rstrip()))
            if end < 0:
                yield from _body(lines, number + 1)
                break


def _putty(lines: list[str], number: int) -> Iterator[tuple[int, Finding]]:
    """Yield the lines of a key in PuTTY's own format, which says how many they are."""
    counted = COUNT.match(lines[number])
    count = int(counted.group(1)) if counted else 0
    for place in range(number + 1, min(number + 1 + count, len(lines))):
        body = lines[place].strip()
        if not WHOLE.fullmatch(body):
            return
        if not TOKEN.search(body):
            start = lines[place].index(body)
            yield place, Finding(start, start + len(body), TYPE)


def _inline(number: int, line: str, start: int, end: int) -> Iterator[tuple[int, Finding]]:
    if re.search(r"[A-Za-z0-9+/]{8}", line[start:end]) and not TOKEN.search(line, start, end):
        yield number, Finding(start, end, TYPE)


def _body(lines: list[str], first: int) -> Iterator[tuple[int, Finding]]:
    last = min(first + LONGEST, len(lines))
    end = next((n for n in range(first, last) if END in lines[n]), None)
    for number in range(first, last if end is None else end):
        line = lines[number]
        match = BODY.match(line)
        if HEADER.search(line) or TOKEN.search(line):
            continue
        if match is not None and (len(match.group("body")) >= FULL or number + 1 == end):
            yield number, Finding(match.start("body"), match.end("body"), TYPE)
        elif end is None:
            return
