"""Callables for the log benchmarks of an evaluation kit, named as those are; each runs the code that the process consumer runs.

python run.py all --adapters bench.adapters
"""

from datetime import UTC, datetime

from faultmaven_events.consumers.process.logs.event import Event
from faultmaven_events.consumers.process.logs.levels import RANK
from faultmaven_events.consumers.process.logs.reader import Reader
from faultmaven_events.consumers.process.logs.templates import Miner
from faultmaven_events.consumers.process.logs.words import implied_level, is_dump


def _events(lines: list[str]) -> list[Event | None]:
    """Return the event of every line: that of the line above for what continues it."""
    found: list[Event | None] = [None] * len(lines)
    for event in Reader(datetime.now(UTC)).events(lines):
        for line in range(event.line, event.end + 1):
            found[line - 1] = event
    return found


def log_templates(lines: list[str]) -> list[str]:
    miner = Miner()
    groups = [(event, miner.add(event.text)) for event in Reader(datetime.now(UTC)).events(lines)]
    miner.merge()
    texts = {group: group.root().template for group in {group for _, group in groups}}
    templates = [""] * len(lines)
    for event, group in groups:
        if len(event.lines) == 1:
            templates[event.line - 1] = texts[group]
        else:
            templates[event.line - 1 : event.end] = [texts[group]] * len(event.lines)
    return templates


def log_header(lines: list[str]) -> list[tuple[datetime | None, str | None]]:
    return [
        (datetime.fromtimestamp(event.at, UTC) if event.at is not None else None, event.word) if event is not None else (None, None)
        for event in _events(lines)
    ]


def log_alerts(lines: list[str]) -> list[bool]:
    return [
        event is not None and RANK[event.level or implied_level(event.text)] >= RANK["error"] and not is_dump(event.text)
        for event in _events(lines)
    ]
