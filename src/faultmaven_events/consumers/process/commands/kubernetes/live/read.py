"""A text of objects in, what their status says out."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Final

from faultmaven_events.consumers.process.commands.kubernetes.events import Happening, told
from faultmaven_events.consumers.process.commands.kubernetes.live.objects import Objects
from faultmaven_events.consumers.process.commands.kubernetes.live.resources import READERS, conditions
from faultmaven_events.consumers.process.commands.kubernetes.live.told import Thing, moment, number, thing_of
from faultmaven_events.consumers.process.note import Note, shortened
from faultmaven_events.consumers.process.placed import mapping

_TIME: Final = re.compile(r"\b20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d(?=Z|\.\d{1,9}Z)")
_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
MOST: Final = 80
NAMED: Final = 3
"""Objects in the same state that are named beside the first."""


@dataclass(frozen=True, slots=True)
class Live:
    """What a text of objects says; `seen` tells whether one of them has a status, and so comes from a cluster."""

    notes: tuple[Note, ...] = ()
    seen: bool = False
    truncated: tuple[str, ...] = ()


def live(text: str) -> Live:
    """Return what the status of the objects in a text says, weightiest first. Never raises."""
    now = _latest(text)
    notes: list[tuple[tuple[str, ...], Note, str]] = []
    happenings: list[Happening] = []
    seen, found = False, Objects(text)
    for body in found:
        thing = thing_of(body, now)
        if thing.kind == "Event":
            happenings.append(_happening(thing))
            continue
        seen = seen or bool(mapping(body.get("status")))
        reader = READERS.get(thing.kind, conditions)
        notes += ((_alike(thing, note), note, thing.name) for note in reader(thing))
    ranked = sorted((*_together(notes), *told(happenings)), key=lambda note: -note.weight)
    left_out = (f"objects: the status of {found.left_out:,} was not read (damaged, or too many)",) if found.left_out else ()
    return Live(tuple(ranked[:MOST]), seen or bool(happenings), left_out)


def _alike(thing: Thing, note: Note) -> tuple[str, ...]:
    more = (str(note.attributes.get(key)) for key in ("reason", "container", "what", "series"))
    return thing.kind, thing.owner, thing.namespace or "", note.kind, *more


def _together(notes: Sequence[tuple[tuple[str, ...], Note, str]]) -> Iterator[Note]:
    """One note for all objects of a workload that are in the same state; the first is cited, some others named."""
    groups: dict[tuple[str, ...], list[tuple[Note, str]]] = {}
    for key, note, name in notes:
        groups.setdefault(key, []).append((note, name))
    for group in groups.values():
        note, others = group[0][0], [name for _, name in group[1:]]
        if not others:
            yield note
            continue
        named = ", ".join(others[:NAMED]) + (f" and {len(others) - NAMED} more" if len(others) > NAMED else "")
        yield replace(note, text=f"{shortened(note.text, 420)} The same: {named}.", count=max(note.count, len(group)))


def _happening(thing: Thing) -> Happening:
    """An Event of either API version (core/v1, events.k8s.io/v1)."""
    about = mapping(thing.get("involvedObject") or thing.get("regarding"))
    series = mapping(thing.get("series"))
    times = number(thing.get("count")) or number(thing.get("deprecatedCount")) or number(series.get("count")) or 1
    first = moment(thing.get("firstTimestamp")) or moment(thing.get("deprecatedFirstTimestamp")) or moment(thing.get("eventTime"))
    last = moment(thing.get("lastTimestamp")) or moment(thing.get("deprecatedLastTimestamp")) or moment(series.get("lastObservedTime"))
    first = first or moment(thing.get("metadata", "creationTimestamp"))
    lasted = (last - first).total_seconds() if first and last else 0.0
    age = f" (x{times} over {_duration(lasted)})" if times > 1 else ""
    return Happening(
        thing.line("reason"),
        thing.text("type"),
        thing.text("reason"),
        "/".join(str(about.get(key)) for key in ("kind", "name") if about.get(key)) or thing.name,
        age,
        thing.text("message") or thing.text("note"),
        str(about.get("namespace") or thing.namespace or "") or None,
        first or last,
        last,
    )


def _duration(seconds: float) -> str:
    left, said = int(max(0.0, seconds)), ""
    for unit, letter in _UNITS:
        many, left = divmod(left, unit)
        said += f"{many}{letter}" if many else ""
    return said or "0s"


def _latest(text: str) -> datetime | None:
    """The latest time in a text: when it was written, or not long before."""
    found = max((match[0] for match in islice(_TIME.finditer(text), 200_000)), default=None)
    return moment(f"{found}Z") if found else None
