"""The output of diagnostic commands in, its insights out. Generic: tables, keys with values, counts and times, not a parser per product."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from faultmaven_events.consumers.process.config import telling_lines as told
from faultmaven_events.consumers.process.config.table import tables_of
from faultmaven_events.consumers.process.config.telling_rows import rows_worth_knowing
from faultmaven_events.consumers.process.config.transcript import Step, steps_of
from faultmaven_events.consumers.process.note import Note, facts_of, lines_of, readable
from faultmaven_events.schemas.evidence import Classification
from faultmaven_events.schemas.insight import Insights, Setting

MOST_FACTS = 80
MOST_SETTINGS = 500


def analyse_command(text: str, *, evidence_id: UUID, name: str, classification: Classification) -> Insights:
    """Read what one or several commands printed and say what is worth knowing of it. Never raises."""
    lines = lines_of(readable(text))
    steps = steps_of(lines)
    clocks = [found for step in steps if (found := told.clock(step))]
    now = max((at for _, at in clocks), default=None)
    notes = [note for step in steps for note in _notes(step, now)]
    notes += _skew(clocks)
    facts, left_out = facts_of(notes, evidence_id=evidence_id, file=name, lines=lines, most=MOST_FACTS)
    pairs = [pair for step in steps for pair in told.pairs_of(step.output)]
    return Insights(
        evidence_id=evidence_id,
        file=name,
        classification=classification,
        lines=len(lines),
        start=min((at for _, at in clocks), default=None),
        end=now,
        facts=facts,
        settings=tuple(Setting(path=key, value=value[:500], line=line) for line, key, value in pairs[:MOST_SETTINGS]),
        truncated=(f"facts: the weightiest {MOST_FACTS}, {left_out} left out",) if left_out else (),
    )


def _notes(step: Step, now: datetime | None) -> Iterator[Note]:
    listening = list(told.sockets(step.output))
    if listening:
        yield from listening
        return
    tables, rest = tables_of(step.output)
    noted: list[Note] = []
    for table in tables:
        noted += told.indexes(rest, table.column(0), table.title, step) if table.title else ()
        noted += rows_worth_knowing(table, step.command)
    noted += _free_notes(step, rest, now)
    yield from noted
    if not noted:
        yield from told.short_answer(step, rest)


def _free_notes(step: Step, rest: told.Lines, now: datetime | None) -> Iterator[Note]:
    """What the lines outside of tables tell."""
    pairs = told.pairs_of(rest)
    filled = sum(bool(line.strip()) for _, line in rest)
    subject = told.subject(pairs)
    yield from told.validity(rest, now, subject)
    if len(pairs) * 2 >= filled:
        yield from told.pairs_worth_knowing(pairs, step)
    yield from told.counts_worth_knowing(rest, step)
    if filled > told.SHORT:
        yield from told.bad_lines(rest, step)


def _skew(clocks: Sequence[tuple[int, datetime]]) -> Iterator[Note]:
    """Clocks read one after the other that differ by more than the reading can take."""
    for (line, before), (other, after) in pairwise(clocks):
        apart = abs((after - before).total_seconds())
        if apart >= 30:
            text = f"Two clocks read in this transcript are {apart:g} s apart ({before:%H:%M:%S} and {after:%H:%M:%S} UTC)."
            yield Note("clock_skew", text, line, other, weight=3.0, at=after, attributes={"seconds": apart})
