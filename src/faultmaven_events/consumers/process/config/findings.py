"""Everything that is wrong with a configuration, as notes: its text, its syntax, its keys and values, bad practice."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Final

from faultmaven_events.consumers.process.config.blunder import blunders
from faultmaven_events.consumers.process.config.dialect import Dialect
from faultmaven_events.consumers.process.config.entry import Problem, Reading
from faultmaven_events.consumers.process.config.flaws import placeholders, text_flaws
from faultmaven_events.consumers.process.config.known import strangers, wrong_types
from faultmaven_events.consumers.process.config.practice import WEIGHTS, broken_practices
from faultmaven_events.consumers.process.config.spelling import odd_spellings
from faultmaven_events.consumers.process.note import Note
from faultmaven_events.schemas.insight import Scalar

MOST_PROBLEMS: Final = 40


def findings(dialect: Dialect, reading: Reading, lines: Sequence[str], name: str) -> Iterator[Note]:
    """Yield the findings of a file; what a reader found is told before what follows from it."""
    entries = reading.entries
    problems = chain(
        reading.problems[:20],
        text_flaws(lines, dialect.name, name),
        strangers(entries, dialect.name),
        wrong_types(entries, dialect.name),
        blunders(entries, lines, dialect.name),
        placeholders(entries),
    )
    told: set[tuple[str, int]] = set()
    for problem in islice(problems, MOST_PROBLEMS):
        line = min(max(problem.line, 1), max(len(lines), 1))
        if (problem.rule, line) not in told:
            told.add((problem.rule, line))
            yield _note(problem, line, dialect.product)
    yield from broken_practices(entries, dialect.name, dialect.product)
    yield from odd_spellings(entries)


def _note(problem: Problem, line: int, product: str | None) -> Note:
    place = f"line {line}" + (f", column {problem.column}" if problem.column else "")
    attributes: dict[str, Scalar] = {
        "rule": problem.rule,
        "severity": problem.severity,
        "fix": problem.fix,
        "line": line,
        "column": problem.column,
    }
    weight = WEIGHTS[problem.severity] + (1.0 if problem.severity == "high" else 0.0)
    return Note("config_finding", f"{problem.text} ({place})", line, weight=weight, component=product, attributes=attributes)
