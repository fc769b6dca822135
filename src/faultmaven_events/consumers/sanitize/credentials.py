"""Secrets that are known by what stands beside them: assignments, elements, flags, directives, sentences."""

import re
from collections.abc import Iterator
from typing import Final

from faultmaven_events.consumers.sanitize import plausible
from faultmaven_events.consumers.sanitize.finding import Finding
from faultmaven_events.consumers.sanitize.keys import Kind, kind

PLAUSIBLE: Final = {"SECRET_PASSWORD": plausible.password, "SECRET_TOKEN": plausible.opaque, "SESSION": plausible.session}

ASSIGNMENT: Final = re.compile(
    r"(?P<key>[^\W\d](?<![^\W_].)(?:[\w.-]|/(?=[wW]\b)){0,80})(?P<close>(?:\\{0,3}[\"'`]|[\])])*)\s{0,4}(?P<sep>:{0,3}=>?|\?="
    r"|:(?!:)|->|[\uff1a\uff1d])\s{0,4}"
)
FIRST_WORD: Final = re.compile(
    r"(?:secret|access|activation|auth\w{0,12}|api|private|account|licen[cs]e|encryption|signing|master|shared|client|service) $"
    r"|(?:mot de |parola d['\u2019]|kata |m\u1eadt |\u0643\u0644\u0645\u0629 )$",
    re.IGNORECASE,
)
"""What makes a secret of the word `key` behind it, or of `passe` and its like in other languages."""
SECOND_WORD: Final = frozenset(
    ("key", "passe", "ordine", "sandi", "kh\u1ea9u", "\u0627\u0644\u0645\u0631\u0648\u0631", "\u0627\u0644\u0633\u0631")
)
OPEN: Final = re.compile(r"(?:[bBrRfFuUN@$]{0,2})(\"\"\"|'''|\\{0,3}[\"'`])")
BARE: Final = re.compile(
    r"[^\s\"'`<>]{1,1000}?(?=[,;|)\]}]*(?:\\[nrt]|\s|$)|[\"'`<>]|[,;&/)|][ ]?[\"'-]{0,2}(?:[^\W\d][\w.-]{0,40})[\"']?[:=])"
)
COUNTED: Final = re.compile(r"\d+(?=$|\s*[,;]\s)")
LONG: Final = re.compile(r"[^\s\"'`<>]+")
QUERY: Final = re.compile(r"[^\s\"'`<>&;#]+")
REST: Final = re.compile(r"\S.*?(?=\s+#.*$|\s*$)")

