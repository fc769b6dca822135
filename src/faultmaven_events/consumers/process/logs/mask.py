"""Which parts of a message are variable, as one word tells by itself."""

import re
from typing import Final

from faultmaven_events.consumers.process.logs.names import known

WILDCARD: Final = "<*>"

_PLACEHOLDER = r"<[A-Z][A-Z_]{2,40}[^<>\s]{0,60}>|\[[A-Z][A-Z_]{2,40}[_:#-]\w{1,60}\]"
_URL = r"[a-z][a-z0-9+.-]{1,20}://[^\s\"'<>)\]},;]+"
_PATH = r"(?<![\w.)/])(?:[A-Za-z]:\\[^\s\"',;:()]+|(?:~|\.{1,2})?(?:/[\w.@%+~$#*-]+){2,}/?|(?:~|\.{1,2})/[\w.@%+~$#-]+)"
_MAIL = r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"
_TOP = "com|net|org|edu|gov|mil|info|biz|io|dev|local|localdomain|internal|lan|corp|cluster|svc|example|test"
_HOST = rf"(?<![\w.$])(?:(?:[a-z0-9_-]+\.)+(?:{_TOP})|(?:[a-z0-9_-]+\.){{2,}}[a-z]{{2}})(?![\w.(])"
_SIX = r"(?<![\w:])(?:[0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{0,4}(?![\w:])"
_RUN = r"(?:(?<![\w)\].])[-+/])?[\w$@%]+(?:[.\-/$@%+~][\w$@%]+)*"
_VARIABLE = re.compile(f"({_PLACEHOLDER}|{_URL}|{_MAIL}|{_PATH}|{_HOST}|{_SIX})|({_RUN})")
_DIGIT = re.compile(r"\d")
_TAIL = re.compile(r"([A-Za-z]{2,}[.#])\d+\Z")
_WORD = re.compile(r"[A-Za-z_]{2,}\d{1,2}[A-Za-z_]*\Z|[A-Za-z]{1,3}\d[A-Za-z_]{2,}\Z")
_HEX = re.compile(r"(?:[a-f]{8,}|[A-F]{8,})\Z")
_FLAG = re.compile(r"(?<=[:=(,{\[])(?:true|false|null|none|nil|undefined|nan|True|False|None|NULL|TRUE|FALSE)(?=[\])},;.]|\Z)")
_QUOTED = re.compile(r"([\[({<]*)([\"'`])[^\"'`]+\2([\])}>,;:.]*)\Z")
_DOTTED = re.compile(r"[\[({]*(?:[A-Za-z_$][\w$]*\.){2,}[A-Za-z_$][\w$]*[\])},;:]*\Z|[^/]*[.][^/]*/[^/]*[.].*\Z")
_THROWN = re.compile(r"(?:Error|Exception|Failure|Fault|Timeout|Interrupt|Warning)[\])},;:]*\Z")
_EMPTY: Final = frozenset({"()", "[]", "{}", '""', "''", "(),", "[],", '"",'})
_DATE_WORDS: Final = frozenset(
    ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
)
_WEEKDAYS: Final = frozenset(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])
_JOINED = re.compile(r"<\*>(?:[:./_@#%-]?<\*>)+")
_FLAGS: Final = frozenset(known("template", "flags"))
_PLAIN = re.compile(r"[A-Za-z][A-Za-z']*[.,:;!?)\]]?\Z")
_PAIR = re.compile(r"([\[({<\"']*[A-Za-z_@][\w.@/-]*=)(.+?)([\])}>,;\"']*)\Z")


def mask(token: str) -> str:
    """Return the word with its variable parts as `<*>`. A word whose only digit may be part of its name stays."""
    if _PLAIN.match(token):
        return token
    masked = _VARIABLE.sub(_one, token)
    masked = _FLAG.sub(WILDCARD, masked)
    return _JOINED.sub(WILDCARD, masked) if WILDCARD in masked else masked


def _one(match: re.Match[str]) -> str:
    if match.group(1) is not None:
        return WILDCARD
    run = match.group(2)
    if not _DIGIT.search(run) or _WORD.match(run):
        return WILDCARD if _HEX.match(run) else run
    tail = _TAIL.match(run)
    return tail.group(1) + WILDCARD if tail else WILDCARD


def shape(token: str) -> str:
    """Return the word as lines of one template have it in common, should they differ here: `<*>` where it may well be variable."""
    if "=" in token and (pair := _PAIR.match(token)):
        return f"{pair.group(1)}{WILDCARD}{pair.group(3)}"
    if _PLAIN.match(token):
        return WILDCARD if token in _FLAGS or token in _DATE_WORDS else token
    if token in _EMPTY:
        return token[0] + WILDCARD + token[1:]
    if quoted := _QUOTED.match(token):
        return f"{quoted.group(1)}{quoted.group(2)}{WILDCARD}{quoted.group(2)}{quoted.group(3)}"
    if _DIGIT.search(token) or (_DOTTED.match(token) and not _THROWN.search(token)):
        return WILDCARD
    return token


def fold(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return masked words with what spans several of them as one: a date in words, text in quotes, a list of values."""
    out: list[str] = []
    place = 0
    while place < len(words):
        word = words[place]
        if (
            word in _WEEKDAYS
            and place + 3 < len(words)
            and words[place + 1] in _DATE_WORDS
            and words[place + 2 : place + 4] == (WILDCARD, WILDCARD)
        ):
            zone = place + 5 < len(words) and words[place + 4].isupper() and words[place + 4] != WILDCARD
            place += 6 if zone and words[place + 5] == WILDCARD else 5 if words[place + 4 : place + 5] == (WILDCARD,) else 4
            out.append(WILDCARD)
            continue
        if out and word.strip(",;)") in _FLAGS and out[-1][-1] in ":=":
            word = joined(word, WILDCARD + word[-1]) if word[-1] in ",;)" else WILDCARD
        if word.count('"') % 2 and (end := _closing(words, place)):
            head, tail = word[: word.index('"') + 1], words[end][words[end].rindex('"') :]
            out.append(f"{head}{WILDCARD}{tail}")
            place = end + 1
            continue
        out.append(word)
        place += 1
    return tuple(_short_lists(out))


def _closing(words: tuple[str, ...], place: int) -> int:
    """Return the place of the word that closes the quote opened at `place`, 0 when none does soon."""
    for end in range(place + 1, min(len(words), place + 13)):
        if words[end].count('"') % 2:
            return end
    return 0


def _short_lists(words: list[str]) -> list[str]:
    out: list[str] = []
    run = 0
    for word in words:
        run = run + 1 if word == WILDCARD else 0
        if run == 5:
            del out[-3:]
        if run < 5:
            out.append(word)
    return out


def joined(left: str, right: str) -> str:
    """Return what two different words at the same place have in common: their key and brackets, the rest is variable."""
    pair, other = _PAIR.match(left), _PAIR.match(right)
    if pair and other and pair.group(1) == other.group(1):
        return f"{pair.group(1)}{WILDCARD}{pair.group(3) if pair.group(3) == other.group(3) else ''}"
    if left.startswith("=") or "=" in left:
        key, _, _ = left.partition("=")
        if key and right.startswith(key + "="):
            return f"{key}={WILDCARD}"
    head = left[0] if left[0] == right[0] and left[0] in "([{\"'<" and left[:3] != WILDCARD and right[:3] != WILDCARD else ""
    tail = left[-1] if left[-1] == right[-1] and left[-1] in ")]}\"',:;." else ""
    return f"{head}{WILDCARD}{tail}"
