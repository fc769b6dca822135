"""What output tells that is no table: keys with values, counts, sockets, dates of validity, clocks, short answers."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from faultmaven_events.consumers.process.commands import vocabulary
from faultmaven_events.consumers.process.commands.quantity import quantity, time_in
from faultmaven_events.consumers.process.commands.transcript import Step
from faultmaven_events.consumers.process.note import Note, figure, shortened
from faultmaven_events.schemas.insight import Scalar

Lines = Sequence[tuple[int, str]]
_PAIR = re.compile(r"^\s*\"?([A-Za-z_][\w .%/()\-]{0,60}?)\"?\s*[:=]\s*(\S.*)$")
_COUNT = re.compile(r"^\s*(\d{1,12})\s+(\S.{0,200})$")
_LISTEN = re.compile(r"(?:^|\s)\(?LISTEN(?:ING)?\)?(?:\s|$)")
_SOCKET = re.compile(r"(?<!\S)(\[[0-9a-fA-F:.]*\]|[\w.*:-]*?)[:.](\d{1,5})(?=\s|$)")
_OWNERS = (
    re.compile(r"users:\(\(\"([^\"]+)\""),
    re.compile(r"\s\d+/([\w.-]+)"),
    re.compile(r"^(?!tcp|udp|LISTEN)([A-Za-z][\w.-]*)\s+\d+\s+\w"),
)
_CLOCK_OFF = re.compile(r"([\d.]+) seconds? (?:slow|fast)")
_INDEX = re.compile(r'^\s+"([^"]+)".*?\(([^)]*)\)')
NEAR = 0.95
SHORT = 3


def sockets(output: Lines) -> Iterator[Note]:
    """Addresses in a listening state, as ss, netstat and lsof print them."""
    for number, line in output:
        if _LISTEN.search(line[:400]) and (socket := _SOCKET.search(line[:400])) and int(socket[2]) < 65536:
            process = _process(line[:600])
            attributes: dict[str, Scalar] = {"address": socket[1] or "*", "port": int(socket[2]), "process": process}
            who = process or "Something"
            yield Note(
                "listening",
                f"{who} listens on {socket[1] or '*'}:{socket[2]}.",
                number,
                weight=2.5,
                component=process,
                attributes=attributes,
            )


def _process(line: str) -> str | None:
    """Who owns a socket: `users:(("nginx",...` of ss, `812/sshd` of netstat, the first word of lsof."""
    for pattern in _OWNERS:
        if owner := pattern.search(line):
            return owner[1]
    return None


def pairs_of(lines: Lines) -> list[tuple[int, str, str]]:
    """(line, key, value) of lines such as `used_memory:123`, `maxmemory = 0`, `Leap status : Normal`."""
    return [(number, match[1].strip(), match[2].strip()) for number, line in lines if (match := _PAIR.match(line[:500]))]


def pairs_worth_knowing(pairs: Sequence[tuple[int, str, str]], step: Step) -> Iterator[Note]:
    """Values at their limit, errors that were counted, and what looks like a limit or a state."""
    yield from _at_limit(pairs)
    for number, key, value in pairs:
        count = quantity(value.rpartition("=")[2])
        is_error = vocabulary.ERROR_KEY.search(key) is not None
        if is_error and count:
            text = f"{key} is {shortened(value, 80)}."
            yield Note(
                "row",
                text,
                number,
                weight=3.0,
                count=int(min(count, 1e15)) if count >= 1 else 1,
                attributes={"command": step.command, "key": key, "value": value},
            )
        elif (off := _CLOCK_OFF.search(value)) and float(off[1]) >= 1:
            yield Note("clock_skew", f"{key} is {value}.", number, weight=4.0, attributes={"seconds": float(off[1])})
        elif (vocabulary.BAD.search(value[:200]) or (vocabulary.RESTARTS.match(key.replace(" ", "_")) and count)) and len(value) < 200:
            yield Note(
                "row",
                f"{key} is {value}.",
                number,
                weight=3.0,
                level="warning",
                attributes={"command": step.command, "key": key, "value": value},
            )
        elif vocabulary.SETTING_KEY.search(key) and not is_error:
            weight = 1.6
            yield Note(
                "setting",
                f"{key} = {shortened(value, 120)}",
                number,
                weight=weight,
                attributes={"path": key, "value": value, "command": step.command},
            )


def _stem(key: str) -> tuple[str, bool, bool]:
    """What a key measures, and whether it names what is used or the most there can be."""
    words = re.findall(r"[a-z]+", re.sub(r"^max(?=[a-z])", "max_", key.lower()))
    rest = [word.rstrip("s") for word in words if word not in vocabulary.USED_WORDS | vocabulary.MOST_WORDS]
    return " ".join(rest), any(word in vocabulary.USED_WORDS for word in words), any(word in vocabulary.MOST_WORDS for word in words)


def _at_limit(pairs: Sequence[tuple[int, str, str]]) -> Iterator[Note]:
    used: dict[str, tuple[int, str, float]] = {}
    most: dict[str, tuple[int, str, float]] = {}
    for number, key, value in pairs:
        size = quantity(value)
        stem, is_used, is_most = _stem(key)
        if size is not None and stem and is_used != is_most and not key.endswith("_human"):
            (most if is_most else used).setdefault(stem, (number, key, size))
    for stem, (number, key, size) in used.items():
        if stem in most and most[stem][2] > 0 and size >= NEAR * most[stem][2]:
            other, limit_key, limit = most[stem]
            text = f"{key} is {figure(size)}, {100 * size / limit:.1f} % of {limit_key} {figure(limit)}."
            lines = sorted((number, other))
            yield Note("saturation", text, lines[0], lines[1], weight=5.0, attributes={"series": key, "limit": limit, "value": size})


def counts_worth_knowing(lines: Lines, step: Step) -> Iterator[Note]:
    """Lines of `uniq -c`: how often, what, and its share."""
    rows = [(number, int(match[1]), match[2].strip()) for number, line in lines if (match := _COUNT.match(line[:300]))]
    total = sum(count for _, count, _ in rows)
    if len(rows) < 2 or len(rows) < 0.8 * len(lines) or not total:
        return
    for number, count, what in sorted(rows, key=lambda row: -row[1])[:10]:
        weight = 2.4 + (1.6 if vocabulary.BAD.search(what) else 0.0) * (count / total)
        text = f"{count} of {total} ({100 * count / total:.0f} %) are {shortened(what, 120)}."
        yield Note(
            "row",
            text,
            number,
            weight=weight,
            count=count,
            attributes={"command": step.command, "value": what, "count": count, "total": total},
        )


def indexes(lines: Lines, columns: Sequence[str], title: str, step: Step) -> Iterator[Note]:
    r"""The indexes that psql's \d lists, and the columns that none of them begins with."""
    found = [(number, match[1], match[2]) for number, line in lines if (match := _INDEX.match(line[:500]))]
    if not any(line.startswith("Indexes:") for _, line in lines) or not found:
        return
    leading = {columns_of.split(",")[0].split()[0].strip('"') for _, _, columns_of in found if columns_of.strip()}
    bare = [column for column in columns if column not in leading]
    table = title.replace("Table", "").strip().strip('"')
    indexed = ", ".join(inner for _, _, inner in found)
    text = f"Table {table} has indexes on {indexed}; none begins with {', '.join(bare[:12]) or 'another column'}."
    attributes: dict[str, Scalar] = {
        "command": step.command,
        "table": table,
        "indexed": ", ".join(sorted(leading)),
        "not_indexed": ", ".join(bare[:20]),
    }
    yield Note("row", text, found[0][0], found[-1][0], weight=3.6, component=table or None, attributes=attributes)


