"""Lines into events: the file's own formats are learned from its beginning, and again when many lines stop fitting them."""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import Final

from faultmaven_events.consumers.process.lines import LongLine
from faultmaven_events.consumers.process.logs import fields, header, levels, stamps
from faultmaven_events.consumers.process.logs.event import KEPT, Event

CUT: Final = 65_536
"""Characters of a line that are looked at."""
SAMPLE: Final = 1_000
LAYOUTS: Final = 6
_RELEARN: Final = 60
_BLANKS: Final = 4
_TRACEBACK: Final = "Traceback (most recent call last)"
_PIPE = re.compile(r"(?P<name>[A-Za-z][\w./-]{0,60})\s*\| ?")
_ANSI = re.compile(r"\x1b\[[0-9;]{0,12}[A-Za-z]")
_BAD = re.compile(r"(?i)error|exception|fail|fatal|panic|abort|crash")
_ATTACHED: Final = levels.ATTACHED | {word.upper() for word in levels.ATTACHED}
_LEAD: Final = re.compile(rf"({levels.UPPER}): ?")
_CALL = re.compile(r"[\w./*()\[\]{}-]{1,200}\([^()]{0,400}\)\s*$")
_LEAP_BACK, _LEAP_AHEAD = 30 * 86_400.0, 400 * 86_400.0


class Reader:
    """Reads one file. After `events` is exhausted, the counters say what was met."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._layouts: list[header.Layout] = []
        self._json = self._logfmt = self._piped = False
        self._bodies = False
        self._misses: list[str] = []
        self._missed, self._patience = 0, _RELEARN
        self._last: float | None = None
        self._odd = 0
        self.zones: set[str] = set()
        self._clock = stamps.Clock(stamps.FORMS[0], now, self.zones)
        self.lines = 0
        self.cut = 0
        self.backwards = 0
        self.furthest_back = 0.0
        self.back: Event | None = None
        self.timed = 0

    @property
    def learned(self) -> tuple[str, ...]:
        """Names of what was learned: `json`, `logfmt`, the forms of the times."""
        texts = [layout.clock.form.name if layout.clock else "levels" for layout in self._layouts]
        return (*(["json"] if self._json else []), *(["logfmt"] if self._logfmt else []), *texts)

    def events(self, lines: Iterable[str]) -> Iterator[Event]:
        """Yield the events in the order of their first lines; blank lines belong to none."""
        source = iter(lines)
        head = list(islice(source, SAMPLE))
        self._learn([clean(line[:CUT]) for line in head[:: max(1, len(head) // 200)]])
        self._patience = _RELEARN if self.learned else 4 * _RELEARN
        pending: Event | None = None
        blanks: deque[str] = deque(maxlen=_BLANKS)
        for number, raw in enumerate(chain(head, source), 1):
            self.lines = number
            line = raw if len(raw) <= CUT and raw.isascii() and raw.isprintable() else self._cleaned(raw)
            if not line or line.isspace():
                blanks.append(raw)
                continue
            event = self._head(line, number, raw)
            if event is None:
                if pending is not None and self._continues(pending, line):
                    _append(pending, raw, number, blanks)
                    continue
                event = self._bare(line, number, raw)
            elif pending is not None and event.word in _ATTACHED and self._attaches(pending, event):
                continue
            else:
                self._watch(event)
            blanks.clear()
            if pending is not None:
                yield pending
            pending = event
        if pending is not None:
            yield pending

    def _cleaned(self, raw: str) -> str:
        self.cut += len(raw) > CUT
        return clean(raw[:CUT])

    def _learn(self, sample: Sequence[str]) -> None:
        full = [line for line in sample if line and not line.isspace()]
        self._piped = self._piped or sum(bool(_PIPE.match(line)) for line in full) > 0.5 * len(full)
        if self._piped:
            full = [inner for line in full if (inner := _PIPE.sub("", line, count=1))]
        self._json = self._json or any(fields.json_object(line) for line in full)
        rest = [line for line in full if line[0] != "{"] if self._json else full
        pairs = [line for line in rest if fields.logfmt(line)]
        if len(pairs) >= max(1, 0.3 * len(rest)):
            self._logfmt = True
            rest = [line for line in rest if not fields.logfmt(line)]
        while rest and len(self._layouts) < LAYOUTS:
            layout = header.learn(rest, self._now, self.zones)
            if layout is None:
                return
            fitting = [line for line in rest if layout.read(line)]
            if not fitting or (self._layouts and len(fitting) < 3):
                return
            self._layouts.append(layout)
            self._bodies = self._bodies or _headed(layout, fitting)
            rest = [line for line in rest if not layout.read(line) and not header.CONTINUES.match(line)]
            if len(rest) < 5:
                return

    def _head(self, line: str, number: int, raw: str) -> Event | None:
        """Read a line's header; a line that compose, kubectl or a supervisor put a name and a bar before is read without them."""
        if not self._piped:
            return self._own_head(line, number, raw)
        if pipe := _PIPE.match(line):
            event = self._own_head(line[pipe.end() :], number, raw)
            if event is not None:
                event.component = event.component or pipe["name"]
            return event
        return self._own_head(line, number, raw)

    def _own_head(self, line: str, number: int, raw: str) -> Event | None:
        if line[:1] == "{" and (found := fields.json_object(line)):
            return self._structured(found, number, raw)
        if self._logfmt and (found := fields.logfmt(line)):
            return self._structured(found, number, raw)
        for place, layout in enumerate(self._layouts):
            if (head := layout.read(line)) is not None:
                if place:
                    self._layouts.insert(0, self._layouts.pop(place))
                event = Event(number, *head, [raw])
                return self._nested(event) if event.text[:1] == "{" else event
        return None

    def _nested(self, event: Event) -> Event:
        """A JSON object behind a plain header (syslog, compose, kubectl): the object's fields win."""
        if not (found := fields.json_object(event.text)):
            return event
        inner = fields.read(found, self._clock)
        event.at = event.at if inner.at is None else inner.at
        event.level, event.word = inner.level or event.level, inner.word or event.word
        event.logger, event.component = inner.logger or event.logger, inner.component or event.component
        event.text, event.fields, event.trace = inner.text, inner.rest, inner.trace
        return event

    def _structured(self, found: fields.Fields, number: int, raw: str) -> Event:
        line = fields.read(found, self._clock)
        return Event(number, line.at, line.level, line.word, line.logger, line.component, line.pid, line.text, [raw], line.rest, line.trace)

    def _bare(self, line: str, number: int, raw: str) -> Event:
        """A line without header that continues nothing: what a process prints as it starts or dies."""
        pipe = _PIPE.match(line) if self._piped else None
        line = line[pipe.end() :] if pipe else line
        event = Event(number, self._last, None, None, None, pipe["name"] if pipe else None, None, line, [raw])
        if line.startswith(_TRACEBACK):
            event.level, event.word = "error", "traceback"
        if len(self._layouts) < LAYOUTS:
            self._misses.append(line)
            del self._misses[:-_RELEARN]
            self._missed += 1
        if self._missed >= self._patience:
            before = self.learned
            self._learn(self._misses)
            self._patience = self._patience * 4 if self.learned == before else _RELEARN
            self._misses, self._missed = [], 0
        return event

    def _continues(self, pending: Event, line: str) -> bool:
        if self._piped:
            line = _PIPE.sub("", line, count=1) or " "
        if self._bodies and (pending.below or not pending.text):
            _embody(pending, line)
            return True
        if line.startswith(_TRACEBACK):
            opens = pending.level in {"error", "critical", "warning"} or bool(_BAD.search(pending.text[:2000]))
            if opens:
                pending.trace = pending.trace or ""
                pending.attach("open", "yes")
            return opens
        if header.CONTINUES.match(line) or _dumped(pending, line):
            if pending.word == "traceback" and pending.attached and not line[0].isspace():
                pending.attached.pop("open", None)
            return True
        if pending.word == "traceback" or (pending.attached and "open" in pending.attached):
            if pending.attached:
                pending.attached.pop("open", None)
            return len(pending.lines) < 3 or pending.lines[-1][:1].isspace()
        return False

    def _attaches(self, pending: Event, event: Event) -> bool:
        if event.pid != pending.pid or event.fields is not None:
            return False
        pending.attach((event.word or "").lower(), event.text[:600])
        if len(pending.lines) < KEPT and event.line == pending.end + 1 and not (_long(event.lines[0]) or _long(pending.lines[0])):
            pending.lines.extend(event.lines)
        return True

    def _watch(self, event: Event) -> None:
        """Keep count of the clock: what goes backwards, and a time so far off that it can't be meant."""
        at, last = event.at, self._last
        if at is None:
            event.at = last
            return
        self.timed += 1
        if last is not None:
            if not last - _LEAP_BACK < at < last + _LEAP_AHEAD and self._odd < 5:
                self._odd += 1
                event.at = last
                return
            if at < last - 1:
                self.backwards += 1
                if last - at > self.furthest_back:
                    self.furthest_back, self.back = last - at, event
        self._odd = 0
        self._last = at


