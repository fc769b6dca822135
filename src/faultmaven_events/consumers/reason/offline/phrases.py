"""Pieces of sentences: a template filled, the telling part of a line, times and numbers as people write them."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from faultmaven_events.consumers.reason.offline.match import Sighting
from faultmaven_events.consumers.reason.offline.ruleset import words

_PART: Final = re.compile(r"\[\[((?:(?!\[\[|\]\]).)*)\]\]")
_HOLE: Final = re.compile(r"\{([a-z_]+(?:\.[a-z_]+)*)\}")
_HEAD: Final = re.compile(
    r"^(?:\S*\d{4}[-/]\d\d[-/]\d\d[T ][\d:.,]+(?:Z| ?[+-]\d\d:?\d\d| UTC)?\s*"
    r"|\d\d\.\d\d\.\d{4},? [\d:,.]+\s*|[A-Z][a-z]{2} +\d+ [\d:]+ \S+ |\d+:[A-Z] \d+ \w+ \d{4} [\d:.]+ [*#.-] )?"
    r"(?:\[[^\]]{0,60}\]\s*|<[\d.]+>\s*|(?:DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRITICAL|FATAL)\s+"
    r"|\| *(?:[A-Z]{4,8} *\| *)?(?:[\w.-]{1,40} \| )?|\S+@\S+/\S+ |\d+#\d+: |\*\d+ )*"
)
_REQUEST: Final = re.compile(r'\] "(?P<request>[A-Z]{3,7} [^\s"?]{1,100})[^"]{0,2000}" (?P<status>\d{3}) ')
"""The access log of a web server: query strings are left out."""
_PROXIED: Final = re.compile(
    r"\] \S+ (?P<backend>[\w.<>-]+/[\w.<>-]+) [\d/+-]+ (?P<status>-?\d+) \d+ \S+ \S+ (?P<flags>[\w-]{4}) "
    r'[^"]{0,200}(?:"(?P<request>[A-Z]{3,7} [^\s"?]{1,100}))?'
)
"""HAProxy's access log."""
_FRAMEWORK: Final = re.compile(
    r"^(?:\d+ --- \[[^\]]{0,40}\] \S+ +: |[IWEF]\d{4} [\d:.]+ +\d+ \S+\] "
    r"|(?:\] )?(?:DEBUG|INFO|WARN(?:ING)?|ERROR|CRITICAL) +[\w.-]+: )"
)
_CLIENT: Final = re.compile(r", client: [\w.<>:-]+, server: ?.*$")
"""Whom nginx answered: the request itself is told by its access log."""


def fill(template: str, values: Mapping[str, str]) -> str:
    """Fill holes; a part in double brackets goes when one of its values is not known, a lone hole becomes `?`."""

    def part(match: re.Match[str]) -> str:
        return match[1] if all(values.get(h) for h in _HOLE.findall(match[1])) else ""

    last = None
    while last != template:
        last, template = template, _PART.sub(part, template)
    text = _HOLE.sub(lambda m: values.get(m[1]) or "the affected one", template)
    return re.sub(r" {2,}", " ", text.replace("{{", "{").replace("}}", "}")).replace(" ,", ",").strip()


def message(line: str) -> str:
    """The telling part of a log line: its error text, without time, level, process and pseudonymous detail."""
    found = [next(g for g in m if g) for m in words("message").findall(line[:2000]) if any(m)]
    found = [text for text in found if len(text) > 9]
    if found:
        text = max(
            found,
            key=lambda t: (bool(re.search(r"error|fail|refus|denied|timeout|expired|exceed|cannot|exception", t, re.IGNORECASE)), len(t)),
        )
        text = text.encode().decode("unicode_escape", "replace") if "\\n" in text else text.replace('\\"', '"')
        lines = [part.strip(" ^") for part in text.split("\n") if part.strip(" ^")]
        return short(lines[-1] if lines else text, 190)
    return short(_told(line.strip()), 190)


def _told(line: str) -> str:
    """A line of a web server or a framework without what stands around its message."""
    request = _REQUEST.search(line)
    if request:
        return f"{request['request']} answered {request['status']}"
    proxied = _PROXIED.search(line)
    if proxied:
        flags = f", termination {proxied['flags']}" if proxied["flags"].strip("-") else ""
        return f"{proxied['request'] or 'request'} to {proxied['backend']} answered {proxied['status']}{flags}"
    text = _FRAMEWORK.sub("", _HEAD.sub("", line, count=1), count=1)
    return _CLIENT.sub("", text, count=1)


def short(text: str, limit: int) -> str:
    """The text on one line, cut at `limit` characters."""
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 3].rstrip() + "..."


def said(sighting: Sighting, limit: int = 190) -> str:
    """What a sighting tells: the sentence of its fact, else the telling part of its line."""
    return short(sighting.quote.rstrip("."), limit) if sighting.told else message(sighting.quote)


def clock(seconds: float | None) -> str:
    """Seconds since 1970 as `2026-11-20T05:26:42Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if seconds is not None else ""


def number(value: float) -> str:
    """A number as people write it."""
    if abs(value) >= 1_000_000:
        return f"{value / 1e6:.1f}M"
    return f"{value:.0f}" if abs(value) >= 10 else f"{value:.1f}".rstrip("0").rstrip(".")
