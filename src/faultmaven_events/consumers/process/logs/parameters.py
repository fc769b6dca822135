"""What stands at the variable places of a template: which hosts, codes and sizes, out of a sample of its lines."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from faultmaven_events.consumers.process.logs.mask import WILDCARD
from faultmaven_events.schemas.insight import Parameter

SAMPLED: Final = 64
"""Lines of one template that are kept for this: the first 16, then every 64th."""
TEXT: Final = 400
HELD: Final = 20_000
"""Lines of all templates of a file together."""
MOST: Final = 12
_TOP: Final = 5
_NAMES: Final = 2_000
_VALUE: Final = 80
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,9})?\Z")
_KEY = re.compile(r"[\[({<\"']*([A-Za-z_@][\w.@/-]{0,59})[=:][\"']?\Z")
_WORD = re.compile(r"[A-Za-z_][\w-]{0,40}\Z")
_EDGES: Final = "[](){}<>\"',;"


def wanted(count: int) -> bool:
    """Whether the line that brought a template's count to `count` belongs to its sample."""
    return count <= 16 or (count & 63 == 0 and count <= 64 * SAMPLED)


def parameters(template: str, messages: Sequence[str]) -> tuple[Parameter, ...]:
    """Return what a template's variable words held in some of its messages; those whose words do not match it one to one are left out."""
    words = template.split()
    places = [place for place, word in enumerate(words) if WILDCARD in word][:MOST]
    rows = [row for message in messages if len(row := message.split()) == len(words)]
    return tuple(_parameter(words, place, [row[place] for row in rows]) for place in places) if rows else ()


def _parameter(words: Sequence[str], place: int, found: Sequence[str]) -> Parameter:
    head, _, tail = words[place].partition(WILDCARD)
    values = Counter(_value(word, head, tail.rpartition(WILDCARD)[2]) for word in found)
    numbers = [float(value) for value in values if _NUMBER.match(value)]
    numeric = len(numbers) == len(values)
    return Parameter(
        name=_name(words, place, head),
        seen=len(found),
        distinct=len(values),
        top=tuple(values.most_common(_TOP)),
        minimum=min(numbers) if numeric else None,
        maximum=max(numbers) if numeric else None,
    )


def _value(word: str, head: str, tail: str) -> str:
    value = word.removeprefix(head)
    value = value.removesuffix(tail) if tail else value
    return (value.strip(_EDGES) or word)[:_VALUE].encode("utf-8", "replace").decode()


def _name(words: Sequence[str], place: int, head: str) -> str | None:
    if key := _KEY.match(head):
        return key[1]
    before = words[place - 1].strip(_EDGES + ":=") if place else ""
    return before if _WORD.match(before) else None


def values_by_name(templates: Iterable[Sequence[Parameter]]) -> dict[str, int]:
    """Return how many values each name has in the templates of a file, as far as they are the most frequent ones."""
    values: dict[str, set[str]] = defaultdict(set)
    for found in templates:
        for one in found:
            if one.name and len(values) < _NAMES:
                values[one.name].update(value for value, _ in one.top)
    return {name: len(those) for name, those in values.items()}


def only(found: Sequence[Parameter], others: dict[str, int]) -> str | None:
    """Return `host=db-2, zone=b`: named parameters that are the same in all lines, though other lines of the file have other values there.

    Args:
        found: those of one template, of five lines or more.
        others: how many values a name has in the whole file.
    """
    told = [
        f"{one.name}={one.top[0][0]}" for one in found if one.name and one.distinct == 1 and one.seen >= 5 and others.get(one.name, 1) > 1
    ]
    return ", ".join(told[:3]) or None
