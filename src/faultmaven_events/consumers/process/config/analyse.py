"""A configuration file in, its insights out."""

from collections.abc import Iterator
from itertools import chain
from uuid import UUID

from faultmaven_events.consumers.process.config.address import dependencies, listening
from faultmaven_events.consumers.process.config.change import changes_of, is_diff
from faultmaven_events.consumers.process.config.dialect import Dialect, read
from faultmaven_events.consumers.process.config.entry import Problem, Reading
from faultmaven_events.consumers.process.config.notable import settings_worth_knowing
from faultmaven_events.consumers.process.config.practice import broken_practices
from faultmaven_events.consumers.process.config.spelling import odd_spellings
from faultmaven_events.consumers.process.note import Note, facts_of, lines_of, readable
from faultmaven_events.schemas.evidence import Classification
from faultmaven_events.schemas.insight import Insights, Setting

MOST_FACTS = 120
MOST_SETTINGS = 2000
VALUE_LIMIT = 500


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
        settings = tuple(
            Setting(path=entry.path, value=entry.value[:VALUE_LIMIT], line=entry.line) for entry in reading.entries[:MOST_SETTINGS]
        )
        notes, truncated, component = list(_notes(dialect, reading)), reading.truncated, dialect.product
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
        truncated=(*truncated, *((f"facts: the weightiest {MOST_FACTS}, {left_out} left out",) if left_out else ())),
    )


def _notes(dialect: Dialect, reading: Reading) -> Iterator[Note]:
    product, entries = dialect.product, reading.entries
    return chain(
        (_syntax(problem, product) for problem in reading.problems[:20]),
        broken_practices(entries, dialect.name, product),
        odd_spellings(entries),
        dependencies(entries, product),
        listening(entries, product),
        settings_worth_knowing(entries, product),
    )


def _syntax(problem: Problem, product: str | None) -> Note:
    place = f"line {problem.line}" + (f", column {problem.column}" if problem.column else "")
    attributes = {"rule": problem.rule, "severity": "high", "fix": "Correct the text there.", "column": problem.column}
    return Note("config_finding", f"{problem.text} ({place})", problem.line, weight=5.0, component=product, attributes=attributes)