def _append(event: Event, raw: str, number: int, blanks: deque[str]) -> None:
    """Cite a further line of an event, and the blank ones before it; not one that is not kept whole, nor behind a gap."""
    if len(event.lines) < KEPT and number == event.end + 1 + len(blanks) and not (_long(raw) or _long(event.lines[0])):
        event.lines += [*blanks, raw]
    blanks.clear()


def _headed(layout: header.Layout, lines: Sequence[str]) -> bool:
    """Whether the messages stand in the lines below their headers."""
    empty = sum(1 for line in lines if (head := layout.read(line)) and not head[-1])
    return empty > 0.5 * len(lines)


def _embody(event: Event, line: str) -> None:
    """Take a line in that stands below a header without message."""
    if not event.below:
        event.below = True
        lead = _LEAD.match(line) if event.level is None else None
        event.word, event.level = (lead[1], levels.level_of(lead[1])) if lead else (event.word, event.level)
        event.text = line[lead.end() :] if lead else line.strip()


def _dumped(pending: Event, line: str) -> bool:
    """Whether a line is a call in Go's dump of a goroutine, or what a Rust thread panicked with."""
    last = pending.lines[-1]
    if last.startswith(("goroutine ", "\t")):
        return bool(_CALL.match(line))
    return len(pending.lines) == 1 and " panicked at " in pending.text[:400] and last.rstrip().endswith(":")


def _long(line: str) -> bool:
    """Whether a line is not kept whole, so that it can only be cited alone."""
    return isinstance(line, LongLine)


def clean(line: str) -> str:
    """Return a line as it is analysed: without CR, NUL, byte order mark and colours."""
    if not line.isascii():
        line = line.encode("utf-8", "replace").decode()
    if "\x1b" in line:
        line = _ANSI.sub("", line)
    if "\x00" in line:
        line = line.replace("\x00", "")
    return line.rstrip("\r\n").lstrip("\ufeff")
