"""What tools of the network say: connections by state, names that do not resolve, hosts that do not answer, certificates."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Final

from faultmaven_events.consumers.process.commands.transcript import Step
from faultmaven_events.consumers.process.note import Note, shortened
from faultmaven_events.schemas.insight import Scalar

_STATES: Final = {
    "CLOSE-WAIT": ("the other side closed, the program did not: it leaks connections or hangs", 20),
    "SYN-SENT": ("the other side does not answer", 5),
    "SYN-RECV": ("handshakes that are not completed: the backlog is full, or a flood", 20),
    "TIME-WAIT": ("closed lately: short connections one after the other", 1000),
    "FIN-WAIT-1": ("closing, the other side does not confirm", 50),
    "FIN-WAIT-2": ("half closed, the other side keeps them open", 200),
    "LAST-ACK": ("closing, the last confirmation is missing", 50),
    "ESTAB": ("open", 3000),
}
"""State -> what many of them mean, and how many are many."""
_SOCKET: Final = re.compile(
    r"^\s*(?:(?:tcp6?|udp6?)\s+)?(?:(?P<a>ESTAB\w*|[A-Z]+[-_][A-Z0-9-_]+|LISTEN)\s+)?(?P<recv>\d{1,10})\s+(?P<send>\d{1,10})\s+(?P<local>\S+)\s+(?P<peer>\S+)"
    r"(?:\s+(?P<b>ESTAB\w*|[A-Z]+[-_][A-Z0-9-_]+|[A-Z]+))?"
)
_LOSS: Final = re.compile(r"(\d+) packets transmitted, (\d+) (?:packets )?received.*?([\d.]+)% packet loss")
_PINGED: Final = re.compile(r"^PING (\S+)")
_DIG: Final = re.compile(r"status: (NXDOMAIN|SERVFAIL|REFUSED|FORMERR|NOTIMP|NOERROR)")
_QUESTION: Final = re.compile(r"^;(\S+?)\.?\s+IN\s+(\w+)")
_NO_NAME: Final = re.compile(
    r"connection timed out; no servers could be reached|\*\* server can't find (?P<name>[\w.-]+): (?P<why>\w+)|no servers could be reached",
    re.IGNORECASE,
)
_CURL: Final = re.compile(r"curl: \((\d+)\) (.+)")
_ANSWER: Final = re.compile(r"^< HTTP/[\d.]+ ([45]\d\d)(.*)$|^HTTP/[\d.]+ ([45]\d\d)(.*)$")
_VERIFY: Final = re.compile(r"(?:Verify return code: |verify error:num=)(\d+)(?: \(|:)([^)\n]{1,120})")
_HOP: Final = re.compile(r"^\s*(\d{1,2})[.|\s-]+\s*(\S.*)$")
_MTR: Final = re.compile(r"^\s*(\d{1,2})\.\|?--\s+(\S+)\s+([\d.]+)%")
MOST: Final = 12


def connections(step: Step) -> Iterator[Note]:
    """`ss` and `netstat`: piles of connections in a telling state by peer, and full queues of listeners."""
    by_state: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    full: list[tuple[int, re.Match[str]]] = []
    for number, line in step.output:
        found = _SOCKET.match(line[:400])
        state = (
            (found["a"] or found["b"] or "").replace("_", "-").replace("ESTABLISHED", "ESTAB").replace("SYN-RECEIVED", "SYN-RECV")
            if found
            else ""
        )
        if not found or not state:
            continue
        by_state[state.replace("FIN-WAIT1", "FIN-WAIT-1").replace("FIN-WAIT2", "FIN-WAIT-2")].append(
            (number, found["local"], found["peer"])
        )
        if state == "LISTEN" and found["a"] and int(found["recv"]) > 0 and int(found["recv"]) >= int(found["send"]):
            full.append((number, found))
    for state, sockets in by_state.items():
        meaning, many = _STATES.get(state, ("", 10**9))
        if len(sockets) >= many:
            yield _pile(step, state, meaning, sockets)
    for number, found in full[:MOST]:
        attributes: dict[str, Scalar] = {
            "series": f"accept queue of {found['local']}",
            "limit": float(found["send"]),
            "value": float(found["recv"]),
        }
        text = (
            f"The accept queue of {found['local']} is full ({found['recv']} of {found['send']}): the program does not take its connections."
        )
        yield Note("saturation", text, number, weight=4.8, attributes=attributes)


def _pile(step: Step, state: str, meaning: str, sockets: list[tuple[int, str, str]]) -> Note:
    peers = Counter(peer for _, _, peer in sockets)
    ports = Counter(local.rpartition(":")[2] for _, local, _ in sockets)
    (peer, most), (port, locally) = peers.most_common(1)[0], ports.most_common(1)[0]
    with_ = f", {most} with {peer}" if most >= 3 else ""
    at = f", {locally} at the local port {port}" if locally >= 0.5 * len(sockets) and port.isdecimal() and int(port) < 32768 else ""
    attributes: dict[str, Scalar] = {"command": step.command, "state": state, "count": len(sockets), "peer": peer, "port": port}
    text = f"{len(sockets):,} connections are in {state}{with_}{at}: {meaning}."
    weight = 2.2 if state in {"TIME-WAIT", "ESTAB"} else 4.2
    return Note(
        "row", text, sockets[0][0], weight=weight, count=len(sockets), level="warning" if weight > 4 else None, attributes=attributes
    )


def reachability(step: Step) -> Iterator[Note]:
    """`ping`, `mtr`, `traceroute`: packets that are lost, and where a way ends."""
    host = next((found[1] for _, line in step.output[:200] if (found := _PINGED.match(line))), "the host")
    lost: list[tuple[int, str, float]] = []
    silent: list[int] = []
    for number, line in step.output[:5000]:
        if found := _LOSS.search(line):
            share = float(found[3])
            if share > 0:
                text = f"{share:g} % of the packets to {host} are lost ({found[2]} of {found[1]} came back)."
                yield Note(
                    "row",
                    text,
                    number,
                    weight=4.4 if share >= 20 else 3.2,
                    component=host,
                    level="warning",
                    attributes={"command": step.command, "host": host, "loss": share},
                )
        elif hop := _MTR.match(line):
            lost.append((number, hop[2], float(hop[3])))
        elif re.match(r"^\s*\d{1,2}\s+\* \* \*\s*$", line):
            silent.append(number)
    if lost and lost[-1][2] >= 5:  # loss at a hop in between that does not go on to the end is a router that answers late
        begun = next((one for index, one in enumerate(lost) if all(later[2] >= 0.5 * lost[-1][2] for later in lost[index:])), lost[-1])
        text = f"{lost[-1][2]:g} % of the packets to {lost[-1][1]} are lost, from hop {begun[1]} on."
        yield Note(
            "row",
            text,
            begun[0],
            lost[-1][0],
            weight=4.0,
            component=lost[-1][1],
            level="warning",
            attributes={"command": step.command, "loss": lost[-1][2]},
        )
    if len(silent) >= 5:
        yield Note(
            "row",
            f"The way is silent from hop {silent[0] - step.output[0][0]} on (no answer to {len(silent)} hops): a filter, or no way.",
            silent[0],
            silent[-1],
            weight=2.4,
            attributes={"command": step.command},
        )


def names(step: Step) -> Iterator[Note]:
    """`dig`, `nslookup`, `host`: names that do not resolve."""
    asked = next((found[1] for _, line in step.output[:200] if (found := _QUESTION.match(line))), None)
    for number, line in step.output[:5000]:
        if (status := _DIG.search(line)) and status[1] != "NOERROR":
            name = asked or "the name"
            yield _unresolved(step, number, name, status[1])
        elif gone := _NO_NAME.search(line):
            yield _unresolved(step, number, gone["name"] or asked or "the name", gone["why"] or "no answer from any name server")


def _unresolved(step: Step, number: int, name: str, why: str) -> Note:
    attributes: dict[str, Scalar] = {"command": step.command, "name": name, "status": why}
    return Note("row", f"{name} does not resolve: {why}.", number, weight=4.4, component=name, level="error", attributes=attributes)


def requests(step: Step) -> Iterator[Note]:
    """`curl`: why it gave up, and answers of an error status."""
    for number, line in step.output[:20_000]:
        if failed := _CURL.search(line[:600]):
            attributes: dict[str, Scalar] = {"command": step.command, "exit_code": int(failed[1]), "message": failed[2]}
            yield Note(
                "row", f"curl failed ({failed[1]}): {shortened(failed[2], 300)}.", number, weight=4.2, level="error", attributes=attributes
            )
        elif answer := _ANSWER.match(line[:300]):
            status = answer[1] or answer[3]
            attributes = {"command": step.command, "status": status}
            yield Note(
                "row",
                f"The server answers {status}{answer[2] or answer[4] or ''}.",
                number,
                weight=3.8,
                level="error",
                attributes=attributes,
            )


def certificates(step: Step) -> Iterator[Note]:
    """`openssl s_client`: why a certificate is not trusted."""
    seen: set[str] = set()
    for number, line in step.output[:20_000]:
        found = _VERIFY.search(line[:300])
        if found and found[1] != "0" and found[1] not in seen:
            seen.add(found[1])
            attributes: dict[str, Scalar] = {"command": step.command, "code": int(found[1]), "message": found[2]}
            yield Note(
                "row",
                f"The certificate is not trusted: {found[2]} (code {found[1]}).",
                number,
                weight=4.6,
                level="error",
                attributes=attributes,
            )
