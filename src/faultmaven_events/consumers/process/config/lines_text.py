"""Formats of one record a line with rules of their own: pg_hba.conf, sshd_config, logrotate."""

import re
from collections.abc import Iterator
from typing import Final

from faultmaven_events.consumers.process.config.entry import MOST_ENTRIES, Entry, Problem, Reading, joined, unquoted, within

_LINE_LIMIT: Final = 4_000
_HBA_TYPES: Final = frozenset({"local", "host", "hostssl", "hostnossl", "hostgssenc", "hostnogssenc"})
_HBA_METHODS: Final = re.compile(r"^(trust|reject|scram-sha-256|md5|password|gss|sspi|ident|peer|ldap|radius|cert|pam|bsd|oauth|<.*)$")
_MASK: Final = re.compile(r"^\d+\.\d+\.\d+\.\d+$")


def read_hba(text: str) -> Reading:
    """Read the records of pg_hba.conf; the path is the type, the value what follows. Methods and the number of fields are checked."""
    problems: list[Problem] = []
    entries, truncated = within(MOST_ENTRIES, _hba(text, problems))
    return Reading(entries, tuple(problems[:20]), truncated)


def _hba(text: str, problems: list[Problem]) -> Iterator[Entry]:
    for number, raw in enumerate(text.split("\n"), start=1):
        words = re.sub(r"(^|\s)#.*$", "", raw[:_LINE_LIMIT]).split()
        if not words or words[0].startswith("@") or words[0] in {"include", "include_if_exists", "include_dir"}:
            continue
        if words[0] not in _HBA_TYPES:
            problems.append(Problem("hba-syntax", "This record does not begin with local, host, hostssl or hostnossl.", number, 1))
            continue
        place = 3 if words[0] == "local" else 5 if len(words) > 5 and _MASK.match(words[4]) else 4
        if len(words) <= place:
            problems.append(Problem("hba-syntax", f"This record has {len(words)} fields; {words[0]} needs {place + 1}.", number, 1))
        elif not _HBA_METHODS.match(words[place]):
            column = raw.find(words[place]) + 1
            problems.append(
                Problem("hba-syntax", f"{words[place][:40]} is no method of authentication; the syntax is not valid.", number, column)
            )
        yield Entry(words[0], " ".join(words[1:]), number)


def read_sshd(text: str) -> Reading:
    """Read keywords; those below a `Match` have it as part of their path."""
    entries, truncated = within(MOST_ENTRIES, _sshd(text))
    return Reading(entries, (), truncated)


def _sshd(text: str) -> Iterator[Entry]:
    match = ""
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw[:_LINE_LIMIT].strip()
        if not line or line.startswith("#"):
            continue
        key, _, value = re.sub(r"\s*=\s*|\s+", " ", line, count=1).partition(" ")
        if key.lower() == "match":
            match = "Match " + value.replace(".", "·")
        else:
            yield Entry(joined(match, key), unquoted(value), number)


_SCRIPTS: Final = frozenset({"prerotate", "postrotate", "firstaction", "lastaction", "preremove"})


def read_logrotate(text: str) -> Reading:
    """Read the directives of each block; its first pattern is part of the path, a script one value."""
    problems: list[Problem] = []
    entries, truncated = within(MOST_ENTRIES, _logrotate(text, problems))
    return Reading(entries, tuple(problems[:10]), truncated)


def _logrotate(text: str, problems: list[Problem]) -> Iterator[Entry]:  # noqa: C901 - one case per kind of line
    block, opened, script, begun = "", 0, "", 0
    for number, raw in enumerate(text.split("\n"), start=1):
        line = raw[:_LINE_LIMIT].strip()
        if script:
            script = "" if line == "endscript" else script
            continue
        if not line or line.startswith("#"):
            continue
        key, _, value = re.sub(r"\s*=\s*|\s+", " ", line, count=1).partition(" ")
        if line.endswith("{"):
            if opened:
                problems.append(Problem("logrotate-syntax", f"The block of line {opened} is not closed.", number, len(line)))
            block, opened = (line[:-1].split() or [block])[0].strip('"').replace(".", "·"), number
        elif line == "}":
            if not opened:
                problems.append(Problem("logrotate-syntax", "This closing brace has no opening one.", number, 1))
            block, opened = "", 0
        elif key in _SCRIPTS:
            script, begun = key, number
            yield Entry(joined(block, key), "script", number)
        elif line.startswith(("/", '"', "~")) and not opened:
            block = line.split()[0].strip('"').replace(".", "·")
        else:
            yield Entry(joined(block, key), value, number)
    if script:
        problems.append(Problem("logrotate-syntax", f"The script {script} has no endscript.", begun, 1, fix="Add endscript."))
    elif opened:
        problems.append(Problem("logrotate-syntax", "This block is not closed.", opened, None, fix="Add a closing brace."))
