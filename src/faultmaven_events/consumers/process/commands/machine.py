"""What a machine says of itself: load, memory, processes, disks' waiting."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from faultmaven_events.consumers.process.commands.quantity import quantity
from faultmaven_events.consumers.process.commands.transcript import Step
from faultmaven_events.consumers.process.note import Note, figure, shortened
from faultmaven_events.schemas.insight import Scalar

_LOAD: Final = re.compile(r"load averages?: ([\d.]+),? ([\d.]+),? ([\d.]+)")
_CORES: Final = re.compile(r"^\s*(?:CPU\(s\):\s+)?(\d{1,4})\s*$")
_FREE: Final = re.compile(r"^\s*(Mem|Swap)[\w.]*:\s+(\S+)\s+(\S+)\s+(\S+)(?:\s+(\S+)\s+(\S+)(?:\s+(\S+))?)?")
_TASKS: Final = re.compile(r"(\d+) zombie")
_CPU_LINE: Final = re.compile(r"^%?Cpu\(?s?\)?:?")
_CPU_PART: Final = re.compile(r"([\d.]+)[ %]*(us|sy|ni|id|wa|hi|si|st)\b")
_PS: Final = re.compile(r"^\s*(?=.*\bPID\b)(?=.*\b(?:STAT|S|CMD|COMMAND)\b)[A-Z%]+(?:\s+[A-Z%+]+)+\s*$")
_VMSTAT: Final = re.compile(r"^\s*r\s+b\s+swpd\s+free\b")
_IOSTAT: Final = re.compile(r"^Device:?\s+.*%util\s*$")
BUSY: Final = 90.0
MOST: Final = 12


def load(step: Step) -> Iterator[Note]:
    """Load averages, beside the number of cores where the same output tells it."""
    cores = next((int(found[1]) for _, line in step.output if "CPU(s):" in line and (found := _CORES.match(line))), None)
    for number, line in step.output[:2000]:
        if found := _LOAD.search(line):
            one, five, fifteen = (float(value) for value in found.groups())
            high = (cores and one >= 1.5 * cores) or (not cores and one >= 32)
            of = f" on {cores} cores" if cores else ""
            rising = " and rising" if one > 1.5 * fifteen > 1 else ""
            attributes: dict[str, Scalar] = {"command": step.command, "load_1": one, "load_5": five, "load_15": fifteen, "cores": cores}
            text = f"Load is {one:g}, {five:g}, {fifteen:g} over 1, 5 and 15 minutes{of}{rising}."
            yield Note(
                "row",
                text,
                number,
                weight=4.0 if high else 2.4 if rising else 1.4,
                level="warning" if high else None,
                attributes=attributes,
            )
            return


def memory(step: Step) -> Iterator[Note]:
    """`free`: memory of which nearly nothing is available, and swap in use."""
    for number, line in step.output[:2000]:
        found = _FREE.match(line)
        total, used = (quantity(found[2]), quantity(found[3])) if found else (None, None)
        if found is None or not total or used is None:
            continue
        if found[1] == "Mem":
            left = quantity(found[7]) if found[7] else quantity(found[4])
            if left is not None and left <= 0.07 * total:
                attributes: dict[str, Scalar] = {"series": "memory", "limit": total, "value": total - left, "command": step.command}
                text = f"Of {found[2]} of memory {found[7] or found[4]} is available ({100 * left / total:.0f} %)."
                yield Note("saturation", text, number, weight=4.6, component="Mem", attributes=attributes)
        elif used >= 0.5 * total:
            attributes = {"series": "swap", "limit": total, "value": used, "command": step.command}
            text = f"Swap is used to {100 * used / total:.0f} % ({found[3]} of {found[2]})."
            yield Note("saturation", text, number, weight=3.8 if used >= 0.9 * total else 3.0, attributes=attributes)


def top(step: Step) -> Iterator[Note]:
    """The head of `top`: zombies, time the CPU waits for disks, and time that its host took away."""
    for number, line in step.output[:2000]:
        if _CPU_LINE.match(line):
            parts = {name: float(value) for value, name in _CPU_PART.findall(line[:300]) if value.replace(".", "", 1).isdigit()}
            for name, meaning, most in (("wa", "waits for disks", 20.0), ("st", "was taken away by the host", 5.0)):
                if parts.get(name, 0.0) >= most:
                    yield _spent(step, number, f"The CPU {meaning} for {parts[name]:g} % of its time.", name, parts[name])
            if "id" in parts and parts["id"] <= 100 - BUSY - 5:
                busy = 100 - parts["id"]
                yield _spent(step, number, f"The CPU is busy for {busy:g} % of its time ({parts.get('us', 0):g} % user).", "busy", busy)
        elif (zombies := _TASKS.search(line)) and int(zombies[1]) >= 5:
            yield Note(
                "row",
                f"{zombies[1]} processes are zombies.",
                number,
                weight=2.8,
                attributes={"command": step.command, "zombies": int(zombies[1])},
            )


def _spent(step: Step, number: int, text: str, name: str, value: float) -> Note:
    return Note(
        "saturation",
        text,
        number,
        weight=4.0,
        attributes={"series": f"cpu {name}", "limit": 100.0, "value": value, "command": step.command},
    )


def processes(step: Step) -> Iterator[Note]:
    """`ps` and `top`: who uses most CPU and memory, who waits in the kernel (state D), and zombies."""
    header: list[str] = []
    rows: list[tuple[int, dict[str, str]]] = []
    for number, line in step.output:
        if _PS.match(line[:400]):
            header = line.split()
        elif header and line.strip() and len(rows) < 100_000:
            cells = line[:600].split(None, len(header) - 1)
            if len(cells) == len(header):
                rows.append((number, dict(zip(header, cells, strict=True))))
    yield from _greedy(step, rows)
    yield from _stuck(step, rows)


def _name(row: dict[str, str]) -> str:
    said = row.get("COMMAND") or row.get("CMD") or "a process"
    return shortened(said, 80)


def _greedy(step: Step, rows: Sequence[tuple[int, dict[str, str]]]) -> Iterator[Note]:
    for column, least, what in (("%CPU", 80.0, "CPU"), ("%MEM", 25.0, "memory")):
        used = sorted(
            ((share, number, row) for number, row in rows if (share := quantity(row.get(column, ""))) is not None), key=lambda one: -one[0]
        )
        for share, number, row in used[:3]:
            if share >= least:
                attributes: dict[str, Scalar] = {"command": step.command, "process": _name(row), "pid": row.get("PID"), column: share}
                text = f"Process {row.get('PID', '?')} ({_name(row)}) uses {share:g} % {what}."
                name = (row.get("COMMAND") or row.get("CMD") or "?").split()[0].rpartition("/")[2].rstrip(":")
                yield Note("row", text, number, weight=3.2, component=name, attributes=attributes)


def _stuck(step: Step, rows: Sequence[tuple[int, dict[str, str]]]) -> Iterator[Note]:
    for letter, meaning, least in (("D", "wait in the kernel (state D: disk or network storage)", 2), ("Z", "are zombies", 5)):
        held = [(number, row) for number, row in rows if row.get("STAT", row.get("S", "")).startswith(letter)]
        if len(held) >= least:
            names = ", ".join(dict.fromkeys(_name(row)[:40] for _, row in held[:6]))
            attributes: dict[str, Scalar] = {"command": step.command, "state": letter, "count": len(held), "of": len(rows)}
            text = f"{len(held)} of {len(rows)} processes {meaning}: {names}."
            yield Note(
                "row", text, held[0][0], weight=3.8 if letter == "D" else 2.6, count=len(held), level="warning", attributes=attributes
            )


def pressure(step: Step) -> Iterator[Note]:
    """`vmstat` and `iostat -x`: runnable processes, swapping, waiting for disks, and disks that are busy all the time."""
    header: list[str] = []
    told = 0
    for number, line in step.output[:100_000]:
        if _VMSTAT.match(line) or _IOSTAT.match(line):
            header = line.replace(":", "").split()
            continue
        cells = line.split()
        if not header or len(cells) != len(header) or told >= MOST:
            continue
        row = dict(zip(header, cells, strict=True))
        if (busy := quantity(row.get("%util", ""))) is not None and busy >= BUSY:
            told += 1
            attributes: dict[str, Scalar] = {"series": f"{row['Device']} %util", "limit": 100.0, "value": busy, "command": step.command}
            yield Note(
                "saturation",
                f"Disk {row['Device']} is busy for {busy:g} % of the time.",
                number,
                weight=4.4,
                component=row["Device"],
                attributes=attributes,
            )
        elif (waiting := quantity(row.get("wa", ""))) is not None and (waiting >= 25 or (quantity(row.get("so", "")) or 0) >= 1000):
            told += 1
            text = f"The CPU waits for disks for {waiting:g} % of its time; swapped in and out: {row.get('si')}, {row.get('so')} kB/s."
            yield Note(
                "saturation",
                text,
                number,
                weight=3.6,
                attributes={"series": "cpu wa", "limit": 100.0, "value": waiting, "command": step.command},
            )


def limits(step: Step) -> Iterator[Note]:
    """`ulimit -a`: open files and processes."""
    for number, line in step.output[:200]:
        found = re.match(r"^(open files|max user processes|core file size|max locked memory)\s+\(.*?\)\s+(\S+)\s*$", line)
        if found:
            yield Note(
                "setting",
                f"{found[1]} = {found[2]}",
                number,
                weight=1.8,
                attributes={"path": found[1], "value": found[2], "command": step.command},
            )


def open_files(step: Step) -> Iterator[Note]:
    """`lsof`: which process holds most files, and files that are deleted but still open."""
    held: dict[str, tuple[int, int]] = {}
    deleted: list[int] = []
    inside = False
    for number, line in step.output:
        if line.startswith("COMMAND") and " FD " in line:
            inside = True
            continue
        cells = line[:400].split(None, 2)
        if inside and len(cells) == 3 and cells[1].isdecimal():
            key = f"{cells[0]} ({cells[1]})"
            held[key] = (held.get(key, (0, number))[0] + 1, held.get(key, (0, number))[1])
            if "(deleted)" in line[-40:]:
                deleted.append(number)
    for key, (count, number) in sorted(held.items(), key=lambda item: -item[1][0])[:1]:
        if count >= 500:
            yield Note(
                "row",
                f"{key} holds {figure(count)} open files, the most of all.",
                number,
                weight=2.8,
                component=key.split(" ")[0],
                count=count,
                attributes={"command": step.command, "files": count},
            )
    if len(deleted) >= 3:
        yield Note(
            "row",
            f"{len(deleted)} files are deleted but still open: their space is not free.",
            deleted[0],
            weight=2.6,
            count=len(deleted),
            attributes={"command": step.command},
        )
