"""Tables with a header line: in CSV the key of a value stands at the top of its column."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from faultmaven_events.consumers.sanitize import plausible
from faultmaven_events.consumers.sanitize.finding import Finding
from faultmaven_events.consumers.sanitize.keys import Kind, kind
from faultmaven_events.consumers.sanitize.pseudonyms import TOKEN

_NAME = r"\"?[A-Za-z_][\w.()/-]{0,40}(?: [\w.()/-]{1,40}){0,4}\"?"
HEADER: Final = re.compile(rf"\ufeff?\s*{_NAME}\s*([,;\t|])\s*{_NAME}(?:\s*\1\s*{_NAME})*\s*")
NAME: Final = re.compile(
    r"(?:full|first|last|given|family|middle|contact|patient|employee|cardholder|holder|recipient|customer|client|person|real"
    r"|display)[ _-]?name|surname",
    re.IGNORECASE,
)
PHONE: Final = re.compile(r"(?:.*[ _-])?(?:phone|mobile|fax|cell|tel|telephone|msisdn)(?:[ _-]?(?:number|no|nr))?", re.IGNORECASE)
LETTERS: Final = re.compile(r"[^\W\d_][^\d_<>@]{1,80}")


@dataclass(frozen=True, slots=True)
class Table:
    """Which columns hold what, and how lines are divided."""

    header: str
    separator: str
    width: int
    columns: tuple[tuple[int, str], ...]

    def findings(self, line: str) -> Iterator[Finding]:
        """Find the values of the sensitive columns; a line of another width is no row of this table."""
        if line.rstrip("\r") == self.header:
            return
        fields = list(_fields(line.rstrip("\r"), self.separator))
        if len(fields) != self.width:
            return
        for index, type_ in self.columns:
            start, end = fields[index]
            if holds(type_, line[start:end]):
                yield Finding(start, end, type_)


def table(first_line: str) -> Table | None:
    """Read a header line; None when it is none, or has no sensitive column."""
    match = HEADER.fullmatch(first_line)
    if match is None:
        return None
    separator = match.group(1)
    names = [first_line[start:end].strip("\ufeff") for start, end in _fields(first_line, separator)]
    columns = tuple((index, type_) for index, name in enumerate(names) if (type_ := meaning(name)) is not None)
    if not columns or any(TOKEN.fullmatch(name) for name in names):
        return None
    return Table(first_line, separator, len(names), columns)


def meaning(name: str) -> str | None:
    """Return the type of what a column of this name holds, None when it is nothing sensitive."""
    if NAME.fullmatch(name):
        return "PERSON"
    return "PHONE_NUMBER" if PHONE.fullmatch(name) else kind(name)


_SECRET: Final[dict[str, Kind]] = {"SECRET_PASSWORD": "SECRET_PASSWORD", "SECRET_TOKEN": "SECRET_TOKEN", "SESSION": "SESSION"}


def holds(type_: str, value: str) -> bool:
    """Say whether a field of a column of a type holds such a value, rather than nothing or a placeholder."""
    if type_ == "PERSON":
        return LETTERS.fullmatch(value) is not None and not plausible.PLACEHOLDER.fullmatch(value)
    if type_ == "PHONE_NUMBER":
        return sum(c.isdigit() for c in value) >= 6 and not TOKEN.fullmatch(value)
    if type_ == "SECRET_PASSWORD":
        return plausible.password(value, quoted=True)
    return (plausible.opaque if type_ == "SECRET_TOKEN" else plausible.session)(value, quoted=True)


def _fields(line: str, separator: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each field, without the blanks and double quotes around it (RFC 4180)."""
    start = 0
    while True:
        end = _field_end(line, separator, start)
        raw = line[start:end]
        left = start + len(raw) - len(raw.lstrip(' "'))
        yield left, max(left, start + len(raw.rstrip(' "')))
        if end >= len(line):
            return
        start = end + 1


def _field_end(line: str, separator: str, start: int) -> int:
    place = start
    while line[place : place + 1] == " ":
        place += 1
    if line[place : place + 1] == '"':
        place = line.find('"', place + 1)
        while place >= 0 and line[place + 1 : place + 2] == '"':
            place = line.find('"', place + 2)
        if place < 0:
            return len(line)
    end = line.find(separator, place)
    return end if end >= 0 else len(line)
