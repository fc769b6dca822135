"""What an output says is in force: values of settings, as servers report them; replicas wanted and pods seen, as clusters do.

Read from tables of a name and a value (`SHOW ALL`, `SHOW VARIABLES`, `pg_settings`), from `SHOW name`, and from Redis' `CONFIG GET`,
which prints names and values in turn. Kept as settings of the file, so that they can be held against what a configuration asks for.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from faultmaven_events.consumers.process.commands.aligned import Aligned, aligned_tables
from faultmaven_events.consumers.process.commands.kubernetes.naming import workload
from faultmaven_events.consumers.process.commands.table import Table, tables_of
from faultmaven_events.consumers.process.commands.transcript import Step
from faultmaven_events.consumers.process.commands.vocabulary import SETTING_KEY
from faultmaven_events.consumers.process.note import Note, shortened
from faultmaven_events.schemas.insight import Scalar

Pair = tuple[int, str, str]
"""Line, path, value."""
MOST: Final = 2_000
FEW: Final = 12
MOST_TOLD: Final = 40
_NAMES: Final = frozenset({"name", "variable_name", "variable", "setting_name", "parameter"})
_VALUES: Final = frozenset({"setting", "value", "variable_value", "current_value"})
_SHOW: Final = re.compile(r"\bshow\s+([A-Za-z_][\w.]{2,60})\b", re.IGNORECASE)
_CONFIG_GET: Final = re.compile(r"\bconfig\s+get\b", re.IGNORECASE)
_NUMBERED: Final = re.compile(r"^\s*(\d{1,5})\) \"(.*)\"\s*$")
_PLAIN: Final = re.compile(r"^[a-z][a-z0-9-]{1,60}$")
_OF: Final = re.compile(r"^(\d{1,6})/(\d{1,6})$")
_KINDS: Final = (
    (frozenset({"READY", "UP-TO-DATE", "AVAILABLE"}), "Deployment"),
    (frozenset({"DESIRED", "CURRENT", "READY", "NODE SELECTOR"}), ""),
    (frozenset({"NAME", "READY", "AGE"}), "StatefulSet"),
)
"""Columns of `kubectl get` and whose replicas they count; the first that fits. Daemon sets have one on each node."""


def in_force(step: Step) -> list[Pair]:
    """Return what one output says is in force; nothing of outputs of other kinds."""
    found = [*_replies(step), *(pair for table in tables_of(step.output)[0] for pair in _of_table(table, step.command or ""))]
    found += (pair for table in aligned_tables(step.output, step.command) for pair in _of_cluster(table))
    return found[:MOST]


def reported(step: Step) -> list[Pair]:
    """Return the settings with their values that one output consists of; not what clusters show."""
    return [*_replies(step), *(pair for table in tables_of(step.output)[0] if len(table.columns) > 1 for pair in _of_table(table, ""))][
        :MOST
    ]


def replied(step: Step) -> bool:
    """Whether the output is names and values in turn."""
    return any(True for _ in _replies(step))


def settings_worth_knowing(pairs: Sequence[Pair], command: str | None) -> Iterator[Note]:
    """All of a few, which somebody chose; of many those that limit something or say a state."""
    few = len(pairs) <= FEW
    told = [pair for pair in pairs if few or SETTING_KEY.search(pair[1])]
    for line, name, value in told[:MOST_TOLD]:
        attributes: dict[str, Scalar] = {"path": name, "value": value, "command": command}
        yield Note("setting", f"{name} = {shortened(value, 120)}", line, weight=2.2 if few else 1.6, attributes=attributes)


def _of_table(table: Table, command: str) -> Iterator[Pair]:
    columns = [column.lower() for column in table.columns]
    if len(columns) == 1:
        asked = _SHOW.search(command)
        if asked and asked[1].lower() == columns[0] and len(table.rows) == 1:
            yield table.rows[0].line, columns[0], table.rows[0].cells[0]
        return
    name = next((place for place, column in enumerate(columns) if column in _NAMES), None)
    value = next((place for place, column in enumerate(columns) if column in _VALUES), None)
    if name is None or value is None or "type" in columns:
        return
    unit = columns.index("unit") if "unit" in columns else None
    for row in table.rows:
        if re.fullmatch(r"[A-Za-z_][\w.-]{1,80}", row.cells[name]):
            yield row.line, row.cells[name], _with_unit(row.cells[value], row.cells[unit] if unit is not None else "")


def _with_unit(value: str, unit: str) -> str:
    """`16384` in units of `8kB` is `131072kB` (pg_settings)."""
    paged = re.fullmatch(r"(\d{1,4})([A-Za-z]{1,3})", unit)
    if paged and value.isdecimal() and len(value) < 16:
        return f"{int(value) * int(paged[1])}{paged[2]}"
    return f"{value}{unit}" if value.isdecimal() and unit.isalpha() else value


def _replies(step: Step) -> Iterator[Pair]:
    """Names and values in turn, numbered and quoted as to a person, or bare as to a program."""
    lines = [
        (number, line) for number, line in step.output[: 2 * MOST] if line.strip() or (step.command and _CONFIG_GET.search(step.command))
    ]
    numbered = [(number, found[2]) for number, line in lines if (found := _NUMBERED.match(line[:2000]))]
    asked = step.command is not None and _CONFIG_GET.search(step.command) is not None
    words = numbered if len(numbered) >= 0.8 * len(lines) else [(number, line.strip()) for number, line in lines] if asked else []
    names = words[::2]
    if not names or len(words) < 2 or not all(_PLAIN.match(name) for _, name in names[: len(words) // 2]):
        return
    if asked or len(numbered) >= 4:
        yield from ((line, name, value) for (_, name), (line, value) in zip(names, words[1::2], strict=False))


def _of_cluster(table: Aligned) -> Iterator[Pair]:
    """Replicas wanted of each workload, and the pods of each that run; of `docker service ls` the replicas of services."""
    columns = set(table.columns)
    if {"NAME", "READY", "STATUS", "RESTARTS"} <= columns:
        yield from _running(table)
    elif {"NAME", "MODE", "REPLICAS", "IMAGE"} <= columns:
        yield from ((row.line, f"services.{row['NAME']}.replicas", found[2]) for row in table.rows if (found := _OF.match(row["REPLICAS"])))
    else:
        kind = next((kind for needed, kind in _KINDS if needed <= columns), "")
        for row in table.rows if kind else ():
            if found := _OF.match(row["READY"]):
                yield row.line, f"{kind}/{row['NAME'].rpartition('/')[2]}.spec.replicas", found[2]


def _running(table: Aligned) -> Iterator[Pair]:
    seen: dict[str, tuple[int, int]] = {}
    for row in table.rows:
        name = workload(row["NAME"])
        name = re.sub(r"-\d{1,4}$", "", name) if name == row["NAME"] else name  # a pod of a stateful set
        line, running = seen.get(name, (row.line, 0))
        seen[name] = (line, running + (row["STATUS"] == "Running"))
    yield from ((line, f"Pods/{name}.running", str(running)) for name, (line, running) in seen.items())
