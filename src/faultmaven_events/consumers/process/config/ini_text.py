"""Files of sections: INI, systemd units, supervisord, my.cnf, pgbouncer.ini."""

import configparser
import re
from collections.abc import Iterator

from faultmaven_events.consumers.process.config.entry import MOST_ENTRIES, Entry, Problem, Reading, joined, unquoted, within

_SECTION = re.compile(r"^\s*\[([^\]]+)\]\s*$")
_PAIR = re.compile(r"^\s*([^=:;#\s\[][^=:]{0,200}?)\s*[=:]\s?(.*)$")


def read_ini(text: str) -> Reading:
    """Read sections and pairs; lines that are neither are reported."""
    entries, truncated = within(MOST_ENTRIES, _entries(text))
    return Reading(entries, tuple(_problems(text)), truncated)


def _entries(text: str) -> Iterator[Entry]:
    section, last = "", ""
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _SECTION.match(line):
            section, last = header[1], ""
        elif not line.strip() or line.lstrip().startswith(("#", ";")):
            continue
        elif last and line[:1].isspace():  # a continued value
            yield Entry(last, unquoted(line), number)
        elif pair := _PAIR.match(line):
            last = joined(section, pair[1].strip())
            yield Entry(last, unquoted(pair[2]), number)
        else:  # a bare key, as my.cnf has them
            last = joined(section, line.strip()[:200])
            yield Entry(last, "", number)


def _problems(text: str) -> Iterator[Problem]:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string(text)
    except configparser.MissingSectionHeaderError as error:
        yield Problem("ini-syntax", "A value stands before the first section header.", error.lineno)
    except configparser.ParsingError as error:
        for place, _ in error.errors[:5]:
            yield Problem("ini-syntax", "This line is neither a section, nor a key with a value, nor a comment.", place)
    except (configparser.Error, AttributeError):  # a continuation line after a key without a value trips the parser itself
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.lstrip().startswith("[") and "]" not in line:
            yield Problem("ini-syntax", "The section header is not closed.", number, len(line))
