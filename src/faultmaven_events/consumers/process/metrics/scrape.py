"""What one scrape tells: values at their limit, errors that were counted, things that are down."""

import re
from collections.abc import Iterator, Sequence

from faultmaven_events.consumers.process.metrics.meaning import speaks_of_errors
from faultmaven_events.consumers.process.note import Note, figure

_LIMIT = re.compile(r"_(max|limit|capacity|quota)(_|$|(?=\{))|^max_", re.IGNORECASE)
MOST_ERRORS = 15


def values_worth_knowing(values: Sequence[tuple[str, float, int]]) -> Iterator[Note]:
    """Notes on (name, value, line) of a single scrape."""
    yield from _down(values)
    yield from _errors(values)
    yield from _at_limit(values)


def _down(values: Sequence[tuple[str, float, int]]) -> Iterator[Note]:
    for name, value, line in values:
        if re.match(r"(\w+_)?up(\{|$)", name) and value == 0:
            yield Note(
                "row",
                f"{name} is 0: the target is down.",
                line,
                weight=4.0,
                level="error",
                attributes={"command": None, "series": name, "value": value},
            )


def _errors(values: Sequence[tuple[str, float, int]]) -> Iterator[Note]:
    found = [
        (name, value, line)
        for name, value, line in values
        if value > 0 and speaks_of_errors(name.partition("{")[0]) and "_bucket{" not in name
    ]
    found += [
        (name, value, line) for name, value, line in values if value > 0 and re.search(r'(code|status)="?5\d\d|(code|status)="5xx"', name)
    ]
    for name, value, line in sorted(dict.fromkeys(found), key=lambda row: -row[1])[:MOST_ERRORS]:
        yield Note("row", f"{name} is {figure(value)}.", line, weight=2.4, attributes={"command": None, "series": name, "value": value})


def _at_limit(values: Sequence[tuple[str, float, int]]) -> Iterator[Note]:
    limits = {_bare(name): (name, value, line) for name, value, line in values if _LIMIT.search(name) and value > 0}
    for name, value, line in values:
        limit = limits.get(_bare(name))
        if limit and limit[0] != name and value >= 0.95 * limit[1] and not name.partition("{")[0].endswith(("_total", "_count", "_sum")):
            text = f"{name} is {figure(value)}, {100 * value / limit[1]:.1f} % of {limit[0]} {figure(limit[1])}."
            lines = sorted((line, limit[2]))
            yield Note("saturation", text, lines[0], lines[1], weight=4.5, attributes={"series": name, "limit": limit[1], "value": value})


def _bare(name: str) -> str:
    base, brace, labels = name.partition("{")
    words = [
        word for word in base.lower().split("_") if word not in {"max", "limit", "capacity", "quota", "used", "current", "open", "bytes"}
    ]
    return "_".join(words) + brace + labels
