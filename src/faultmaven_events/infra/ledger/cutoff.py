"""Since when a job must have stood still in a stage to be missing: pure.

A job that stands still is missing only if its message can be nowhere. It may wait in the stage's queue; be in a consumer's hands, for at
most the stage's deadline; wait on the retry ladder, for at most the longest rung; have died, with a letter that `bury` has not told yet; or
it may have moved on, and record has not read so far. Where a queue is not empty, first in, first out helps: what came before a message that
the stage has already dealt with is no longer in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from faultmaven_events.topology import BY_NAME, Stage

RECORD: Final = BY_NAME["record"]
BURY: Final = BY_NAME["bury"]


@dataclass(frozen=True, slots=True)
class Soundings:
    """What servers say at `now`. `ready`: messages that wait, by queue; `held`: those in consumers' hands, None: nobody knows."""

    now: datetime
    ready: Mapping[str, int]
    held: Mapping[str, int] | None = None
    ladder: int = 0
    """Messages on the retry ladder, of all stages."""
    heard: datetime | None = None
    """Time of the newest event that record has written."""
    taken: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    """By (stage, kind): when the newest message that the stage has dealt with had come to it."""

    def waiting(self, queues: Sequence[str]) -> int:
        """Messages that wait in queues."""
        return sum(self.ready.get(queue, 0) for queue in queues)

    def in_hand(self, queues: Sequence[str]) -> bool:
        """Whether a consumer may have a message of these queues."""
        return self.held is None or any(self.held.get(queue, 0) for queue in queues)


@dataclass(frozen=True, slots=True)
class Cutoff:
    """What came to a stage, and was last heard of, before `before` is missing; without it, `reason` says why nobody can tell."""

    before: datetime | None
    reason: str = ""
    certain: bool = False
    """Nothing at all waits or is in hand: not even a message that goes round and round because a server is away."""


def cutoff(stage: Stage, kind: str, soundings: Soundings, *, quiet: float, longest_rung: float) -> Cutoff:
    """Return since when a job of a kind must have stood still in a stage; `quiet` and `longest_rung` in seconds."""
    lane = next((lane for lane in stage.lanes if any(taken.startswith(f"{kind}.") for taken in lane.takes)), stage.lanes[0])
    queues = [stage.queue(lane), *([stage.queue(stage.crowd)] if stage.crowd else [])]
    if soundings.waiting(BURY.queues):
        return Cutoff(None, f"{soundings.waiting(BURY.queues)} dead letters waiting to be told by bury")
    if stage.crowd and soundings.waiting(queues[1:]):
        return Cutoff(None, f"{soundings.waiting(queues[1:])} waiting in {queues[1]}, in no order of their arrival")
    known = _known_until(soundings)
    if known is None:
        return Cutoff(None, f"{soundings.waiting(RECORD.queues)} waiting for record, which has heard nothing lately")
    if soundings.waiting(queues):
        taken = soundings.taken.get((stage.name, kind))
        if taken is None:
            return Cutoff(None, f"{soundings.waiting(queues)} waiting in {queues[0]}, and none was dealt with lately")
        known = min(known, taken)
    hands = [each for each, of in ((stage, queues), (RECORD, RECORD.queues), (BURY, BURY.queues)) if soundings.in_hand(of)]
    hold = quiet + sum(each.deadline for each in hands) + (longest_rung + stage.deadline if soundings.ladder else 0)
    certain = not soundings.waiting(queues) and not soundings.in_hand(queues) and not soundings.ladder
    return Cutoff(known - timedelta(seconds=hold), certain=certain)


def settled_until(soundings: Soundings, *, quiet: float, longest_rung: float) -> datetime | None:
    """Return the time before which an ended job that was not touched since cannot have news any more; None when nobody can tell."""
    known = _known_until(soundings)
    if known is None:
        return None
    hold = (
        quiet + (RECORD.deadline if soundings.in_hand(RECORD.queues) else 0) + (longest_rung + RECORD.deadline if soundings.ladder else 0)
    )
    return known - timedelta(seconds=hold)


def _known_until(soundings: Soundings) -> datetime | None:
    """Return until when record has heard everything, but for what is in its hands or on the ladder."""
    if not soundings.waiting(RECORD.queues):
        return soundings.now
    return min(soundings.heard, soundings.now) if soundings.heard else None
