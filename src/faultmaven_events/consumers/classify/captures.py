"""Packet captures as text: tcpdump and tshark."""

import re
from typing import Final

from faultmaven_events.consumers.classify.detector import Detector, Vote
from faultmaven_events.consumers.classify.sample import Sample

_PACKET: Final = re.compile(
    r" *\d+  (?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\.\d{3,9} "
    r"|(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\.\d{6,9} (?:\S+ +(?:In|Out|[BMP]) +)?(?:IP6?|ARP|LLDP|STP"
    r"|[0-9a-f]{2}(?::[0-9a-f]{2}){5}|\S+ > \S+)\b"
)
_BARE: Final = re.compile(r" *\d+  (?:\[Invalid header|IP6? |ARP)|(?:IP6?|ARP),? \S.* > \S+: ")
_DETAIL: Final = re.compile(r"\s+(?:0x[0-9a-f]{4}: |\S+ > \S+: |.*\blength:? \d+)|.*\bFlags \[")
_SHARK: Final = re.compile(r" *\d+ +\d+\.\d{6,9} +\S+ +(?:→|->) +\S+ +[A-Z]\S+ +\d+ ")


def packets(sample: Sample) -> Vote | None:
    """Lines of packets, each with a clock to the microsecond, and their indented details."""
    lines = sample.lines
    heads = sum(_PACKET.match(line) is not None or _BARE.match(line) is not None for line in lines)
    rows = sum(_SHARK.match(line) is not None for line in lines)
    if rows and rows >= 0.6 * len(lines):
        return Vote("capture", "tshark", 0.96, f"{rows} packets listed")
    inside = sum(line[:1].isspace() and not _PACKET.match(line) for line in lines)
    if (
        not heads
        or heads + inside < 0.8 * len(lines)
        or not (_PACKET.match(sample.top) or _BARE.match(sample.top) or "verbose output" in sample.top or "reading from" in sample.top)
    ):
        return None
    detail = sum(_DETAIL.match(line) is not None for line in lines)
    return Vote("capture", "tcpdump", 0.97, f"{heads} packets with a clock, {detail} lines of details")


CAPTURES: Final[tuple[Detector, ...]] = (packets,)
