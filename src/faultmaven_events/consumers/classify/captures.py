"""Packet captures as text: tcpdump and tshark."""

import re
from typing import Final

from faultmaven_events.consumers.classify.detector import Detector, Vote
from faultmaven_events.consumers.classify.sample import Sample

_PACKET: Final = re.compile(
    r" *\d+  (?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\.\d{3,9} "
    r"|(?:(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d|1\d{9})\.\d{6,9} (?:\S+ +(?:In|Out|[BMP]) +)?(?:IP6?|ARP|LLDP|STP"
    r"|[0-9a-f]{2}(?::[0-9a-f]{2}){5}|\S+ > \S+)\b"
)
_BARE: Final = re.compile(r" *\d+  (?:\[Invalid header|IP6? |ARP)|(?:IP6?|ARP),? \S.* > \S+: ")
_DETAIL: Final = re.compile(r"\s+(?:0x[0-9a-f]{4}: |\S+ > \S+: |.*\blength:? \d+)|.*\bFlags \[")
_SHARK: Final = re.compile(
    r" *\d+ +\d+\.\d{6,9} +\S+ +(?:→ +|-> +)?\S+ +[A-Z]\S+ +\d+ |\"\d+\",\"\d+\.\d{6,9}\",\"[^\"]+\",\"[^\"]+\",\"[A-Z][^\"]*\",\"\d+\","
)
_HEX: Final = re.compile(r"\s*0x[0-9a-f]{4,8}:  (?:[0-9a-f]{2,4} ){1,16}")


_PREAMBLE: Final = re.compile(
    r"(?:tcpdump|dropped privs|listening on|reading from|Running as user|Capturing on|\d+ packets? (?:captured|received|dropped))\b"
)
_FRAME: Final = re.compile(
    r"Frame \d+: \d+ bytes on wire|(?:Ethernet II|Internet Protocol Version \d|Transmission Control Protocol|User Datagram Protocol), Src"
)
_LISTED: Final = re.compile(r'"?No\."?(?:,| +)"?Time"?(?:,| +)"?Source"?(?:,| +)"?Destination"?(?:,| +)"?Protocol')


def _dissected(lines: list[str]) -> Vote | None:
    """Packets as Wireshark exports them: layer by layer, or listed below its column names."""
    if _LISTED.match(lines[0]):
        return Vote("capture", "tshark", 0.97, "the column names of a packet list")
    layers = sum(_FRAME.match(line) is not None for line in lines)
    return Vote("capture", "tshark", 0.96, f"{layers} layers of packets") if layers >= 2 and layers >= 0.1 * len(lines) else None


def packets(sample: Sample) -> Vote | None:
    """Lines of packets, each with a clock to the microsecond, and their indented details."""
    lines = [line for line in sample.lines if not _PREAMBLE.match(line)] or sample.lines
    if dissected := _dissected(lines):
        return dissected
    heads = sum(_PACKET.match(line) is not None or _BARE.match(line) is not None for line in lines)
    rows = sum(_SHARK.match(line) is not None for line in lines)
    if rows and rows >= 0.6 * len(lines):
        return Vote("capture", "tshark", 0.96, f"{rows} packets listed")
    dumped = sum(_HEX.match(line) is not None for line in lines)
    if dumped >= 0.6 * len(lines) and not heads:
        return Vote("capture", "tcpdump", 0.9, f"{dumped} lines of bytes in hexadecimal")
    inside = sum(line[:1].isspace() and not _PACKET.match(line) for line in lines)
    if (
        not heads
        or heads + inside < 0.8 * len(lines)
        or not (heads >= 0.3 * len(lines) or _PACKET.match(lines[0]) or _BARE.match(lines[0]))
    ):
        return None
    detail = sum(_DETAIL.match(line) is not None for line in lines)
    return Vote("capture", "tcpdump", 0.97, f"{heads} packets with a clock, {detail} lines of details")


CAPTURES: Final[tuple[Detector, ...]] = (packets,)
