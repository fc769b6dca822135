"""A capture in, its insights out; what is read of neither kind is named as not analysed."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

from faultmaven_events.consumers.process.captures import dump, har
from faultmaven_events.consumers.process.captures.exchange import exchanges
from faultmaven_events.consumers.process.captures.packet import packets
from faultmaven_events.consumers.process.note import Note, beyond, facts_of, lines_of, readable, shortened
from faultmaven_events.consumers.process.traces.operation import lasting
from faultmaven_events.consumers.process.traces.span import moment
from faultmaven_events.consumers.process.walk import Walk
from faultmaven_events.schemas.evidence import Classification
from faultmaven_events.schemas.insight import Insights

MOST_FACTS: Final = 80
MOST_ENTRIES: Final = 200_000
MOST_REMARKS: Final = 30
NOTE: Final = "note: "
"""What classify begins a line with that is not about a packet."""
_HAR: Final = frozenset({"entries"})


def analyse_capture(text: str, *, evidence_id: UUID, name: str, classification: Classification) -> Insights:
    """Say what failed, what was slow and who did not answer. Never raises."""
    text = readable(text)
    lines = lines_of(text)
    reader = _recording if classification.format == "har" or text.lstrip()[:1] == "{" else _packets
    notes, start, end, left = reader(text)
    facts, left_out = facts_of(notes, evidence_id=evidence_id, file=name, lines=lines, most=MOST_FACTS)
    return Insights(
        evidence_id=evidence_id,
        file=name,
        classification=classification,
        lines=len(lines),
        start=start,
        end=end,
        facts=facts,
        truncated=(*left, *beyond(MOST_FACTS, left_out)),
        zone="Z" if start else None,
    )


Read = tuple[Iterator[Note], datetime | None, datetime | None, tuple[str, ...]]


def _recording(text: str) -> Read:
    walk = Walk(text, lists=_HAR)
    found = [one for one, _ in zip(exchanges(walk.records()), range(MOST_ENTRIES), strict=False)]
    times = [one.at for one in found if one.at]
    left = [f"No JSON in line {walk.breaks[0]}: broken off or damaged there; the rest was read"] if walk.breaks else []
    if not found:
        left.append("No request was found in the recording: it was not analysed")
    if len(found) == MOST_ENTRIES:
        left.append(f"requests: the first {MOST_ENTRIES:,}")
    return (
        har.notes(sorted(found, key=lambda one: (one.at.timestamp() if one.at else 0.0, one.line))),
        min(times, default=None),
        max(times, default=None),
        tuple(left),
    )


def _packets(text: str) -> Read:
    lines = lines_of(text)
    gathered = dump.gathered(packets(enumerate(lines, start=1)))
    remarks = [(number, line[len(NOTE) :]) for number, line in _last(lines) if line.startswith(NOTE)]
    if not gathered.count:
        notes = [Note("not_analysed", shortened(said, 600), number, attributes={"format": "packets"}) for number, said in remarks[:5]]
        left = "No packet was found that could be read: the capture was not analysed"
        return iter(notes), None, None, (left, *(said for _, said in remarks))
    start = moment(gathered.first) if gathered.first else None
    end = moment(gathered.last) if gathered.last else None
    lasted = lasting(gathered.last - gathered.first) if gathered.first is not None and gathered.last is not None else "an unknown time"
    left = f"Of {gathered.count:,} packets over {lasted} the heads were read, not what they carry"
    return dump.told(gathered), start, end, (left, *(said for _, said in remarks[1:]))


def _last(lines: list[str]) -> list[tuple[int, str]]:
    """The last lines, where remarks on a capture that was handed in as packets stand."""
    first = max(0, len(lines) - MOST_REMARKS)
    return list(enumerate(lines[first:], first + 1))
