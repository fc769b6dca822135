"""Structured lines: JSON objects and logfmt. Which field says what is told by the names that are in use."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from pydantic_core import from_json

from faultmaven_events.consumers.process.logs import levels, stamps
from faultmaven_events.consumers.process.logs.names import known
from faultmaven_events.schemas.insight import Level

Fields = dict[str, Any]

TIME: Final = known("line", "time")
LEVEL: Final = known("line", "level")
MESSAGE: Final = known("line", "message")
COMPONENT: Final = known("line", "component")
LOGGER: Final = known("line", "logger")
PID: Final = known("line", "pid")
TRACE: Final = known("line", "trace")
TOLD: Final = re.compile(
    r"(?i)(?:err(?:or)?s?|exc(?:eption)?|reason|cause|failure|code|errno|step|phase|signal|"
    r"(?:err(?:or)?|exit|fail\w*|status)[._]?(?:msg|message|code|type|reason|class|kind|text|detail)|errorMessage|errorCode|detail|stderr)\Z"
)
"""Fields that tell what went wrong: they belong to the template."""

_PAIR = re.compile(r"""([A-Za-z_@][\w.@/-]{0,60})=("(?:[^"\\]|\\.){0,8000}"|[^\s"]{0,8000})(?=\s|$)""")
_AUDIT = re.compile(r"audit\((\d{10}\.\d{3}):\d+\):?")
"""What auditd writes for a time."""
_ESCAPE = re.compile(r"\\(.)")


@dataclass(slots=True)
class Structured:
    """A structured line, read. `rest` holds the fields that are no header."""

    at: float | None
    level: Level | None
    word: str | None
    logger: str | None
    component: str | None
    pid: str | None
    text: str
    trace: str | None
    rest: Fields


def json_object(line: str) -> Fields | None:
    """Return the object that a line is, nested objects flattened to dotted keys; None when it is none."""
    if not line.lstrip().startswith("{"):
        return None
    try:
        value = from_json(line)
    except ValueError:
        return None
    return _flat(value) if isinstance(value, dict) and value else None


def _flat(value: dict[str, Any], prefix: str = "", depth: int = 0) -> Fields:
    if not prefix and not any(isinstance(inner, dict) for inner in value.values()):
        return value
    flat: Fields = {}
    for key, inner in value.items():
        if isinstance(inner, dict) and depth < 3 and not any(part.startswith("$") for part in inner):
            flat |= _flat(inner, f"{prefix}{key}.", depth + 1)
        else:
            flat[f"{prefix}{key}"] = inner
        if len(flat) > 200:
            break
    return flat


def logfmt(line: str) -> Fields | None:
    """Return the fields of a line that is `key=value` from its first word on and holds at least three pairs; None when it is not."""
    first = _PAIR.match(line)
    if first is None:
        return None
    pairs = pairs_of(line)
    return pairs if len(pairs) >= 3 else None


def pairs_of(text: str) -> Fields:
    """Return every `key=value` in a text; quotes are taken off."""
    return {key: _ESCAPE.sub(r"\1", value[1:-1]) if value[:1] == '"' else value for key, value in _PAIR.findall(text)}


def read(fields: Fields, clock: stamps.Clock) -> Structured:
    """Tell header from parameters by the fields' names."""
    plan = _plan(tuple(fields))
    taken: set[str] = set()

    def first(keys: tuple[str, ...]) -> Any:
        for key in keys:
            if key not in taken and (value := fields[key]) is not None and value != "":
                taken.add(key)
                return value
        return None

    at = stamps.parse(first(plan.time), clock)
    if at is None and (audit := _AUDIT.match(str(fields.get("msg", ""))[:64])):
        at = float(audit[1])
        taken.add("msg")
    word = first(plan.level)
    if word is None and isinstance(fields.get("s"), str) and fields["s"] in levels.LETTERS:
        word = first(("s",))
    if word is None and "__REALTIME_TIMESTAMP" in fields:
        word = first(("PRIORITY",)) if "PRIORITY" in fields else None
    message, trace, component, logger, pid = (
        first(plan.message),
        first(plan.trace),
        first(plan.component),
        first(plan.logger),
        first(plan.pid),
    )
    rest = {key: value for key, value in fields.items() if key not in taken}
    told = [f"{key}={_short(value)}" for key in plan.told if key not in taken and (value := fields[key]) is not None and value != ""]
    lines = trace if isinstance(trace, str) and "\n" in trace else "\n".join(map(str, trace)) if isinstance(trace, list) else None
    if trace is not None and lines is None:
        rest["exception"] = trace
        told.append(f"exception={_short(trace)}")
    return Structured(
        at,
        levels.level_of(word),
        None if word is None else str(word),
        _word(logger),
        _word(component),
        _word(pid),
        _text(message, told, rest),
        lines,
        rest,
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which of a line's keys may play which part, best first."""

    time: tuple[str, ...]
    level: tuple[str, ...]
    message: tuple[str, ...]
    trace: tuple[str, ...]
    component: tuple[str, ...]
    logger: tuple[str, ...]
    pid: tuple[str, ...]
    told: tuple[str, ...]


@lru_cache(maxsize=2_000)
def _plan(keys: tuple[str, ...]) -> _Plan:
    names = {key.lower(): key for key in keys}

    def present(wanted: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(names[key] for key in wanted if key in names)

    told = tuple(key for key in keys if TOLD.match(key))
    return _Plan(present(TIME), present(LEVEL), present(MESSAGE), present(TRACE), present(COMPONENT), present(LOGGER), present(PID), told)


def _word(value: Any) -> str | None:
    return str(value)[:100] if isinstance(value, str | int) and not isinstance(value, bool) else None


def _text(message: Any, told: list[str], rest: Fields) -> str:
    """Return the message and, behind it, what the line tells of an error; without a message the fields themselves."""
    text = (
        message
        if isinstance(message, str)
        else ""
        if message is None
        else "\n".join(map(str, message))
        if isinstance(message, list)
        else str(message)
    )
    if not text and not told:
        told = [f"{key}={_short(value)}" for key, value in rest.items()][:20]
    return " ".join([text.rstrip("\n"), *told]).strip() if told else text.strip()


def _short(value: Any) -> str:
    return " ".join(str(value).split())[:600]
