"""What kind of edit a changed value is: a limit lowered, an address changed, a key renamed."""

import re
from typing import Final

_NUMBER: Final = re.compile(r"^[\"']?(?P<n>-?\d+(?:\.\d+)?)\s*(?P<unit>[a-zA-Z%/]*)[\"']?$")
_ADDRESS: Final = re.compile(r"(?:[\w.<>-]+:\d{2,5}\b|\b\d{1,3}(?:\.\d{1,3}){3}\b|<IP_\w+>|https?://)")
_UNITS: Final = {
    "": 1.0,
    "b": 1.0,
    "k": 1024.0,
    "kb": 1024.0,
    "ki": 1024.0,
    "m": 1024.0**2,
    "mb": 1024.0**2,
    "mi": 1024.0**2,
    "g": 1024.0**3,
    "gb": 1024.0**3,
    "gi": 1024.0**3,
    "ms": 0.001,
    "s": 1.0,
    "sec": 1.0,
    "min": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "%": 1.0,
    "us": 1e-6,
}
_ON: Final = frozenset({"true", "on", "yes", "enabled", "enable", "1"})
_OFF: Final = frozenset({"false", "off", "no", "disabled", "disable", "0", "none"})
_TIME: Final = re.compile(
    r"timeout|deadline|interval|\bttl\b|expir|max_?age|wait|keepalive|heartbeat|inter\b|grace|delay|backoff|lease", re.IGNORECASE
)
_LIMIT: Final = re.compile(
    r"max|limit|pool|worker|thread|connection|memory|size|quota|nofile|prefetch|burst|rate|request|concurren|backlog|capacity|shared_buffers|work_mem|retention|count|replica|cpu|heap|space|free|watermark|slots",
    re.IGNORECASE,
)
_SECRET: Final = re.compile(r"pass(?:word|wd)?|secret|token|credential|api_?key|auth|private_?key|signing|hmac", re.IGNORECASE)
_NAME: Final = re.compile(
    r"queue|topic|exchange|vhost|database|\bdb\b|schema|bucket|table|index|stream|channel|routing|binding|user\b|role\b|namespace|region|env\b",
    re.IGNORECASE,
)
_PLACE: Final = re.compile(
    r"host|port|addr|url|uri|endpoint|server|upstream|dsn|listen|bind|proxy_pass|broker|nameserver|resolver", re.IGNORECASE
)
_POLICY: Final = re.compile(r"policy|mode|strategy|algorithm|balance|isolation|level|acks?|durab|eviction|sync", re.IGNORECASE)
_CHECK: Final = re.compile(r"httpchk|health|check|probe", re.IGNORECASE)


def amount(text: str | None) -> float | None:
    """Read a number with an optional unit of size or time; sizes come in bytes, times in seconds."""
    found = _NUMBER.match((text or "").strip())
    unit = _UNITS.get(found["unit"].lower()) if found else None
    return float(found["n"]) * unit if found and unit else None


def directives(block: str) -> list[tuple[str, str]]:
    """Names and values of a block that is written on one line: `/ { proxy_read_timeout 1s; }`."""
    parts = (part.strip() for part in re.split(r"[;{}]", block) if "{" in block)
    return [(name, value.strip()) for name, _, value in (part.partition(" ") for part in parts) if name and not name.startswith("/")]


def narrowed(path: str, old: str | None, new: str | None) -> tuple[str, str | None, str | None]:
    """Of two blocks on one line that differ in one directive: that directive, with its old and its new value or None."""
    before, after = directives(old or ""), directives(new or "")
    gone, came = [d for d in before if d not in after], [d for d in after if d not in before]
    if not (before and after) or len(gone) > 1 or len(came) > 1 or not (gone or came) or (gone and came and gone[0][0] != came[0][0]):
        return path, old, new
    return f"{path} {(gone or came)[0][0]}", gone[0][1] if gone else None, came[0][1] if came else None


def _narrowed(path: str, old: str | None, new: str | None) -> tuple[str, str | None, str | None]:
    """Of two values of several words that differ in one: that word, named by the word before it (`maxconn 200`, `maxconn 1`)."""
    before, after = (old or "").split(), (new or "").split()
    differ = [i for i, (one, other) in enumerate(zip(before, after, strict=False)) if one != other]
    if len(before) != len(after) or len(before) < 2 or len(differ) != 1 or not differ[0]:
        return path, old, new
    place = differ[0]
    return f"{path} {before[place - 1]}", before[place], after[place]


def aspects(path: str, old: str | None, new: str | None) -> frozenset[str]:
    """Say what kind of edit it is. More than one may hold."""
    path, old, new = _narrowed(path, old, new)
    found: set[str] = set()
    if old is None:
        found.add("added")
    if new is None:
        found.add("removed")
    values = f"{old or ''} {new or ''}"
    key = re.split(r"[.\s]", path.strip())[-1]
    place = key if amount(old) is None or re.search(r"port", key, re.IGNORECASE) else ""
    for name, pattern, text in (
        ("credential", _SECRET, key),
        ("address", _PLACE, place),
        ("address", _ADDRESS, values),
        ("name", _NAME, key),
        ("policy", _POLICY, key),
        ("health_check", _CHECK, path),
    ):
        if pattern.search(text):
            found.add(name)
    if old and new and (old.lower().strip("\"'") in _ON) != (new.lower().strip("\"'") in _ON) and {old.lower(), new.lower()} & (_ON | _OFF):
        found.add("toggle")
    if values.count("/") and re.search(r"(?:^|\s)/[\w./-]*", values):
        found.add("path")
    found |= _sizes(path, amount(old), amount(new))
    return frozenset(found)


def _sizes(path: str, old: float | None, new: float | None) -> set[str]:
    if old is None or new is None or old == new:
        return set()
    found = {"number"}
    way = "lowered" if new < old else "raised"
    if _TIME.search(path):
        found.add(f"timeout_{way}")
    if _LIMIT.search(path):
        found.add(f"limit_{way}")
    if old and new and max(old / new, new / old) >= 10:
        found.add("factor")
    return found
