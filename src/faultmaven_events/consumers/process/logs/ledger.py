"""The counts of all templates of one file."""

from collections.abc import Callable
from typing import Final

from faultmaven_events.consumers.process.logs import words
from faultmaven_events.consumers.process.logs.event import Event
from faultmaven_events.consumers.process.logs.parameters import HELD, TEXT, wanted
from faultmaven_events.consumers.process.logs.request import Wording
from faultmaven_events.consumers.process.logs.tally import OCCURRENCES, Occurrence, Tally
from faultmaven_events.consumers.process.logs.templates import GROUPS, Group, Miner
from faultmaven_events.schemas.insight import Citation

Cite = Callable[[Event], Citation]

_NOTABLE: Final = frozenset({"restart", "change", "listening", "alert"})
_TEXT: Final = 1_000


class Ledger:
    """Finds the template of each event and keeps its counts. `journal`: every line is kept one by one."""

    def __init__(self, cite: Cite, *, journal: bool) -> None:
        self._cite, self._journal = cite, journal
        self._miner = Miner()
        self._tallies: dict[int, Tally] = {}
        self._groups: dict[int, Group] = {}
        self._heard = 0

    def post(self, event: Event, wording: Wording, bucket: int | None, flat: str | None = None) -> Tally:
        """Count an event; `flat` is its wording flattened, where that is at hand."""
        group = self._miner.add(wording.text, flat)
        tally = self._tallies.get(group.number)
        if tally is None:
            tally = self._new(group, event, wording)
        tally.add(event.line, event.at, wording.level, bucket)
        if not wording.access and self._heard < HELD and wanted(tally.count):
            self._heard += 1
            tally.heard.append(wording.text[:TEXT])
        if tally.kept and len(tally.occurrences) < OCCURRENCES:
            tally.occurrences.append(occurrence(event, self._cite))
        return tally

    def _new(self, group: Group, event: Event, wording: Wording) -> Tally:
        if len(self._tallies) > 2 * GROUPS:
            self._fold()
        told, ordinary = (wording.text, True) if wording.access else (event.text, False)
        rules = () if ordinary else _rules(event)
        logger = " ".join(part for part in (event.logger or "").split() if not any(c.isdigit() for c in part))
        self._groups[group.number] = group
        tally = self._tallies[group.number] = Tally(
            number=group.number,
            text=told[:_TEXT],
            sample=self._cite(event),
            first_line=event.line,
            last_line=event.line,
            first_at=event.at,
            last_at=None,
            source=(event.component or logger)[:100] or None,
            component=event.component,
            rules=rules,
            implied=None if ordinary else words.implied_level(told),
            dump=words.is_dump(told),
            attached=dict(event.attached or {}),
            access=wording.access,
            kept=self._journal or any(rule.kind in _NOTABLE for rule in rules),
        )
        return tally

    def halve(self) -> None:
        """Two buckets became one."""
        for tally in self._tallies.values():
            tally.halve()

    def _fold(self) -> None:
        """Add what was merged to what it was merged into."""
        for number in list(self._tallies):
            root = self._groups[number].root()
            if root.number != number:
                self._tallies[root.number].fold(self._tallies.pop(number))

    def close(self) -> list[tuple[str, Tally]]:
        """Merge what turned out to be one template; return text and counts in the order of first lines."""
        self._miner.merge()
        self._fold()
        named = [(self._groups[number].template[:_TEXT] or "(empty)", tally) for number, tally in self._tallies.items()]
        return sorted(named, key=lambda one: one[1].first_line)

    def root(self, number: int) -> int:
        """Return the number of the template that a group ended up in."""
        return self._groups[number].root().number

    def template(self, number: int) -> str:
        """Return the text of the template that a group ended up in."""
        return self._groups[number].root().template

    @property
    def overflow(self) -> int:
        """Lines that came when no more templates were taken."""
        return self._miner.overflow


def occurrence(event: Event, cite: Cite) -> Occurrence:
    """Return one event as it is kept by itself."""
    text = f"{event.text} {pairs(event)}" if event.fields else event.text
    return Occurrence(event.line, event.at, text[:_TEXT], event.component, cite(event))


def pairs(event: Event) -> str:
    """Return the first fields of a structured line that its message does not hold, as text."""
    fields = list((event.fields or {}).items())[:12]
    return " ".join(f"{key}={value}" for key, value in fields if isinstance(value, str | int | float) and f"{key}=" not in event.text)


def _rules(event: Event) -> tuple[words.Rule, ...]:
    """Return what a message says; a message of few words is also read together with its fields."""
    found = {rule.kind: rule for rule in words.hits_of(event.text)}
    if event.fields and len(event.text.split()) <= 3:
        found = {rule.kind: rule for rule in words.hits_of(f"{event.text} {pairs(event)}")} | found
    return tuple(found.values())
