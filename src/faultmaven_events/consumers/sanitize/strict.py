"""What a strict setting hides beside all else: names of hosts, internal addresses, MAC addresses, paths and values in URLs, accounts.

Each becomes a token that is the same all over a tenant, so that a report still tells components apart. What names no machine stays:
`localhost`, loopback addresses, netmasks, the ending of a name (`.internal`, `.com`), keys of a query. A name of one word is known by its
place only (a key such as `host`, a URL, a port, the head of a syslog line); elsewhere it is a word like any other.
"""

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

from faultmaven_events.consumers.sanitize import homes
from faultmaven_events.consumers.sanitize.addresses import V4, V6, addresses
from faultmaven_events.consumers.sanitize.finding import Finding
from faultmaven_events.consumers.sanitize.mail import deliverable
from faultmaven_events.consumers.sanitize.pseudonyms import TOKEN

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
FULL: Final = re.compile(rf"(?<![\w.@$\\-])(?P<host>(?:{_LABEL}\.){{1,9}}[A-Za-z][A-Za-z0-9-]{{0,61}})(?![\w(-]|\.\w)")
KEYED: Final = re.compile(
    r"(?<![A-Za-z])(?:host|node|server|instance|machine|computer|peer|upstream|broker|remote)(?:[_-]?name)?(?:\\{0,3}[\"'])?\s?[:=]\s?"
    rf"(?:\\{{0,3}}[\"'])?(?P<host>[A-Za-z]{_LABEL})(?=[\\\"',;:/\s)\]}}]|$)",
    re.IGNORECASE,
)
AUTHORITY: Final = re.compile(
    r"://(?:[^\s/@\"'<>?#]{1,400}@)?(?P<host>[A-Za-z][A-Za-z0-9-]{0,62})(?![^\s/@\"'<>?#]{0,400}@)(?=[:/\s\"'<>?#,;)]|$)"
)
PORTED: Final = re.compile(r"(?<![\w.:/@-])(?P<host>(?=[A-Za-z-]*[\d-])[A-Za-z][A-Za-z0-9-]{1,62})(?=:\d{2,5}(?![\d.]|:\d))")
SYSLOG: Final = re.compile(
    r"(?:<\d{1,3}>(?:\d )?)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.,]{8,18}(?:Z|[+-]\d\d:?\d\d)) "
    r"(?P<host>[A-Za-z][\w.-]{0,252}) (?=[\w./()-]{1,64}(?:\[\d{1,10}\])?: )"
)
READABLE: Final = frozenset(
    """
    localhost none null nil true false unknown default any all self http https info warn warning error debug trace fatal notice critical
    nginx apache kestrel cloudflare gunicorn uvicorn envoy istio-envoy caddy
    """.split()  # noqa: SIM905 # easier to read and change as prose
)
"""Words that stand where a host's name may stand."""
FILES: Final = frozenset(
    "py sh rs md pl so ps cc zip mov app java js ts go rb php c h cpp log txt json yaml yml conf cfg xml html css lock jar bin gz".split()  # noqa: SIM905 # as above
)
"""Endings of files that are top-level domains as well, or look like one."""
REVERSED: Final = re.compile(r"(?:com|org|net|io|dev|de|eu|uk|java|javax|jdk|sun|kotlin|scala)\.", re.IGNORECASE)
"""How packages of code begin."""

MAC: Final = re.compile(r"(?<![\w:-])[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?![\w:-])")
TARGET: Final = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s/\"'<>?#]{1,400}|\b(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) )"
    r"(?P<path>/[^\s\"'<>?#]*)?(?P<query>\?[^\s\"'<>#]*)?"
)
SEGMENT: Final = re.compile(r"[^/;,)\]}]+")
VALUE: Final = re.compile(r"=(?P<value>[^&;=,)\]}]+)")
SPECIAL: Final = re.compile(r"127\.|0\.0\.0\.0|255\.|::1?$")
"""Loopback, any, and netmasks: no machine's own."""


def findings(line: str) -> Iterator[Finding]:
    """Find what only a strict setting hides in a line."""
    # What a line must hold for a form to be in it is asked first: most lines do not.
    colons = line.count(":")
    yield from _hosts(line)
    if "://" in line or " /" in line:
        yield from _targets(line)
    for form in (*((V4,) if line.count(".") > 2 else ()), *((V6,) if colons > 6 or "::" in line else ())):
        for found in addresses(form, line):
            if not found.hidden and not SPECIAL.match(line[found.start : found.end]):
                yield found._replace(hidden=_machine(line[found.start : found.end]))
    for match in MAC.finditer(line) if colons > 4 or line.count("-") > 4 else ():
        yield Finding(match.start(), match.end(), "MAC_ADDRESS")
    for match in homes.HOME.finditer(line) if "sers" in line or "home" in line or "ocuments" in line else ():
        name = match.group(1).rstrip(".")
        if name.casefold() not in homes.READABLE and not TOKEN.match(name):
            yield Finding(match.start(1), match.start(1) + len(name), "USERNAME")


def _machine(value: str) -> bool:
    """Say whether an address may be one machine's: neither multicast nor reserved."""
    address = ip_address(value)
    return not (address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback)


def _hosts(line: str) -> Iterator[Finding]:
    for match in FULL.finditer(line):
        if _resolves(match.group("host")):
            yield Finding(match.start("host"), match.end("host"), "HOSTNAME")
    head = SYSLOG.match(line)
    for match in (
        *((head,) if head else ()),
        *KEYED.finditer(line),
        *(AUTHORITY.finditer(line) if "://" in line else ()),
        *PORTED.finditer(line),
    ):
        host = match.group("host")
        if host.casefold() not in READABLE and not TOKEN.match(host):
            yield Finding(match.start("host"), match.end("host"), "HOSTNAME")


def _resolves(name: str) -> bool:
    """Say whether a dotted name can be a host's rather than a file's or a package's."""
    first, _, ending = name.lower().rpartition(".")
    if (ending in FILES and "." not in first) or REVERSED.match(name):
        return False
    return any(c.isalpha() for c in first) and deliverable(name)


def _targets(line: str) -> Iterator[Finding]:
    """Find the segments of paths and the values of queries, each on its own: what two paths share stays visible."""
    for match in TARGET.finditer(line):
        for form, part, group, type_ in ((SEGMENT, "path", 0, "URL_PATH"), (VALUE, "query", 1, "URL_VALUE")):
            if match.group(part):
                for piece in form.finditer(line, match.start(part), match.end(part)):
                    if not TOKEN.search(piece.group(group)):
                        yield Finding(piece.start(group), piece.end(group), type_)