def clock(step: Step) -> tuple[int, datetime] | None:
    """The time that a command for it printed."""
    if step.command and vocabulary.CLOCK_COMMAND.search(step.command):
        for number, line in step.output:
            if at := time_in(line):
                return number, at
    return None


def subject(pairs: Sequence[tuple[int, str, str]]) -> str | None:
    """Whose certificate it is: the common name of its subject."""
    for _, key, value in pairs:
        if key.lower() in {"subject", "common name", "cn"}:
            common = re.search(r"\bCN\s*=\s*([^,/]+)", value)
            return (common[1] if common else value).strip()
    return None


def validity(lines: Lines, now: datetime | None, subject: str | None) -> Iterator[Note]:
    """When something begins and ceases to be valid, seen from the clock of the same transcript."""
    for number, key, value in pairs_of(lines):
        at = time_in(value)
        begins, ends = vocabulary.VALID_FROM.match(key), vocabulary.VALID_UNTIL.match(key)
        if at is None or not (begins or ends):
            continue
        what = f"Validity of {subject}" if subject else "Validity"
        verb = "begins" if begins else "ends"
        wrong = now is not None and (now < at if begins else now > at)
        text = f"{what} {verb} at {at:%Y-%m-%dT%H:%M:%SZ}"
        if now is not None:
            state = ("not yet valid" if begins else "expired") if wrong else "valid"
            text += f"; the clock printed beside it shows {now:%Y-%m-%dT%H:%M:%SZ}: {state}"
        attributes: dict[str, Scalar] = {
            "what": subject,
            "edge": "begin" if begins else "end",
            "expired": wrong if now is not None else None,
        }
        yield Note(
            "validity",
            text + ".",
            number,
            weight=5.0 if wrong else 2.6,
            component=subject,
            at=at,
            level="error" if wrong else None,
            attributes=attributes,
        )


def short_answer(step: Step, lines: Lines) -> Iterator[Note]:
    """The whole answer of a command that printed little."""
    told = [(number, line) for number, line in lines if line.strip()]
    if step.command and 0 < len(told) <= SHORT:
        answer = " / ".join(shortened(line, 160) for _, line in told)
        attributes: dict[str, Scalar] = {"command": step.command, "answer": answer, "host": step.host}
        weight = 1.8 + (1.6 if vocabulary.BAD.search(answer) else 0.0)
        yield Note(
            "row",
            f"`{shortened(step.command, 160)}` answered: {answer}",
            told[0][0],
            told[-1][0],
            weight=weight,
            at=time_in(answer),
            attributes=attributes,
        )


def bad_lines(lines: Lines, step: Step) -> Iterator[Note]:
    """Free lines that speak of something bad."""
    found = [(number, line) for number, line in lines if vocabulary.BAD.search(line[:500]) and not _PAIR.match(line[:500])]
    for number, line in found[:15]:
        yield Note("row", shortened(line, 300), number, weight=2.2, level="warning", attributes={"command": step.command})
