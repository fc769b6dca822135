"""Files of sections: INI, systemd units, supervisord, my.cnf, pgbouncer.ini."""

import configparser
import re
from collections.abc import Iterator
from typing import Final

from faultmaven_events.consumers.process.config.entry import MOST_ENTRIES, Entry, Problem, Reading, joined, unquoted, within

_SECTION: Final = re.compile(r"^\s*\[([^\]]+)\]\s*$")
_PAIR: Final = re.compile(r"^\s*([^=:;#\s\[][^=:]{0,200}?)\s*[=:]\s?(.*)$")
_UNIT: Final = re.compile(r"^\[(Unit|Service|Install|Timer|Socket|Mount|Path|Slice|Automount|Swap)\]\s*$", re.MULTILINE)
MOST: Final = 5


def read_ini(text: str) -> Reading:
    """Read sections and pairs; lines that are neither, and keys set twice in a section, are reported."""
    entries, truncated = within(MOST_ENTRIES, _entries(text))
    unit = _UNIT.search(text[:20_000]) is not None
    problems = (*_problems(text), *(() if unit else _duplicates(text)))
    return Reading(entries, problems, truncated)


def _entries(text: str) -> Iterator[Entry]:
    section, last, held = "", "", ""
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _SECTION.match(line):
            section, last, held = header[1], "", ""
        elif not line.strip() or line.lstrip().startswith(("#", ";")):
            continue
        elif last and (line[:1].isspace() or held):  # a continued value
            yield Entry(last, unquoted(line.rstrip("\\")), number)
            held = line if line.endswith("\\") else ""
        elif pair := _PAIR.match(line):
            last, held = joined(section, pair[1].strip()), line if line.endswith("\\") else ""
            yield Entry(last, unquoted(pair[2].removesuffix("\\")), number)
        else:  # a bare key, as my.cnf has them
            last = joined(section, line.strip()[:200])
            yield Entry(last, "", number)


def _problems(text: str) -> Iterator[Problem]:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string(text)
    except configparser.MissingSectionHeaderError as error:
        yield Problem("ini-syntax", "A value stands before the first section header.", error.lineno, 1, fix="Put it below a [section].")
    except configparser.ParsingError as error:
        for place, _ in error.errors[:MOST]:
            yield Problem("ini-syntax", "This line is neither a section, nor a key with a value, nor a comment.", place, 1)
    except (configparser.Error, AttributeError):  # a continuation line after a key without a value trips the parser itself
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.lstrip().startswith("[") and "]" not in line:
            yield Problem("ini-syntax", "The section header is not closed.", number, len(line), fix="Add ].")


def _duplicates(text: str) -> Iterator[Problem]:
    """Keys set twice with different values; those that a program collects (they stand there three times or more) are left alone."""
    seen: dict[tuple[str, str], list[tuple[int, str]]] = {}
    section = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _SECTION.match(line):
            section = header[1]
        elif not line[:1].isspace() and not line.startswith(("#", ";")) and (pair := _PAIR.match(line[:2000])):
            key = pair[1].strip().lower().replace("-", "_")
            seen.setdefault((section, key), []).append((number, pair[2].strip()))
    found = 0
    for (section, key), places in seen.items():
        if (
            len(places) == 2
            and places[0][1] != places[1][1]
            and not key.startswith(("replicate", "binlog", "plugin", "!"))
            and found < MOST
        ):
            found += 1
            text = f"The key {joined(section, key)} is set twice, on line {places[0][0]} and on line {places[1][0]}; the last one counts."
            yield Problem("duplicate-key", text, places[1][0], 1, "medium", "Delete one of them.")
