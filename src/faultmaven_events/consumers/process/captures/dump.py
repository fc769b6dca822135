"""What packets say: refused and unanswered connections, resets, packets sent again, full receivers, names without answer, TLS alerts."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeVar

from faultmaven_events.consumers.process.captures.packet import Packet
from faultmaven_events.consumers.process.note import Note, shortened
from faultmaven_events.consumers.process.traces.operation import lasting
from faultmaven_events.consumers.process.traces.span import moment
from faultmaven_events.schemas.insight import Level, Scalar

MOST_FLOWS: Final = 200_000
MOST_SEEN: Final = 1_000_000
"""Sequence numbers that are remembered to recognise what is sent again."""
_PATIENCE_S: Final = 3.0
"""Seconds of the capture after an attempt from which on a missing answer means something."""
MOST: Final = 12
_ASKED: Final = re.compile(
    r"^(?:DNS Standard query 0x)?([0-9a-f]{1,6})[+*%-]{0,3}(?: \[[^\]]{1,40}\])? "
    r"(A|AAAA|CNAME|MX|SRV|TXT|PTR|NS|HTTPS|SOA)\?? ([\w.-]{1,255})"
)
_ANSWERED: Final = re.compile(
    r"^(?:DNS Standard query response 0x)?([0-9a-f]{1,6})[*|-]{0,3} "
    r"(?:q: |(NXDomain|ServFail|Refused|No such name|Server failure|FormErr)|\d)"
)
_BAD_NAME: Final = re.compile(r"NXDomain|ServFail|\bRefused\b|No such name|Server failure|FormErr")
_NAMED: Final = re.compile(r"(?:q: \w{1,6}\? |name (?:A|AAAA) )([\w.-]{1,255})")
_UNREACHABLE: Final = re.compile(r"((?:[\w.:<>-]{1,80} ){0,5}unreachable(?: - [\w ]{1,60})?)", re.IGNORECASE)
_ALERT: Final = re.compile(r"Alert \(Level: (\w+), Description: ([\w ]{1,60})\)")


_Key = TypeVar("_Key")


@dataclass(slots=True)
class Try:
    """One attempt to connect."""

    syn: Packet
    again: int = 0
    answered: float | None = None
    refused: bool = False


@dataclass(slots=True)
class Dump:
    """What is kept of all packets; everything is bounded."""

    count: int = 0
    first: float | None = None
    last: float | None = None
    tries: dict[tuple[str, str | None, str, str | None], Try] = field(default_factory=dict)
    resets: dict[tuple[str, str], list[Packet]] = field(default_factory=lambda: defaultdict(list))
    seen: set[tuple[str, str | None, str, str | None, str]] = field(default_factory=set)
    resent: dict[tuple[str, str], list[Packet]] = field(default_factory=lambda: defaultdict(list))
    sent: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    full: dict[tuple[str, str], list[Packet]] = field(default_factory=lambda: defaultdict(list))
    unreachable: dict[str, list[Packet]] = field(default_factory=lambda: defaultdict(list))
    asked: dict[tuple[str, str | None, str], tuple[Packet, str]] = field(default_factory=dict)
    unresolved: dict[tuple[str, str], list[Packet]] = field(default_factory=lambda: defaultdict(list))
    alerts: dict[tuple[str, str, str], list[Packet]] = field(default_factory=lambda: defaultdict(list))


def gathered(packets: Iterable[Packet]) -> Dump:
    """Go through all packets once."""
    dump = Dump()
    for packet in packets:
        dump.count += 1
        if packet.at is not None:
            dump.first = packet.at if dump.first is None else min(dump.first, packet.at)
            dump.last = packet.at if dump.last is None else max(dump.last, packet.at)
        if packet.flags:
            _tcp(dump, packet)
        else:
            _other(dump, packet)
    return dump


def _tcp(dump: Dump, packet: Packet) -> None:
    if "S" in packet.flags and "." not in packet.flags:
        if packet.flow in dump.tries and dump.tries[packet.flow].answered is None:
            dump.tries[packet.flow].again += 1
        elif len(dump.tries) < MOST_FLOWS:
            dump.tries[packet.flow] = Try(packet)
    elif "S" in packet.flags:
        if (one := dump.tries.get(packet.back)) and one.answered is None:
            one.answered = (packet.at or 0.0) - (one.syn.at or 0.0)
    elif "R" in packet.flags:
        one = dump.tries.get(packet.back)
        if one is not None and one.answered is None:
            one.refused = True
        else:
            dump.resets[packet.source, packet.server].append(packet)
    elif packet.window == 0:
        dump.full[packet.source, packet.server].append(packet)
    _data(dump, packet)


def _data(dump: Dump, packet: Packet) -> None:
    """Count what carries data, and tell what was sent before."""
    pair = (packet.source, packet.server)
    dump.sent[pair] += packet.length > 0
    if packet.length > 0 and packet.sequence:
        key = (*packet.flow, packet.sequence)
        if key in dump.seen or "Retransmission]" in packet.info:
            dump.resent[pair].append(packet)
        elif len(dump.seen) < MOST_SEEN:
            dump.seen.add(key)


def _other(dump: Dump, packet: Packet) -> None:
    if alert := _ALERT.search(packet.info):
        dump.alerts[packet.source, packet.target, f"{alert[1]}: {alert[2]}"].append(packet)
    elif "unreachable" in packet.info.lower() and (found := _UNREACHABLE.search(packet.info)):
        dump.unreachable[found[1].strip()].append(packet)
    elif answer := _ANSWERED.match(packet.info):
        question = dump.asked.pop((packet.target, packet.target_port, answer[1]), None) or dump.asked.pop(
            (packet.target, None, answer[1]), None
        )
        if bad := _BAD_NAME.search(packet.info):
            name = (
                question[1] if question else (re.search(r"(?:q: \w+\? |name (?:A|AAAA) )([\w.-]{1,255})", packet.info) or ["", "a name"])[1]
            )
            dump.unresolved[name.rstrip("."), bad[0]].append(packet)
    elif (asked := _ASKED.match(packet.info)) and len(dump.asked) < MOST_FLOWS:
        dump.asked[packet.source, packet.source_port, asked[1]] = (packet, asked[3])


def told(dump: Dump) -> Iterator[Note]:
    """Notes on everything that went wrong."""
    yield from _handshakes(dump)
    for (source, server), several in _most(dump.resets):
        yield _note(several, "reset", f"{source} resets its connections with {server} {_times(several)}.", 3.6, source, server)
    for (source, server), several in _most(dump.resent):
        of = dump.sent[source, server]
        if len(several) >= 3 or len(several) >= 0.1 * of:
            share = f", {100 * len(several) / of:.0f} % of {of:,} with data" if of else ""
            text = f"{source} sends {len(several):,} packets to {server} again{share}: packets or their confirmations are lost."
            yield _note(several, "retransmission", text, 3.4 + min(1.0, len(several) / max(of, 1)), source, server)
    for (source, server), several in _most(dump.full):
        text = f"{source} tells {server} {_times(several)} that it can take nothing more (window 0): the program there reads too slowly."
        yield _note(several, "zero_window", text, 4.0, source, server)
    for what, several in _most(dump.unreachable):
        yield _note(
            several,
            "unreachable",
            f"{several[0].source} reports {_times(several)}: {shortened(what, 160)}.",
            4.2,
            several[0].source,
            several[0].target,
        )
    yield from _names(dump)
    for (source, target, what), several in _most(dump.alerts):
        text = f"{source} ends TLS with {target} {_times(several)} with an alert ({what})."
        yield _note(several, "tls_alert", text, 4.4 if "Close Notify" not in what else 1.0, source, target)


def _handshakes(dump: Dump) -> Iterator[Note]:
    by_server: dict[str, list[Try]] = defaultdict(list)
    for one in dump.tries.values():
        by_server[one.syn.server].append(one)
    ranked = sorted(by_server.items(), key=lambda item: -sum(one.answered is None for one in item[1]))
    for server, tries in ranked[:MOST]:
        refused = [one for one in tries if one.refused]
        silent = [one for one in tries if one.answered is None and not one.refused]
        late = [one for one in tries if one.answered is not None and one.answered >= 0.5]
        of = f"{len(tries):,} attempts"
        if refused:
            text = f"{server} refuses connections (connection refused): {len(refused):,} of {of} from {refused[0].syn.source} get a reset."
            yield _note([one.syn for one in refused], "refused", text, 5.0, refused[0].syn.source, server)
        silent = [one for one in silent if one.again or (dump.last or 0.0) - (one.syn.at or 0.0) >= _PATIENCE_S]
        if silent:
            again = sum(one.again for one in silent)
            text = f"{server} does not answer {len(silent):,} of {of} to connect from {silent[0].syn.source}"
            text += f" (tried again {again:,} times): no way, a filter, or a full backlog." if again else "."
            yield _note([one.syn for one in silent], "no_answer", text, 4.8 if again else 3.6, silent[0].syn.source, server)
        if late:
            worst = max(one.answered or 0.0 for one in late)
            text = f"{server} takes up to {lasting(worst)} to accept a connection ({len(late):,} of {of} slow)."
            yield _note([one.syn for one in late], "slow_handshake", text, 3.6, late[0].syn.source, server)


def _names(dump: Dump) -> Iterator[Note]:
    for (name, why), several in _most(dump.unresolved):
        text = f"The name {name} does not resolve: {why}, {_times(several)} for {several[0].target}."
        yield _note(several, "dns_failure", text, 4.4, several[0].target, name)
    silent: dict[str, list[Packet]] = defaultdict(list)
    for packet, _ in dump.asked.values():
        silent[packet.server].append(packet)
    for server, several in _most(silent):
        if len(several) >= 2:
            text = f"The name server {server} does not answer {len(several):,} questions of {several[0].source}."
            yield _note(several, "dns_silence", text, 4.2, several[0].source, server)


def _most(found: dict[_Key, list[Packet]]) -> list[tuple[_Key, list[Packet]]]:
    return sorted(found.items(), key=lambda item: (-len(item[1]), item[1][0].line))[:MOST]


def _times(several: list[Packet]) -> str:
    return "once" if len(several) == 1 else f"{len(several):,} times"


def _note(  # noqa: PLR0917 - one per field
    several: list[Packet], finding: str, text: str, weight: float, source: str, target: str
) -> Note:
    host, _, port = target.rpartition(":")
    attributes: dict[str, Scalar] = {
        "finding": finding,
        "source": source,
        "target": host or target,
        "port": int(port) if port.isdecimal() and len(port) <= 5 else None,
        "count": len(several),
    }
    level: Level = "error" if weight >= 4 else "warning"
    first, last = several[0].at, several[-1].at
    return Note(
        "network",
        text,
        several[0].line,
        weight=weight,
        component=host or target,
        at=moment(first) if first else None,
        until=moment(last) if last else None,
        count=len(several),
        level=level,
        attributes=attributes,
    )
