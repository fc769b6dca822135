"""propose_setting: another value for a setting that stands in the evidence, as advice to a person. Nothing here writes configuration."""

import re
from typing import Any, Final

from faultmaven_events.consumers.reason.llm.advice import Proposal
from faultmaven_events.consumers.reason.llm.docket import Docket
from faultmaven_events.consumers.reason.llm.grounds import Grounds, tidy
from faultmaven_events.consumers.reason.llm.tools.registry import Refused

MOST: Final = 3
"""Proposals of one question."""
_GUARDED: Final = re.compile(
    r"auth|tls|ssl|cert|verif|passw|secret|token|key|acl|perm|priv|cors|csrf|firewall|user|role|group|admin|root|sudo|allow|deny|trust|insecure"
    r"|bind|listen|expose|public|crypt|cipher|sanit|audit|security|policy|exec|command|script|hook|debug|backup|fsync|durab|journal",
    re.IGNORECASE,
)
"""Settings that decide who may do what, or whether data survives: people change these without a model's advice."""
_CONFIG: Final = re.compile(r"\.(?:ya?ml|json|toml|ini|conf|cfg|cnf|properties|env|xml|tf|hcl|config)(?:#\d+)?$", re.IGNORECASE)
_READ: Final = 200_000
_HEAD: Final = 4000
_LINE: Final = 400
_LOOKED: Final = 20_000
"""Lines of one file that are looked at."""


def propose_setting(arguments: dict[str, Any], docket: Docket) -> Proposal:
    """Return the proposal.

    Raises:
        Refused: a setting that a model may not speak of, that the evidence does not hold, or a reason that says what it does not hold.
    """
    path = arguments["path"]
    if _GUARDED.search(path):
        raise Refused("settings of security and durability are for people")
    name = re.split(r"[./]", path)[-1] or path
    found = _line(docket, re.compile(rf"(?<![\w-]){re.escape(name)}[\"']?\s{{0,20}}(?:[:=]|\s)\s{{0,20}}\S", re.IGNORECASE))
    if found is None:
        raise Refused("no configuration line of the evidence sets this")
    file, number, line = found
    exhibit = docket.read(file, number)
    if exhibit is None or exhibit.suspect:
        raise Refused("the line that sets this tries to instruct its reader")
    if _dictated(docket, name, arguments["value"]):
        raise Refused("a line of the evidence names this value for it")
    reason = tidy(arguments["reason"])
    known = Grounds.of([line, arguments["value"], *(x.words for x in docket.exhibits.values() if not x.suspect)], [path])
    if known.lacks(reason):
        raise Refused("the reason names what the facts do not hold")
    return Proposal(path=path, value=arguments["value"].strip(), reason=reason, file=file, line=number, was=" ".join(line.split())[:_LINE])


def _dictated(docket: Docket, name: str, value: str) -> bool:
    """Whether a line that is no configuration holds both the setting and the value: who wrote it may want it to be set so."""
    bare, wanted = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE), value.strip().casefold()
    for file in docket.pages.names:
        key = docket.pages.id(file)
        if key is None or _CONFIG.search(file):
            continue
        for line in docket.pages.lines(key)[:_READ]:
            if wanted in line.casefold() and bare.search(line[:_HEAD]):
                return True
    return False


def _line(docket: Docket, pattern: re.Pattern[str]) -> tuple[str, int, str] | None:
    """The first line of a file of configuration that sets something."""
    for file in docket.pages.names:
        if not _CONFIG.search(file):
            continue
        key = docket.pages.id(file)
        for number, line in enumerate(docket.pages.lines(key)[:_LOOKED] if key else (), 1):
            if len(line) <= _LINE and pattern.search(line):
                return file, number, line
    return None
