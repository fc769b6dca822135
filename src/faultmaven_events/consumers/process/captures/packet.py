"""Lines of tcpdump and tshark as packets. Shapes of the lines from the manual pages tcpdump(1) and tshark(1)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_CLOCK: Final = re.compile(r"^\s{0,8}(?:\d{1,9}\s\s)?(?:(\d{4}-\d\d-\d\d)[ T])?(\d\d):(\d\d):(\d\d)(\.\d{1,9})?\s")
_EPOCH: Final = re.compile(r"^\s{0,8}(\d{9,10}\.\d{1,9})\s")
_PAIR: Final = re.compile(r"(?:^|\s)([\w:.<>\[\]-]{1,80}) > ([\w:.<>\[\]-]{1,80}): (.*)$")
_TSHARK: Final = re.compile(r"^\s{0,12}\d{1,9}\s+(\d{1,10}\.\d{1,9})\s+(\S{1,80})\s+(?:→|->)\s+(\S{1,80})\s+(\S{1,20})\s+\d{1,7}\s+(.*)$")
_PORTS: Final = re.compile(r"^(?:\[[^\]]{1,60}\]\s+)*(\d{1,5})\s+(?:→|->)\s+(\d{1,5})\b")
_FLAGS: Final = re.compile(r"Flags \[([SFRPWEU.none]{1,10})\]")
_SHARK_FLAGS: Final = re.compile(r"\[([A-Z, ]{3,30})\]\s+Seq=")
_SEQ: Final = re.compile(r"\bseq (\d{1,12})(?::(\d{1,12}))?")
_WINDOW: Final = re.compile(r"\b[Ww]in[ =](\d{1,8})")
_LENGTH: Final = re.compile(r"\b(?:length |Len=)(\d{1,7})")
LONGEST: Final = 1000


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet. `at` in seconds since 1970, midnight or the beginning, as the file has it; ports are None where there are none."""

    line: int
    at: float | None
    source: str
    source_port: str | None
    target: str
    target_port: str | None
    info: str
    flags: str = ""
    """Of TCP, as tcpdump writes them: S, F, R, P and `.` for ACK; empty for other protocols."""
    sequence: str | None = None
    window: int | None = None
    length: int = 0

    @property
    def flow(self) -> tuple[str, str | None, str, str | None]:
        """Both ends, in the direction of the packet."""
        return self.source, self.source_port, self.target, self.target_port

    @property
    def back(self) -> tuple[str, str | None, str, str | None]:
        """The flow of the answers."""
        return self.target, self.target_port, self.source, self.source_port

    @property
    def server(self) -> str:
        """Where it goes to, as people write it."""
        return f"{self.target}:{self.target_port}" if self.target_port else self.target


def packets(lines: Iterable[tuple[int, str]]) -> Iterator[Packet]:
    """Yield the packets of lines numbered from 1. A time on a line of its own (`tcpdump -v`) counts for the lines below it."""
    at: float | None = None
    for number, raw in lines:
        line = raw[:LONGEST]
        if shark := _TSHARK.match(line):
            yield _shark(number, shark)
            continue
        if (clock := _time(line)) is not None:
            at = clock
        if " > " in line and (pair := _PAIR.search(line)):
            yield _dump(number, at, pair)


def _time(line: str) -> float | None:
    if found := _EPOCH.match(line):
        return float(found[1])
    found = _CLOCK.match(line)
    if found is None:
        return None
    seconds = int(found[2]) * 3600 + int(found[3]) * 60 + int(found[4]) + float(found[5] or 0)
    try:
        day = datetime.fromisoformat(found[1]).replace(tzinfo=UTC).timestamp() if found[1] else 0.0
    except ValueError:
        day = 0.0
    return day + seconds


def _dump(number: int, at: float | None, pair: re.Match[str]) -> Packet:
    info = pair[3]
    flags, seq, window, length = _FLAGS.search(info), _SEQ.search(info), _WINDOW.search(info), _LENGTH.search(info)
    source, source_port = _end(pair[1])
    target, target_port = _end(pair[2])
    return Packet(
        number,
        at,
        source,
        source_port,
        target,
        target_port,
        info,
        flags=flags[1] if flags else "",
        sequence=seq[0] if seq else None,
        window=int(window[1]) if window else None,
        length=int(length[1]) if length else 0,
    )


def _shark(number: int, found: re.Match[str]) -> Packet:
    info = found[5]
    ports, flags = _PORTS.search(info), _SHARK_FLAGS.search(info)
    letters = (
        "".join({"SYN": "S", "FIN": "F", "RST": "R", "PSH": "P", "ACK": "."}.get(word.strip(), "") for word in flags[1].split(","))
        if flags
        else ""
    )
    seq, window, length = re.search(r"Seq=\d{1,12}", info), _WINDOW.search(info), _LENGTH.search(info)
    return Packet(
        number,
        float(found[1]),
        found[2],
        ports[1] if ports else None,
        found[3],
        ports[2] if ports else None,
        f"{found[4]} {info}",
        flags=letters,
        sequence=seq[0] if seq else None,
        window=int(window[1]) if window else None,
        length=int(length[1]) if length else 0,
    )


def _end(text: str) -> tuple[str, str | None]:
    """Host and port of `10.0.0.1.443`, `10.0.0.1.https`, `fe80::1.53`, `10.0.0.1`."""
    host, _, port = text.rpartition(".")
    is_port = port.isdecimal() or (port.isalpha() and not port[0].isupper())
    whole_ip = re.fullmatch(r"(?:\d{1,3}\.){3}\d{1,3}", text) is not None
    return (host, port) if host and is_port and not whole_ip else (text, None)
