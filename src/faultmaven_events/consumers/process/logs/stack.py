"""Stack traces: which exception, thrown where."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_TYPE = re.compile(
    r"(?:Caused by: |Exception in thread \"[^\"]{0,80}\" |Uncaught |Unhandled [\w ]{0,20}: ?|panic: |fatal error: )?"
    r"(?P<type>(?:[A-Za-z_$][\w$]{0,80}[.:]{1,2}){0,12}[A-Za-z_]\w{0,80})(?:: (?P<message>.{0,400}))?\s*\Z"
)
_INSIDE = re.compile(r"(?P<type>[A-Za-z_][\w.$]{0,200}(?:Error|Exception|Fault)): (?P<message>.{0,400})")
_THROWN = re.compile(r"(?:Error|Exception|Fault|Interrupt|Exit|Warning|Failure|Timeout|Throwable)\w{0,20}\Z")
_PYTHON = re.compile(r'\s+File "(?P<file>[^"]{1,300})", line \d+(?:, in (?P<name>\S{1,120}))?')
_JAVA = re.compile(r"\s+at (?P<name>[\w$.<>/@-]{1,200})\((?P<file>[^():]{0,120})(?::\d+)?\)")
_NODE = re.compile(r"\s+at (?:(?:async |new )?(?P<name>[\w$.<>\[\] ]{1,120}) \()?(?P<file>[^():\s]{1,200}):\d+:\d+\)?")
_DOTNET = re.compile(r"\s+at (?P<name>[\w.`<>\[\],+ ]{1,200})\([^)]{0,200}\)(?: in (?P<file>[^:]{1,200}))?")
_GO = re.compile(r"(?P<name>[\w./*()-]{1,200})\([^)]{0,200}\)\s*\Z")
_GO_FILE = re.compile(r"\s+(?P<file>\S{1,200}\.go):\d+")
_RUBY = re.compile(r"\s*(?:from )?(?P<file>[^\s:]{1,200}\.rb):\d+:in [`'](?P<name>[^`']{1,120})'")
FRAMES = 3


@dataclass(frozen=True, slots=True)
class Stack:
    """An exception: its type, message and the innermost frames (`file:function`)."""

    type: str
    message: str
    frames: tuple[str, ...]


def read(first: str, lines: Sequence[str]) -> Stack | None:
    """Return the exception that the lines of an event show; `first` is its message without header. None without frames."""
    frames: list[str] = []
    python = False
    titles: list[tuple[int, re.Match[str]]] = []
    for place, line in enumerate((first, *lines)):
        text = line[:1_000].rstrip("\r")
        for pattern in (_PYTHON, _JAVA, _NODE, _RUBY, _GO_FILE, _DOTNET):
            if match := pattern.match(text):
                python = python or pattern is _PYTHON
                groups = match.groupdict()
                frames.append(":".join(part for part in (_short(groups.get("file")), groups.get("name")) if part))
                break
        else:
            match = _INSIDE.search(text) if place == 0 else None
            match = match or _TYPE.match(text)
            if match and not text[:1].isspace() and _named(match):
                titles.append((place, match))
    if not frames or (python and not titles):
        return None
    # Python names the exception after its frames, the others before; a cause is printed first by Python, last by Java.
    chosen = titles[0][1] if python and titles[0][0] else titles[-1][1] if titles else None
    if chosen is None:
        return None
    inner = frames[::-1] if python else frames
    return Stack(chosen["type"][:200], (chosen["message"] or "")[:300], tuple(inner[:FRAMES]))


def _named(match: re.Match[str]) -> bool:
    name = match["type"].split(".")[-1]
    told = match.group().startswith(("panic:", "fatal error:", "Caused by:"))
    return told or bool(_THROWN.search(name)) or (name[:1].isupper() and match["message"] is not None)


def _short(file: str | None) -> str | None:
    return file.rsplit("/", 1)[-1].rsplit("\\", 1)[-1] if file else None
