"""What is noticed from one event to the next: new versions, other start parameters, exceptions."""

from collections.abc import Iterator
from typing import Final

from faultmaven_events.consumers.process.logs import stack
from faultmaven_events.consumers.process.logs.event import Event
from faultmaven_events.consumers.process.logs.facts import Draft, clock_time, shortened
from faultmaven_events.consumers.process.logs.fields import Fields, pairs_of
from faultmaven_events.consumers.process.logs.ledger import Cite, occurrence
from faultmaven_events.consumers.process.logs.names import known
from faultmaven_events.consumers.process.logs.tally import Tally
from faultmaven_events.schemas.insight import Scalar

_VERSION: Final = frozenset(known("change", "version"))
_VOLATILE: Final = frozenset(known("change", "volatile")) | _VERSION
_STACKS: Final = 200
_SEEN: Final = 200
_SHOWN: Final = 30


class Watch:
    """Looks at every event; bounded in what it remembers."""

    def __init__(self, cite: Cite) -> None:
        self._cite = cite
        self._versions: dict[tuple[str | None, str], dict[str, None]] = {}
        self._starts: dict[tuple[str | None, str], dict[str, str]] = {}
        self._changes: list[Draft] = []
        self._stacks: dict[tuple[str, tuple[str, ...]], Draft] = {}

    def trace(self, event: Event) -> None:
        """Count the exception that an event shows, and let its message say which one."""
        found = stack.read(event.text, event.trace.split("\n")[:80] if event.trace else event.lines[1:])
        told = found and (f"{found.type}: {found.message}" if found.message else found.type)
        if found:
            self._count(found, event)
        if event.word == "traceback":
            event.text = told or event.text
        elif event.trace:
            last = next((line.strip() for line in reversed(event.trace.split("\n")) if line.strip()), "")
            event.text = f"{event.text}: {told or last[:300]}"

    def _count(self, found: stack.Stack, event: Event) -> None:
        key = found.type, found.frames
        draft = self._stacks.get(key)
        if draft is None:
            if len(self._stacks) >= _STACKS:
                return
            where = ", ".join(found.frames)
            draft = self._stacks[key] = Draft(
                kind="exception",
                text=f"{found.type}: {shortened(found.message, 250)} in {where}",
                at=event.at,
                citations=(self._cite(event),),
                count=0,
                level=event.level or "error",
                component=event.component,
                attributes={"type": found.type, "message": found.message or None, "frames": where, "outer": found.outer},
            )
        draft.count += 1
        draft.until = event.at

    def compare(self, event: Event, tally: Tally) -> None:
        """Notice a new value of a field that names a version, and what differs from the last time that a process started."""
        if not event.fields and not (tally.rules and "=" in event.text):
            return
        fields = event.fields or pairs_of(event.text[:4_000])
        for name in fields.keys() & _VERSION:
            self._version(event, name, fields[name])
        if any(rule.what == "starting" for rule in tally.rules):
            self._start(event, tally.text, fields)

    def _version(self, event: Event, name: str, value: object) -> None:
        key = event.component, name
        if key not in self._versions and len(self._versions) >= _SEEN:
            return
        seen = self._versions.setdefault(key, {})
        if not isinstance(value, str | int | float) or str(value) in seen or len(seen) >= 20:
            return
        if seen:
            self._change(event, name, next(reversed(seen)), str(value), "release")
        seen[str(value)] = None

    def _start(self, event: Event, text: str, fields: Fields) -> None:
        key = event.component, text
        if key not in self._starts and len(self._starts) >= _SEEN:
            return
        values = {
            name: str(value)[:200]
            for name, value in fields.items()
            if isinstance(value, str | int | float) and name.lower() not in _VOLATILE
        }
        before = self._starts.get(key, {})
        for name, value in values.items():
            if before.get(name, value) != value:
                self._change(event, name, before[name], value, "start parameter")
        self._starts[key] = values

    def _change(self, event: Event, name: str, old: str, new: str, what: str) -> None:
        if len(self._changes) >= _SHOWN:
            return
        one = occurrence(event, self._cite)
        who = f" of {event.component}" if event.component else ""
        attributes: dict[str, Scalar] = {"what": what, "field": name, "previous": old, "version": new}
        self._changes.append(
            Draft(
                kind="change",
                text=f"Change: {name}{who} {old} → {new} at {clock_time(event.at)}",
                at=event.at,
                citations=(one.citation,),
                component=event.component,
                attributes=attributes,
            )
        )

    def drafts(self) -> Iterator[Draft]:
        """Yield what was noticed."""
        yield from sorted(self._stacks.values(), key=lambda draft: draft.at or 0.0)[:_SHOWN]
        yield from self._changes
