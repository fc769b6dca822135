"""The output of diagnostic commands in, its insights out: readers of known tools first, then tables, pairs, counts and times of any."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final
from uuid import UUID

from faultmaven_events.consumers.process.commands import telling_lines as told
from faultmaven_events.consumers.process.commands.in_force import Pair, in_force, replied, reported, settings_worth_knowing
from faultmaven_events.consumers.process.commands.kubernetes.described import objects, owner
from faultmaven_events.consumers.process.commands.readers import LOGS, readings
from faultmaven_events.consumers.process.commands.table import tables_of
from faultmaven_events.consumers.process.commands.telling_rows import rows_worth_knowing
from faultmaven_events.consumers.process.commands.transcript import Step, steps_of
from faultmaven_events.consumers.process.logs import analyse_log
from faultmaven_events.consumers.process.note import Note, beyond, facts_of, lines_of, readable
from faultmaven_events.schemas.evidence import Classification
from faultmaven_events.schemas.insight import Citation, Fact, Insights, Setting

MOST_FACTS: Final = 100
MOST_SETTINGS: Final = 2_000
QUOTE_LIMIT: Final = 400
"""Characters of a line that is kept with its setting, so that a fact of several files can cite it."""
MOST_LOG_FACTS: Final = 30
_COLOURS: Final = re.compile(r"\x1b\[[0-9;?]{0,20}[A-Za-z]|\x1b\][^\x07\x1b]{0,200}\x07|\x0f")
_GENERIC: Final = frozenset({"row", "saturation"})


def analyse_command(text: str, *, evidence_id: UUID, name: str, classification: Classification) -> Insights:
    """Read what one or several commands printed and say what is worth knowing of it. Never raises."""
    lines = lines_of(readable(text))
    steps = steps_of([_COLOURS.sub("", line) if "\x1b" in line or "\x0f" in line else line for line in lines])
    clocks = [found for step in steps if (found := told.clock(step))]
    now = max((at for _, at in clocks), default=None)
    logs = [step for step in steps if step.command and LOGS.match(step.command) and len(step.output) > told.SHORT]
    notes = [note for step in steps if step not in logs for note in _notes(step, now)]
    notes += _skew(clocks)
    facts, left_out = facts_of(notes, evidence_id=evidence_id, file=name, lines=lines, most=MOST_FACTS)
    logged = [fact for step in logs[:20] for fact in _log_facts(step, lines, evidence_id, name, classification)]
    others = [step for step in steps if step not in logs]
    pairs = [*(pair for step in others for pair in in_force(step)), *(pair for step in others for pair in told.pairs_of(step.output))]
    return Insights(
        evidence_id=evidence_id,
        file=name,
        classification=classification,
        lines=len(lines),
        component=_about(steps),
        start=min((at for _, at in clocks), default=None),
        end=now,
        facts=_numbered([*facts, *logged]),
        settings=tuple(_setting(pair, lines) for pair in pairs[:MOST_SETTINGS]),
        truncated=beyond(MOST_FACTS, left_out),
    )


def _setting(pair: Pair, lines: Sequence[str]) -> Setting:
    number, key, value = pair
    quote = lines[number - 1] if len(lines[number - 1]) <= QUOTE_LIMIT else None
    return Setting(path=key, value=value[:500], line=number, quote=quote)


def _notes(step: Step, now: datetime | None) -> Iterator[Note]:
    """What is known of the tool first; what any table or line tells only where that said nothing of it."""
    known = list(readings(step))
    yield from known
    said = {number for note in known for number in range(note.start, min(note.end or note.start, note.start + 5) + 1)}
    for note in _generic_notes(step, now):
        if note.kind not in _GENERIC or note.start not in said:
            yield note


def _generic_notes(step: Step, now: datetime | None) -> Iterator[Note]:
    listening = list(told.sockets(step.output))
    if listening:
        yield from listening
        return
    values = reported(step)
    noted: list[Note] = list(settings_worth_knowing(values, step.command))
    if replied(step):
        yield from noted
        return
    tables, rest = tables_of(step.output)
    known = {line for line, _, _ in values}
    for table in tables:
        if known and {row.line for row in table.rows} <= known:
            continue
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


def _about(steps: Sequence[Step]) -> str | None:
    """The workload that a file describes, when it describes one only."""
    owners = {owner(thing) for step in steps for thing in objects(step.output)}
    return owners.pop() if len(owners) == 1 else None


def _log_facts(step: Step, lines: Sequence[str], evidence_id: UUID, name: str, classification: Classification) -> Iterator[Fact]:
    """What a log inside of a transcript says, with the lines of the transcript."""
    first = step.output[0][0]
    inner = analyse_log((lines[number - 1] for number, _ in step.output), evidence_id=evidence_id, name=name, classification=classification)
    for fact in inner.facts[:MOST_LOG_FACTS]:
        yield fact.model_copy(update={"citations": tuple(_moved(one, first - 1) for one in fact.citations)})


def _moved(citation: Citation, by: int) -> Citation:
    return citation.model_copy(update={"line_start": citation.line_start + by, "line_end": citation.line_end + by})


def _numbered(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """Ids anew, since those of logs inside of the transcript begin at one as well."""
    counts: dict[str, int] = {}
    numbered = []
    for fact in facts:
        counts[fact.kind] = counts.get(fact.kind, 0) + 1
        numbered.append(fact.model_copy(update={"id": f"{fact.kind}-{counts[fact.kind]}"}))
    return tuple(numbered)


def _skew(clocks: Sequence[tuple[int, datetime]]) -> Iterator[Note]:
    """Clocks read one after the other that differ by more than the reading can take."""
    for (line, before), (other, after) in pairwise(clocks):
        apart = abs((after - before).total_seconds())
        if apart >= 30:
            text = f"Two clocks read in this transcript are {apart:g} s apart ({before:%H:%M:%S} and {after:%H:%M:%S} UTC)."
            yield Note("clock_skew", text, line, other, weight=3.0, at=after, attributes={"seconds": apart})
