"""A configuration file in, its insights out."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from uuid import UUID

from faultmaven_events.consumers.process.commands.kubernetes.live import Live, live
from faultmaven_events.consumers.process.config.address import dependencies, listening
from faultmaven_events.consumers.process.config.change import changes_of, is_diff
from faultmaven_events.consumers.process.config.dialect import Dialect, read
from faultmaven_events.consumers.process.config.entry import Entry, Reading
from faultmaven_events.consumers.process.config.findings import findings
from faultmaven_events.consumers.process.config.lint.check import broken_rules
from faultmaven_events.consumers.process.config.lint.finding import notes_of
from faultmaven_events.consumers.process.config.notable import settings_worth_knowing
from faultmaven_events.consumers.process.note import Note, beyond, facts_of, lines_of, readable
from faultmaven_events.schemas.evidence import Classification
from faultmaven_events.schemas.insight import Insights, Setting

MOST_FACTS = 120
MOST_SETTINGS = 2000
VALUE_LIMIT = 500
QUOTE_LIMIT = 400
"""Characters of a line that is kept with its setting, so that a fact of several files can cite it."""
LIVE = 0.4
"""Factor of the weight of bad practice in objects out of a cluster: what their status says tells more."""
_OBJECTS = frozenset({"kubernetes", "yaml", "json"})


def analyse_config(text: str, *, evidence_id: UUID, name: str, classification: Classification) -> Insights:
    """Say what is worth knowing of a configuration file or a unified diff. Never raises: what cannot be read is a finding."""
    text = readable(text)
    lines = lines_of(text)
    if is_diff(text):
        settings: tuple[Setting, ...] = ()
        truncated: tuple[str, ...] = ()
        notes, component = list(changes_of(lines, classification.format)), None
    else:
        dialect, reading = read(name, classification.format, text)
        settings = tuple(_setting(entry, lines) for entry in reading.entries[:MOST_SETTINGS])
        status = live(text) if dialect.name in _OBJECTS else Live()
        notes, component = list(_notes(dialect, reading, lines, name, status)), dialect.product
        truncated = (*reading.truncated, *status.truncated)
        if len(reading.entries) > MOST_SETTINGS:
            truncated = (*truncated, f"settings: the first {MOST_SETTINGS} of {len(reading.entries)}")
    facts, left_out = facts_of(notes, evidence_id=evidence_id, file=name, lines=lines, most=MOST_FACTS)
    return Insights(
        evidence_id=evidence_id,
        file=name,
        classification=classification,
        lines=len(lines),
        component=component,
        facts=facts,
        settings=settings,
        truncated=(*truncated, *beyond(MOST_FACTS, left_out)),
    )


def _notes(dialect: Dialect, reading: Reading, lines: Sequence[str], name: str, status: Live) -> Iterator[Note]:
    product, entries = dialect.product, reading.entries
    advice = notes_of(broken_rules(dialect.name, reading, lines), product)
    return chain(
        status.notes,
        findings(dialect, reading, lines, name),
        (replace(note, weight=LIVE * note.weight) for note in advice) if status.seen else advice,
        dependencies(entries, product),
        listening(entries, product),
        settings_worth_knowing(entries, product),
    )


def _setting(entry: Entry, lines: Sequence[str]) -> Setting:
    quote = lines[entry.line - 1] if 0 < entry.line <= len(lines) and len(lines[entry.line - 1]) <= QUOTE_LIMIT else None
    return Setting(path=entry.path, value=entry.value[:VALUE_LIMIT], line=entry.line, quote=quote)
