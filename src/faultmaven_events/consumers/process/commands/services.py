"""What managers of services, containers, queues and databases say in words of their own."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from faultmaven_events.consumers.process.commands.aligned import aligned_tables
from faultmaven_events.consumers.process.commands.kubernetes.naming import EXITS
from faultmaven_events.consumers.process.commands.quantity import quantity, time_in
from faultmaven_events.consumers.process.commands.transcript import Step
from faultmaven_events.consumers.process.note import Note, figure, shortened
from faultmaven_events.schemas.insight import Scalar

_UNIT: Final = re.compile(r"^\s*[●\u00d7○*↻]?\s*([\w@.\\:-]+\.(?:service|timer|socket|mount|target|scope|slice))\b(?: - (.*))?")
_ACTIVE: Final = re.compile(r"^\s+Active: (failed|activating \(auto-restart\)|inactive|deactivating)(.*)$")
_FAILED_UNIT: Final = re.compile(
    r"^[●\u00d7*\s]*([\w@.\\:-]+\.\w+)\s+(loaded|not-found|masked|error)\s+(failed|inactive)\s+(failed|dead)\b(.*)$"
)
_EXITED: Final = re.compile(r"(?:Main PID|Process): (\d+).*\(code=(\w+), (status|signal)=([\w/]+)\)")
_COMMIT: Final = re.compile(r"^commit ([0-9a-f]{7,64})(?: \(.*\))?$")
_DATE: Final = re.compile(r"^(?:Author)?Date: +(.*)$")
_STATUS: Final = re.compile(r"^(Exited|Restarting|Dead|Created|Paused|Up|Removal)\b\s*(?:\((\d+)\))?(.*)$")
_LATEST: Final = re.compile(r"^LATEST DETECTED DEADLOCK|^LATEST FOREIGN KEY ERROR")
_HISTORY: Final = re.compile(r"^History list length (\d+)")
_SEMAPHORE: Final = re.compile(r"has waited at .* for ([\d.]+) seconds the semaphore")
_ALARM: Final = re.compile(
    r"\b(memory|disk)\b[\w ]*alarm[\w ]*(?:set|in effect)|\{?resource_limit,\s*(memory|disk)"
    r"|^\s*(Memory|Free disk space) alarm on node (\S+)",
    re.IGNORECASE,
)
_PARTITION: Final = re.compile(r"^Network Partitions$|partitions,\[(?!\])")
MOST: Final = 20


def units(step: Step) -> Iterator[Note]:
    """`systemctl status` and `list-units`: units that failed or are started again and again."""
    unit, told = "", 0
    for number, line in step.output[:50_000]:
        row = _FAILED_UNIT.match(line[:400])
        if row and row[3] == "failed" and told < MOST:
            told += 1
            yield _unit(number, row[1], f"is failed{': ' + row[5].strip() if row[5].strip() else ''}")
        elif begun := _UNIT.match(line[:300]):
            unit = begun[1]
        elif (active := _ACTIVE.match(line[:300])) and unit and not active[1].startswith("inactive"):
            yield _unit(number, unit, f"is {active[1]}{active[2].split(';')[0].rstrip()}", at=time_in(active[2]))
        elif (exited := _EXITED.search(line[:400])) and unit and exited[4] not in {"0/SUCCESS", "0"}:
            attributes: dict[str, Scalar] = {
                "process": unit,
                "signal": exited[4] if exited[3] == "signal" else None,
                "exit_code": exited[4],
            }
            yield Note(
                "restart",
                f"{unit}: process {exited[1]} ended with {exited[3]} {exited[4]} ({exited[2]}).",
                number,
                weight=3.6,
                component=unit,
                attributes=attributes,
            )


def _unit(number: int, unit: str, how: str, at: datetime | None = None) -> Note:
    attributes: dict[str, Scalar] = {"what": "unit", "name": unit, "namespace": None, "reason": how.split(" ")[1], "detail": how}
    return Note(
        "unhealthy",
        f"Unit {unit} {how}.",
        number,
        weight=4.4,
        component=unit.rpartition(".")[0],
        at=at,
        level="warning",
        attributes=attributes,
    )


def containers(step: Step) -> Iterator[Note]:
    """`docker ps -a`, `docker compose ps` and `crictl ps -a`: what exited in failure, restarts or is unhealthy."""
    for table in aligned_tables(step.output):
        if not {"IMAGE"} <= set(table.columns) or not ({"STATUS", "STATE"} & set(table.columns)):
            continue
        for row in table.rows[:2000]:
            status = row["STATUS"] or row["STATE"]
            found = _STATUS.match(status)
            name = row["NAMES"] or row["NAME"] or row["SERVICE"] or row["POD"]
            code = found[2] if found else None
            bad = found is not None and (found[1] in {"Restarting", "Dead"} or (found[1] == "Exited" and code not in {None, "0"}))
            if bad or "unhealthy" in status:
                meant = f" ({EXITS[code]})" if code in EXITS else ""
                attributes: dict[str, Scalar] = {"what": "container", "name": name, "namespace": None, "reason": status, "exit_code": code}
                text = f"Container {name} ({row['IMAGE']}) is {status}{meant}."
                yield Note("unhealthy", text, row.line, weight=4.2, component=name or None, level="warning", attributes=attributes)


def inspected(step: Step) -> Iterator[Note]:
    """`docker inspect`: out of memory, exit codes, restarts, failing health checks."""
    text = "\n".join(line for _, line in step.output)
    begin = text.find("[")
    if '"State"' not in text or begin < 0 or len(text) > 20_000_000:
        return
    try:
        value, _ = json.JSONDecoder().raw_decode(text, begin)
    except (ValueError, RecursionError):
        return
    places = [number for number, line in step.output if '"State": {' in line]
    states = [one for one in value if isinstance(one, dict) and isinstance(one.get("State"), dict)]
    for one, number in zip(states[:200], places, strict=False):
        yield from _inspected(one, number)


def _inspected(one: dict[str, Any], number: int) -> Iterator[Note]:
    state = one["State"]
    name, code = str(one.get("Name", "")).lstrip("/")[:120], str(state.get("ExitCode", "0"))
    if state.get("OOMKilled") is True:
        held = one.get("HostConfig") if isinstance(one.get("HostConfig"), dict) else {}
        limit = (held or {}).get("Memory")
        said = f" at its limit of {figure(limit)} bytes" if isinstance(limit, int) and limit else ""
        yield Note(
            "limit",
            f"Container {name} was killed for its memory (OOMKilled){said}.",
            number,
            weight=5.2,
            component=name,
            level="error",
            attributes={"what": "memory", "limit": str(limit or "") or None, "value": None},
        )
    health = state.get("Health")
    status = health.get("Status") if isinstance(health, dict) else None
    if code != "0" or state.get("Status") in {"restarting", "dead"} or status == "unhealthy":
        error = f": {shortened(str(state['Error']), 200)}" if state.get("Error") else ""
        meant = f" ({EXITS[code]})" if code in EXITS else ""
        text = f"Container {name} is {state.get('Status')}, exit code {code}{meant}, restarted {one.get('RestartCount', 0)} times{error}"
        text += f"; health: {status}" if status else ""
        attributes: dict[str, Scalar] = {
            "what": "container",
            "name": name,
            "namespace": None,
            "reason": str(state.get("Status")),
            "exit_code": code,
        }
        yield Note("unhealthy", text + ".", number, weight=4.2, component=name, level="warning", attributes=attributes)


def lag(step: Step) -> Iterator[Note]:
    """`kafka-consumer-groups --describe`: how far a group is behind per topic, and groups without members."""
    for table in aligned_tables(step.output):
        if not {"TOPIC", "PARTITION", "LAG"} <= set(table.columns):
            continue
        behind: dict[tuple[str, str], list[tuple[float, int, str]]] = defaultdict(list)
        for row in table.rows:
            if (value := quantity(row["LAG"])) is not None:
                behind[row["GROUP"], row["TOPIC"]].append((value, row.line, row["CONSUMER-ID"]))
        for (group, topic), parts in sorted(behind.items(), key=lambda item: -sum(one[0] for one in item[1]))[:MOST]:
            total, idle = sum(one[0] for one in parts), all(one[2] in {"-", ""} for one in parts)
            if total <= 0:
                continue
            text = f"Group {group} is {figure(total)} messages behind on topic {topic} ({len(parts)} partitions)" + (
                "; it has no members" if idle else ""
            )
            worst = max(parts)
            attributes: dict[str, Scalar] = {"command": step.command, "group": group, "topic": topic, "lag": total, "members": not idle}
            yield Note(
                "row", text + ".", worst[1], weight=4.8 if idle else 3.8, component=group or topic, level="warning", attributes=attributes
            )
    for number, line in step.output[:2000]:
        if found := re.search(r"Consumer group '([^']{1,120})' has no active members", line):
            yield Note(
                "row",
                f"Consumer group {found[1]} has no active members.",
                number,
                weight=4.6,
                component=found[1],
                level="warning",
                attributes={"command": step.command, "group": found[1]},
            )


def databases(step: Step) -> Iterator[Note]:
    """InnoDB's status: deadlocks, waits for semaphores, undo that is not purged; alarms and partitions of RabbitMQ."""
    for number, line in step.output[:100_000]:
        if _LATEST.match(line):
            yield Note("row", f"InnoDB: {line.strip().lower()}.", number, weight=3.6, level="warning", attributes={"command": step.command})
        elif (history := _HISTORY.match(line)) and int(history[1]) >= 100_000:
            yield Note(
                "row",
                f"InnoDB keeps {int(history[1]):,} old row versions: a transaction is open for long.",
                number,
                weight=3.6,
                attributes={"command": step.command, "value": int(history[1])},
            )
        elif waited := _SEMAPHORE.search(line[:400]):
            yield Note(
                "row",
                f"InnoDB: a thread has waited {waited[1]} s for a semaphore.",
                number,
                weight=3.4,
                attributes={"command": step.command},
            )
        elif (alarm := _ALARM.search(line[:300])) and "no alarms" not in line.lower():
            what = next(word for word in alarm.groups() if word)
            yield Note(
                "limit",
                f"RabbitMQ reports an alarm: {shortened(line, 200)}.",
                number,
                weight=4.8,
                component="rabbitmq",
                level="error",
                attributes={"what": what.lower(), "limit": None, "value": None},
            )


def commits(step: Step) -> Iterator[Note]:
    """`git log`: who changed what when, the newest first."""
    told = 0
    lines = list(step.output)
    for place, (number, line) in enumerate(lines):
        found = _COMMIT.match(line)
        if not found or told >= 40:
            continue
        told += 1
        following = lines[place + 1 : place + 12]
        said = next((text for _, text in following if _DATE.match(text)), "")
        at = _moment(_DATE.sub(r"\1", said)) if said else None
        subject = next((text.strip() for _, text in following if text.startswith("    ") and text.strip()), "")
        attributes: dict[str, Scalar] = {"what": subject, "version": found[1][:12], "previous": None}
        yield Note("change", f"Commit {found[1][:12]}: {shortened(subject, 200)}", number, weight=2.0, at=at, attributes=attributes)


def _moment(text: str) -> datetime | None:
    for form in ("%a %b %d %H:%M:%S %Y %z", "%Y-%m-%d %H:%M:%S %z"):
        try:
            return datetime.strptime(text.strip(), form)  # noqa: DTZ007 - both forms end with a zone
        except ValueError:
            continue
    return time_in(text)
