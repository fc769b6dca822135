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
_JAVA = re.compile(
    r"\s+at (?P<name>[\w$.<>/@-]{1,200})\((?P<file>[\w$-]{1,100}\.\w{1,8}|Native Method|Unknown Source|<generated>)(?::\d+)?\)"
)
_NODE = re.compile(r"\s+at (?!\S{1,200}\.rs:)(?:(?:async |new )?(?P<name>[\w$.<>\[\] ]{1,120}) \()?(?P<file>[^():\s]{1,200}):\d+:\d+\)?")
_DOTNET = re.compile(r"\s+at (?P<name>[\w.`<>\[\],+ ]{1,200})\([^)]{0,200}\)(?: in (?P<file>[^:]{1,200}))?")
_GO = re.compile(r"(?P<name>[\w./*()-]{1,200})\([^)]{0,200}\)\s*\Z")
_GO_FILE = re.compile(r"\s+(?P<file>\S{1,200}\.go):\d+")
_RUBY = re.compile(r"\s*(?:from )?(?P<file>[^\s:]{1,200}\.rb):\d+:in [`'](?P<name>[^`']{1,120})'")
_PHP = re.compile(r"\s*#\d{1,4} (?P<file>[^(\s]{1,200})\(\d+\): (?P<name>[^(\s]{1,120})\(")
_RUST = re.compile(r"\s+at (?!/rustc/)(?P<file>[^\s:]{1,200}\.rs):\d+")
_CALL = re.compile(r"(?:\s*\d+: )?(?P<name>[\w./*<>:{}\[\]()-]{1,200}?)(?:\([^()]{0,200}\))?\s*\Z")
_TITLES = (
    re.compile(
        r"\s*(?:---> |\[cause\]: )(?P<type>[\w.]{1,200})(?: \([^()]{1,40}\))?: (?P<message>.{0,400})"
    ),  # .NET and Node: what was behind it
    re.compile(r"[^\s:]{1,200}\.rb:\d+:in [`'][^`']{1,120}': (?P<message>.{0,300}) \((?P<type>[A-Z][\w:]{1,120})\)\s*\Z"),
    re.compile(r"(?P<type>[A-Z][\w:]{1,120}(?:Error|Exception|NotFound|Invalid)) \((?P<message>.{0,300})\):\s*\Z"),
    re.compile(r"thread '[^']{0,80}'.{0,20} (?P<type>panicked) at (?:'(?P<message>.{0,300})', )?\S{1,200}?:?\s*\Z"),
    re.compile(r".{0,300}?\[object\] \((?P<type>[\w\\]{1,200})\(code: \w{1,20}\): (?P<message>.{0,300})"),
)
FRAMES = 3


@dataclass(frozen=True, slots=True)
class Stack:
    """An exception: its type, message and the innermost frames (`file:function`). `outer`: the type of the one that it was wrapped in."""

    type: str
    message: str
    frames: tuple[str, ...]
    outer: str | None = None


def read(first: str, lines: Sequence[str]) -> Stack | None:
    """Return the exception that the lines of an event show; `first` is its message without header. None without frames."""
    frames: list[str] = []
    python = False
    titles: list[tuple[int, re.Match[str]]] = []
    before = ""
    for place, line in enumerate((first, *lines)):
        text, last = line[:1_000].rstrip("\r"), before
        before = text
        if match := next((found for pattern in _TITLES if (found := pattern.match(text))), None):
            titles.append((place, match))
            continue
        for pattern in (_PYTHON, _JAVA, _NODE, _RUBY, _GO_FILE, _RUST, _PHP, _DOTNET):
            if match := pattern.match(text):
                python = python or pattern is _PYTHON
                groups = match.groupdict()
                if pattern in (_GO_FILE, _RUST) and (call := _CALL.match(last)):
                    groups["name"] = call["name"]
                frames.append(":".join(part for part in (_short(groups.get("file")), groups.get("name")) if part))
                break
        else:
            match = _INSIDE.search(text) if place == 0 else None
            match = match or _TYPE.match(text)
            if match and not text[:1].isspace() and not (titles and titles[-1][1]["type"] == "panicked") and _named(match):
                titles.append((place, match))
    if not frames or (python and not titles):
        return None
    # Python names the exception after its frames, the others before; a cause is printed first by Python, last by Java.
    chosen = titles[0][1] if python and titles[0][0] else titles[-1][1] if titles else None
    if chosen is None:
        return None
    message = chosen["message"] or ""
    if chosen["type"] == "panicked" and not message:  # Rust since 1.73: the message is the next line
        message = next(iter(lines[titles[-1][0] :]), "")
    inner = frames[::-1] if python else frames
    around = titles[-1][1] if python else titles[0][1]
    outer = around["type"][:200] if around["type"] != chosen["type"] else None
    return Stack(chosen["type"][:200], message[:300], tuple(inner[:FRAMES]), outer)


def _named(match: re.Match[str]) -> bool:
    name = match["type"].split(".")[-1]
    told = match.group().startswith(("panic:", "fatal error:", "Caused by:"))
    return told or bool(_THROWN.search(name)) or (name[:1].isupper() and match["message"] is not None)


def _short(file: str | None) -> str | None:
    return file.rsplit("/", 1)[-1].rsplit("\\", 1)[-1] if file else None