FALLBACK: Final = re.compile(
    r"(?:getenv|environ|env|get|fetch)\w*\(.*,\s?b?(?P<q>[\"'])(?P<value>[^\"']+)(?P=q)\)|\s(?:or|\|\||\?\?"
    r"|\?:)\s(?P<r>[\"'])(?P<other>[^\"']+)(?P=r)"
)
"""A default in code: `os.environ.get("PASSWORD", "..."),` `ENV["PASSWORD"] || "..."`."""
FLAG: Final = re.compile(r"(?<![\w-])--?(?P<key>[A-Za-z][\w.-]{1,50})\s+(?:(?P<q>[\"'])(?P<quoted>[^\"']+)(?P=q)|(?P<value>[^\s\"'-]\S*))")
DIRECTIVE: Final = re.compile(
    r"^\s*(?:(?:ENV|ARG|env|SetEnv|setenv|set|option|fastcgi_param|SET)\s+)?(?P<key>[A-Za-z][\w-]{2,40})\s+[\"']?(?P<value>[^\s\"']+)[\"']?;?\s*$"
)
COMMUNITY: Final = re.compile(r"^\s*(?P<key>r[ow]community)6?\s+(?P<value>[^\s\"']+)")
PGPASS: Final = re.compile(r"^(?:[\w.-]+|\*|\[[^\]]+\]):(?:\d{2,5}|\*):[^:\s]+:[^:\s]+:(?P<value>[^:\s]+)\s*$")
"""libpq's password file: host, port, database, user, password."""
NETRC: Final = re.compile(r"\blogin\s+\S+\s+(?P<key>password)\s+(?P<value>\S+)")
SQL: Final = re.compile(r"\b(?:identified\s+(?:with\s+\w+\s+)?by|password)\s+(?P<q>'|\")(?P<value>(?:(?!(?P=q)).)+)(?P=q)", re.IGNORECASE)
_NOUN = r"\b(?:password|passphrase|passcode|passwort|pwd|pin)"
SENTENCE: Final = re.compile(
    _NOUN + r"(?:\s+(?:for|of|in|on)(?:\s+[\w@.-]{1,60}){1,5}?)?(?:\s+(?:is|was|ist|to)\s+|\s*(?:->|:)\s*)"
    r"(?:(?P<q>[\"'`])(?P<quoted>[^\"'`]{3,200})(?P=q)|(?P<value>[^\s\"'`]+))",
    re.IGNORECASE,
)
BESIDE: Final = re.compile(_NOUN + r"\s+[\"'`(]?(?P<value>[^\s\"'`()]{6,64})", re.IGNORECASE)
"""`use password x`: nothing between them, so that the value must look like one."""
COMMAND: Final = re.compile(
    r"\b(?:(?:curl|wget|http|https)\b[^|;]{0,300}?\s(?:-u|--user)[ =]?[\"']?[^\s:\"']+:|sshpass\s+-p\s?|(?:mysql|mysqldump"
    r"|mysqladmin|mariadb)\b[^|;]{0,300}?\s-p(?=\S)|"
    r"net\s+use\b[^|;]{0,300}?\s/user:\S+\s|sqlplus\s+(?:-\w+\s+)*[\w.]+/|jdbc:oracle:\w+:[^\s/]{1,80}/|openssl\b[^|;]{0,300}?\spass:|"
    r"redis-cli\b[^|;]{0,300}?\s-a\s|docker\s+login\b[^|;]{0,300}?\s-p\s|ldap\w+\b[^|;]{0,300}?\s-w\s)[\"']?(?P<value>(?:(?<=/)[^\s\"'@/]+(?=@)|(?<!/)[^\s\"']+))"
)
STRONG: Final = re.compile(r"[\d\W_]|[a-z][A-Z]")


def assignments(line: str) -> Iterator[Finding]:
    """Find secrets behind `key = value`, `"key": "value"`, `key: value` and what is like it in code and configuration."""
    done = 0
    for match in ASSIGNMENT.finditer(line):
        if match.start() < done:
            continue  # inside a value that is hidden already
        key = match.group("key")
        if key.lower() in SECOND_WORD and (first := FIRST_WORD.search(line, max(0, match.start() - 24), match.start())):
            key = first.group() + key
        type_ = kind(key)
        if type_ is not None and (found := _value(line, match, type_)) is not None:
            done = found.end
            yield found


def _value(line: str, match: re.Match[str], type_: Kind) -> Finding | None:
    place = match.end()
    opened = OPEN.match(line, place)
    if opened is not None:
        start = opened.end()
        end = _closing(line, opened.group(1), start)
    else:
        start, end = place, _bare_end(line, match, type_)
    if COUNTED.match(line, start, end) and match.group("key").lower().endswith("pass"):  # how many passes
        return None
    if opened is None and (fallback := FALLBACK.search(line, place, place + 200)):
        start, end = fallback.span("value" if fallback.group("value") else "other")
        return Finding(start, end, type_) if PLAUSIBLE[type_](line[start:end], quoted=True) else None
    if end <= start or not PLAUSIBLE[type_](line[start:end], quoted=opened is not None):
        return None
    if opened is None and match.group("sep") == ":" and match.end() > match.end("sep") and _sentence(line, end):
        return None
    return Finding(start, end, type_)


def _closing(line: str, quote: str, start: int) -> int:
    """Return where a quoted value ends: at the same quote, not escaped, or at the end of the line."""
    place = line.find(quote, start)
    while place > start and not quote.startswith("\\") and _escaped(line, place):
        place = line.find(quote, place + 1)
    return place if place >= 0 else len(line.rstrip())


