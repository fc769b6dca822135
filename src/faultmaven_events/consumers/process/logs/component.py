"""Which component wrote a file: what the lines say, else what the file is called."""

import re
from collections import Counter
from typing import Final

from faultmaven_events.consumers.process.logs.names import known

_SUFFIXES: Final = known("file_name", "suffixes")
_SUFFIX = re.compile(rf"(?:[._-](?:{'|'.join(_SUFFIXES)})|[._-]?(?:\d{{6,14}}|\d{{4}}-\d\d-\d\d))\Z", re.IGNORECASE)
_GENERIC: Final = frozenset(known("file_name", "generic"))
_PROCESS = re.compile(
    r"(?i)\b(?:spawned|exited|killed|stopped|started|starting|restarting|stopping|gave up|reaped|respawned)\b[: ]{1,2}"
    r"(?:(?:the |program |process |service |container |worker |unit |daemon ){0,3}['\"](?P<a>[A-Za-z][\w.@-]{1,60})['\"]|"
    r"(?<=: )(?P<b>[A-Za-z][\w.@-]{1,60})(?= |$))"
)
_NO_NAMES: Final = frozenset(known("file_name", "no_component"))


def of_name(name: str) -> str | None:
    """Return the component that a file's name tells: `orders-api.log.1` → `orders-api`, `nginx-error.log` → `nginx`, `messages` → None."""
    stem = re.split(r"[\\/]", name)[-1]
    stem = re.sub(r"(?i)(?:\.(?:log|txt|json|jsonl|ndjson|out|err|gz|\d{1,8}))+\Z", "", stem)
    while (shorter := _SUFFIX.sub("", stem)) and shorter != stem:
        stem = shorter
    stem = stem.strip("._- ")
    return stem[:100] if stem and stem.lower() not in _GENERIC and not stem.isdigit() else None


def of_file(name: str, components: Counter[str], loggers: Counter[str], events: int) -> str | None:
    """Return the component of a file: named by nearly all lines that name one, else by the file's name, else the only logger."""
    stem = of_name(name)
    if components:
        top, count = components.most_common(1)[0]
        if count >= 0.8 * components.total() and components.total() >= 0.5 * events:
            return top
    if stem:
        return stem
    if len(loggers) == 1 and loggers.total() >= 0.9 * events:
        return next(iter(loggers))
    return None


def spoken_of(text: str) -> str | None:
    """Return the component that a change speaks of: the name that it begins with, or that stands in its first brackets."""
    match = re.match(r"\((?P<a>[\w.-]{2,60})\) |(?P<b>[A-Za-z][\w.]*(?:-[\w.]+)+|[A-Za-z][\w.-]{1,60}(?=:))", text)
    name = (match["a"] or match["b"]).rstrip(".") if match else None
    return name if name and name.lower() not in _NO_NAMES else None


def of_process(text: str) -> str | None:
    """Return the process that a supervisor's line speaks of: `exited: worker-1 (...)`, `spawned: 'web' with pid 7`."""
    match = _PROCESS.search(text)
    return (match["a"] or match["b"]).rstrip(".:") if match else None
