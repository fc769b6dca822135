"""Output that a tool wrapped: one or several lines of JSON which say what was called, then what it printed.

Agents, bots and runners keep the answers of their tools so. The lines in front say nothing of the incident except whom the call was about
and how it ended; what follows is read as if it stood alone, with its line numbers.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from faultmaven_events.consumers.process.commands.kubernetes.naming import workload
from faultmaven_events.consumers.process.commands.readers import LOGS

LOOK: Final = 1 << 17
"""Bytes in which the wrapping and the beginning of what is wrapped must lie."""
_MOST_LINES: Final = 4
_CALL: Final = re.compile(
    r"tool|function|command|cmd|invocation|argv|arguments|param|args$|input$|return_?code|exit_?(?:code|status)", re.IGNORECASE
)
_LAST: Final = re.compile(r"(?:return|exit)_?(?:code|status)", re.IGNORECASE)
_NAMES: Final = (
    "pod_name",
    "pod",
    "container_name",
    "container",
    "service_name",
    "service",
    "deployment",
    "job_name",
    "job",
    "app_name",
    "app",
    "name",
)
_LINE: Final = re.compile(r"@?time(?:stamp)?|ts|level|severity|msg", re.IGNORECASE)
"""Keys of a line of a log: such a line is evidence itself."""
_LOGGING: Final = re.compile(r"(?:^|[^a-z])logs?(?:[^a-z]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Envelope:
    """The first `lines` lines of a file wrap the rest. `about` is the resource that the call names, `error` how it failed."""

    lines: int
    command: str = ""
    about: str | None = None
    logs: bool = False
    error: str = ""
    failed: bool = False
    head: tuple[str, ...] = ()


def envelope(text: str) -> Envelope | None:
    """Read the wrapping off the beginning of a text; None where there is none. Never raises.

    A file of JSON lines is no envelope: what follows must not be a call itself.
    """
    calls: list[Mapping[str, Any]] = []
    lines = text.split("\n")
    for line in lines[:_MOST_LINES]:
        call = _call(line)
        if call is None:
            break
        calls.append(call)
    number = len(calls)
    rest = next((line for line in lines[number:] if line.strip()), "")
    if not calls or number == _MOST_LINES or _object(rest).keys() == calls[-1].keys():
        return None
    if not rest and len({tuple(call) for call in calls}) < 2:
        return None
    if number < len(lines) and lines[number].strip() in {"stdout:", "output:"}:
        number += 1
    if not rest and not any(_LAST.search(key) for call in calls for key in call):
        return None
    command = _command(calls)
    said = f"{command} {' '.join(str(v) for call in calls for k, v in call.items() if 'tool' in k.lower() or 'function' in k.lower())}"
    return Envelope(
        lines=number,
        command=command,
        about=_about(calls, command),
        logs=bool(LOGS.match(command) or _LOGGING.search(said.replace("_", " "))),
        error=next((str(call["error"]) for call in calls if call.get("error")), ""),
        failed=any(_failed(key, value) for call in calls for key, value in call.items()),
        head=tuple(lines[:number]),
    )


def unwrapped(data: bytes | Iterable[bytes]) -> tuple[bytes | Iterable[bytes], Envelope | None, bytes]:
    """Return the data with the lines of its wrapping made empty, the wrapping, and the beginning of what it holds."""
    if isinstance(data, bytes):
        first, rest = data[:LOOK], data[LOOK:]
        opened = _opened(first)
        return (data, None, b"") if opened is None else (opened[1] + rest, opened[0], opened[1][:LOOK])
    pieces = iter(data)
    start = b""
    for piece in pieces:
        start += piece
        if len(start) >= LOOK or start[:1] != b"{":
            break
    opened = _opened(start[:LOOK])
    if opened is None:
        return _joined(start, pieces), None, b""
    return _joined(opened[1] + start[LOOK:], pieces), opened[0], opened[1]


def _joined(start: bytes, pieces: Iterator[bytes]) -> Iterable[bytes]:
    return chain((start,), pieces)


def _opened(first: bytes) -> tuple[Envelope, bytes] | None:
    if first[:1] != b"{":
        return None
    found = envelope(first.decode("utf-8", "replace"))
    return (found, b"\n" * found.lines + first.split(b"\n", found.lines)[-1]) if found else None


def _object(line: str) -> dict[str, Any]:
    """The object that a line is; an empty one where it is none."""
    if line.lstrip()[:1] != "{":
        return {}
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _call(line: str) -> Mapping[str, Any] | None:
    """The object of a line that speaks of a call: two of its keys are those of one."""
    if line[:1] != "{":
        return None
    found = _object(line)
    if any(_LINE.fullmatch(key) for key in found):
        return None
    return found if sum(bool(_CALL.search(key)) for key in found) >= 2 else None


def _command(calls: Iterable[Mapping[str, Any]]) -> str:
    """What was run: the text of a key that says so."""
    for call in calls:
        for key, value in call.items():
            if re.fullmatch(r"command|cmd|invocation|argv|command_?line", key, re.IGNORECASE) and value:
                return " ".join(map(str, value))[:400] if isinstance(value, list) else str(value)[:400]
    return ""


def _failed(key: str, value: object) -> bool:
    if _LAST.search(key):
        return isinstance(value, int) and value != 0
    return (key.lower() == "error" and bool(value)) or (key.lower() == "status" and str(value).lower() in {"error", "failed", "failure"})


def _about(calls: Iterable[Mapping[str, Any]], command: str) -> str | None:
    """The workload whose output it is: named by a parameter, else by the command."""
    flat = [pair for call in calls for pair in _pairs(call, 2)]
    for name in _NAMES:
        found = next((value for key, value in flat if key.lower() == name and re.fullmatch(r"[\w.-]{2,200}", value)), None)
        if found:
            return workload(found)
    return _of(command)


def _of(command: str) -> str | None:
    """Whose log a command asks for: the first word after `logs` that is no option and no value of one."""
    words = command.split()
    asked = next((at for at, word in enumerate(words) if word in {"log", "logs"}), len(words))
    value = False
    for word in words[asked + 1 :]:
        if word.startswith("-"):
            value = word in {"-n", "--namespace", "-c", "--container", "--tail", "--since", "-l"}
        elif not value:
            return workload(word) if re.fullmatch(r"[\w./-]{3,200}", word) else None
        else:
            value = False
    return None


def _pairs(call: Mapping[str, Any], depth: int) -> Iterator[tuple[str, str]]:
    for key, value in call.items():
        if isinstance(value, str):
            yield key, value
        elif isinstance(value, dict) and depth:
            yield from _pairs(value, depth - 1)