def _escaped(line: str, place: int) -> bool:
    before = line[max(0, place - 64) : place]
    return (len(before) - len(before.rstrip("\\"))) % 2 == 1


def _bare_end(line: str, match: re.Match[str], type_: Kind) -> int:
    start, before = match.end(), line[max(0, match.start() - 200) : match.start()]
    if before[-1:] in {"?", "&"}:
        found = QUERY.match(line, start)
    elif type_ == "SECRET_PASSWORD" and before.strip(" \t-+") in {"", "export", "set", "ENV", "SET"} and not match.group("close"):
        found = REST.match(line, start)
        if found and _running(found.group()):
            found = _bare(line, start, type_)
    else:
        found = _bare(line, start, type_)
    return found.end() if found else start


def _running(value: str) -> bool:
    """Say whether what looks like a passphrase is running text: `password: must be longer`, `password: invalid length`."""
    words = value.lower().split()
    known = [word in plausible.STATUS for word in words]
    return sum(known) >= 2 or (len(words) == 2 and known[0])


def _bare(line: str, start: int, type_: Kind) -> re.Match[str] | None:
    found = BARE.match(line, start)
    if found is None and PLAUSIBLE[type_](line[start : start + 1000], quoted=False):
        found = LONG.match(line, start)
    return found


def _sentence(line: str, end: int) -> bool:
    """Say whether a plain word goes on as running text: `password: must be longer`."""
    following = line[end : end + 80].split(None, 2)
    return len(following) > 1 and following[0].lower() in plausible.STATUS


def _judged(match: re.Match[str], *, quoted: bool, group: str = "value") -> Iterator[Finding]:
    type_ = kind(match.group("key"))
    if type_ is not None and PLAUSIBLE[type_](match.group(group), quoted=quoted):
        yield Finding(match.start(group), match.end(group), type_)


def flags(line: str) -> Iterator[Finding]:
    """Find secrets on command lines: `--password x`, `curl -u user:x`, `mysql -px`."""
    for match in FLAG.finditer(line):
        yield from _judged(match, quoted=bool(match.group("q")), group="quoted" if match.group("q") else "value")
    for match in COMMAND.finditer(line):
        if plausible.password(match.group("value"), quoted=True):
            yield Finding(match.start("value"), match.end("value"), "SECRET_PASSWORD")


def directives(line: str) -> Iterator[Finding]:
    """Find secrets in lines of two words (`requirepass x`), in .netrc and in SQL."""
    for pattern in (DIRECTIVE, COMMUNITY, NETRC):
        for match in pattern.finditer(line):
            if pattern is not DIRECTIVE or STRONG.search(match.group("value")):
                yield from _judged(match, quoted=False)
    for match in SQL.finditer(line):
        if plausible.password(match.group("value"), quoted=False):
            yield Finding(match.start("value"), match.end("value"), "SECRET_PASSWORD")


def pgpass(line: str) -> Iterator[Finding]:
    """Find passwords in lines of libpq's password file."""
    match = PGPASS.match(line)
    if match is not None and plausible.guessed(match.group("value")):
        yield Finding(match.start("value"), match.end("value"), "SECRET_PASSWORD")


def sentences(line: str) -> Iterator[Finding]:
    """Find passwords in running text: `the password is x`."""
    for match in SENTENCE.finditer(line):
        group = "quoted" if match.group("q") else "value"
        value = match.group(group).rstrip(".,;!?)")
        if plausible.password(value, quoted=False) and (match.group("q") or STRONG.search(value)):
            yield Finding(match.start(group), match.start(group) + len(value), "SECRET_PASSWORD")
    for match in BESIDE.finditer(line):
        value = match.group("value").rstrip(".,;:!?")
        if plausible.guessed(value):
            yield Finding(match.start("value"), match.start("value") + len(value), "SECRET_PASSWORD")
