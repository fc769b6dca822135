"""Where stand-ins are in a sanitized line, and what stood there.

A line may be looked at more than once, and a later look may cover stand-ins of an earlier one: places that touch become one, so that what
is under it can still be given back as a whole. Where a secret is among them, nothing of it is.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from faultmaven_events.consumers.sanitize.finding import SECRET, Finding

SESSION: Final = "SESSION"


class Place(NamedTuple):
    """Characters `start` to `end` of a sanitized line, and what they stand for."""

    start: int
    end: int
    type: str
    value: str

    @property
    def reversible(self) -> bool:
        """Whether it may be undone: secrets may not, nor sessions, whose ids let in whoever holds them."""
        return not one_way(self.type)


StandIn = Callable[[str, Finding], str]
"""What is written in a line instead of a finding."""


@lru_cache(maxsize=256)
def one_way(type_: str) -> bool:
    """Whether findings of a type are never undone."""
    return type_ == SESSION or type_.startswith(SECRET)


def replaced(line: str, places: Sequence[Place], findings: Sequence[Finding], stand_in: StandIn) -> tuple[str, list[Place]]:
    """Return the line without the findings, and all places in it; `places` are those of earlier looks at it.

    `findings` and `places` are in order, and do not overlap among themselves.
    """
    return _again(line, places, findings, stand_in) if places else _first(line, findings, stand_in)


def _first(line: str, findings: Sequence[Finding], stand_in: StandIn) -> tuple[str, list[Place]]:
    """Replace in a line that is looked at for the first time, as most are only once."""
    parts: list[str] = []
    result: list[Place] = []
    at = size = 0
    for finding in findings:
        text = stand_in(line, finding)
        start = size + finding.start - at
        size = start + len(text)
        parts += (line[at : finding.start], text)
        result.append(Place(start, size, finding.type, line[finding.start : finding.end]))
        at = finding.end
    return "".join((*parts, line[at:])), result


def _again(line: str, places: Sequence[Place], findings: Sequence[Finding], stand_in: StandIn) -> tuple[str, list[Place]]:
    parts: list[str] = []
    result: list[Place] = []
    at = size = 0
    for group in _groups(findings, places):
        before, text = line[at : group.start], _without(line, group, stand_in)
        types = [*(each.type for each in group.fresh), *(each.type for each in group.older)]
        type_ = next(filter(one_way, types), types[0])
        size += len(before) + len(text)
        result.append(Place(size - len(text), size, type_, _behind(line, group, type_)))
        parts += (before, text)
        at = group.end
    return "".join((*parts, line[at:])), result


class _Group(NamedTuple):
    """What overlaps together in a line: from where to where, the findings and the places in it."""

    start: int
    end: int
    fresh: Sequence[Finding]
    older: Sequence[Place]


def _groups(findings: Sequence[Finding], places: Sequence[Place]) -> Iterator[_Group]:
    both: list[Finding | Place] = sorted([*findings, *places], key=lambda one: (one.start, one.end))
    while both:
        count, end = 1, both[0].end
        while count < len(both) and both[count].start < end:
            end = max(end, both[count].end)
            count += 1
        group, both = both[:count], both[count:]
        fresh, older = [one for one in group if isinstance(one, Finding)], [one for one in group if isinstance(one, Place)]
        yield _Group(group[0].start, end, fresh, older)


def _without(line: str, group: _Group, stand_in: StandIn) -> str:
    parts: list[str] = []
    at = group.start
    for finding in group.fresh:
        parts += (line[at : finding.start], stand_in(line, finding))
        at = finding.end
    return "".join((*parts, line[at : group.end]))


def _behind(line: str, group: _Group, type_: str) -> str:
    """Return what a group stands for; of a secret the secret alone, for its digest."""
    if not group.fresh:
        return group.older[0].value
    if one_way(type_):
        secret = next((each for each in group.fresh if each.type == type_), group.fresh[0])
        return line[secret.start : secret.end]
    parts: list[str] = []
    at = group.start
    for each in group.older:
        parts += (line[at : each.start], each.value)
        at = each.end
    return "".join((*parts, line[at : group.end]))
