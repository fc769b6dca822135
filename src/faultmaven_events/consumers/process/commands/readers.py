"""Which readers look at which output: told by the command, or by what well-known tools print."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from faultmaven_events.consumers.process.commands import machine, network, services
from faultmaven_events.consumers.process.commands.aligned import aligned_tables
from faultmaven_events.consumers.process.commands.kubernetes import described, listed
from faultmaven_events.consumers.process.commands.kubernetes.live import live
from faultmaven_events.consumers.process.commands.transcript import Step
from faultmaven_events.consumers.process.note import Note

Reader = Callable[[Step], Iterator[Note]]


def cluster(step: Step) -> Iterator[Note]:
    """Everything that kubectl and helm print."""
    for table in aligned_tables(step.output, step.command):
        yield from listed(table)
    yield from described(step.output)


def kept(step: Step) -> Iterator[Note]:
    """`kubectl get -o yaml` and `-o json`."""
    first = step.output[0][0]
    yield from (replace(note, start=note.start + first - 1) for note in live("\n".join(line for _, line in step.output)).notes)


READERS: Final[tuple[tuple[str, re.Pattern[str], Reader], ...]] = tuple(
    (name, re.compile(pattern, re.MULTILINE), reader)
    for name, pattern, reader in (
        ("kubectl", r"^[ \"]{0,4}(?:NAME|NAMESPACE|LAST SEEN|REVISION|CONTAINER|Name:)[ \t]{2,}|^NAME\t|^REVISION[ \t]", cluster),
        ("kubectl -o", r"^(?:- |[ \t]{0,8}\")?apiVersion\"?: ", kept),
        ("uptime", r"load averages?: ", machine.load),
        ("free", r"^[ \t]{0,40}Mem[\w.]*:[ \t]{1,40}\d", machine.memory),
        ("top", r"^%?Cpu\(?s?\)?:?|^Tasks:", machine.top),
        ("ps", r"^[ \t]{0,40}(?:\S+[ \t]{1,40}){0,6}P?PID[ \t].*\b(?:STAT|S|CMD|COMMAND)\b", machine.processes),
        ("vmstat", r"^[ \t]{0,40}r[ \t]{1,40}b[ \t]{1,40}swpd[ \t]|^Device:?[ \t]{1,40}.*%util", machine.pressure),
        ("ulimit", r"^open files[ \t]{1,40}\(", machine.limits),
        ("lsof", r"^COMMAND[ \t]{1,40}PID[ \t].*\bFD[ \t]", machine.open_files),
        ("ss", r"^[ \t]{0,40}(?:Netid[ \t]{1,40})?(?:State|Proto)[ \t]{1,40}Recv-Q", network.connections),
        ("ss without header", r"^(?:ESTAB|CLOSE-WAIT|LISTEN|TIME-WAIT|SYN-\w+)[ \t]{1,40}\d", network.connections),
        ("ping", r"packets transmitted|^traceroute to|^HOST:.*Loss%|^[ \t]{0,40}1\.\|--", network.reachability),
        ("dig", r"^;; ->>HEADER|\*\* server can't find|no servers could be reached", network.names),
        ("curl", r"curl: \(\d+\)|^(?:< )?HTTP/[\d.]+ \d{3}", network.requests),
        ("openssl", r"Verify return code: |verify error:num=", network.certificates),
        ("systemctl", r"^[ \t]{1,40}Active: |^[ \t]{0,40}UNIT[ \t]{1,40}LOAD[ \t]|^[●\u00d7][ \t]", services.units),
        ("docker", r"^CONTAINER(?: ID)?[ \t]{2,}|^NAME[ \t]{1,40}IMAGE[ \t]", services.containers),
        ("docker inspect", r"^[ \t]{0,40}\"State\": \{", services.inspected),
        ("kafka", r"^(?:GROUP[ \t]{1,40})?TOPIC[ \t]{1,40}PARTITION|has no active members", services.lag),
        ("database", r"INNODB MONITOR|LATEST DETECTED|alarm", services.databases),
        ("git", r"^commit [0-9a-f]{7,64}", services.commits),
    )
)
"""Name, what must stand somewhere in the output, and the reader."""
LOGS: Final = re.compile(
    r"^(?:sudo )?(?:(?:journalctl|dmesg|docker(?: compose|-compose)? logs|kubectl\b.{0,80} logs|crictl logs)\b"
    r"|(?:tail|zcat|cat|less|grep)\b(?=.{0,200}(?:\.log\b|/logs?/|syslog|messages)))"
)
"""Commands whose output is a log."""


def readings(step: Step) -> Iterator[Note]:
    """What the readers of known tools say of one output."""
    text = "\n".join(line[:300] for _, line in step.output)
    for reader in dict.fromkeys(reader for _, pattern, reader in READERS if pattern.search(text)):
        yield from reader(step)
