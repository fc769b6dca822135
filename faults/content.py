"""What is handed in: a seeded mix of small parcels. Each has a tenant of its own, so that what is kept of it can be counted by tenant."""

import json
import random
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

Way = Literal["http", "amqp"]
Kind = Literal["ingest", "document", "troubleshoot"]

BEGIN: Final = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)
_UNREADABLE: Final = ("dump.gz", "blank.log")
_WORDS: Final = ("checkout", "orders", "invoice", "session", "search", "stock", "mail", "ledger")


@dataclass(frozen=True, slots=True)
class File:
    """One file of a parcel."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is handed in at once: one file, or a question with its files. `key` names it in the reference and is its tenant."""

    key: str
    kind: Kind
    way: Way
    files: tuple[File, ...] = ()
    question: str | None = None

    @property
    def jobs(self) -> int:
        """How many jobs it becomes."""
        return len(self.files) + (self.question is not None)

    @property
    def unreadable(self) -> bool:
        """Whether it ends as a dead letter."""
        return any(file.name in _UNREADABLE for file in self.files)


def mix(seed: int) -> tuple[Parcel, ...]:
    """Return every distinct parcel of a seed: logs, settings, metrics, documents, questions, and files that nobody can read."""
    source = random.Random(seed)
    return tuple(
        Parcel(f"{seed:x}-{number:02d}-{parcel.kind}-{parcel.way}", parcel.kind, parcel.way, parcel.files, parcel.question)
        for number, parcel in enumerate(_parcels(source))
    )


def _parcels(source: random.Random) -> Iterator[Parcel]:
    ways: tuple[Way, Way] = ("http", "amqp")
    for way in ways:
        for _ in range(3):
            yield Parcel("", "ingest", way, (_log(source),))
        yield Parcel("", "ingest", way, (_settings(source),))
        yield Parcel("", "ingest", way, (_metrics(source),))
        yield Parcel("", "document", way, (_runbook(source),))
        service = source.choice(_WORDS)
        files = (_log(source, service), _settings(source, service))
        yield Parcel("", "troubleshoot", way, files, f"Why does {service} fail since 09:10?")
    yield Parcel("", "troubleshoot", "amqp", (), "Is anything wrong with orders?")
    yield Parcel("", "ingest", "http", (File("dump.gz", zlib.compress(bytes(200), wbits=31)[:-9]),))
    yield Parcel("", "ingest", "amqp", (File("blank.log", b" \n \n"),))


def sample(parcels: Sequence[Parcel], count: int, source: random.Random) -> list[Parcel]:
    """Return parcels in random order, each of them about equally often."""
    rounds = -(-count // len(parcels))
    picked = [parcel for _ in range(rounds) for parcel in source.sample(parcels, len(parcels))]
    return picked[:count]


def _stamp(second: float) -> str:
    return (BEGIN + timedelta(seconds=second)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _log(source: random.Random, service: str | None = None) -> File:
    service = service or source.choice(_WORDS)
    lines = []
    for step in range(40):
        broken, customer = step > 20, source.randrange(1000)
        lines.append(
            {
                "time": _stamp(step * 30 + source.random()),
                "level": "error" if broken else "info",
                "service": f"{service}-api",
                "msg": "connection pool exhausted: no connection within 3000 ms" if broken else "request done",
                "duration_ms": 3000 if broken else 20 + source.randrange(9),
                "customer": f"customer{customer}@{service}-customers.net",
            }
        )
    return File(f"{service}.log", "".join(json.dumps(line) + "\n" for line in lines).encode())


def _settings(source: random.Random, service: str | None = None) -> File:
    service = service or source.choice(_WORDS)
    pool = source.randrange(2, 40)
    text = (
        f"service: {service}-api\ndatabase:\n  host: {service}-db\n  port: 5432\n  max_connections: {pool}\n  password: s3cr3t-{pool:08x}\n"
    )
    return File(f"{service}.yaml", text.encode())


def _metrics(source: random.Random) -> File:
    rows = ["time,requests_ok,requests_failed,p95_ms"]
    for step in range(60):
        ok, failed, p95 = (2, 3, 3000) if step > 30 else (5, 0, 30)
        rows.append(f"{_stamp(step * 10)},{ok + source.randrange(2)},{failed},{p95 + source.randrange(9)}")
    return File("gateway.csv", ("\n".join(rows) + "\n").encode())


def _runbook(source: random.Random) -> File:
    service, pool = source.choice(_WORDS), source.randrange(20, 60)
    text = f"""\
# {service}: connection pool exhausted

## Symptoms
Requests of {service} time out while they wait for a database connection.

## What to do
1. Compare `max_connections` with {pool}.
2. Raise it again, or roll the release back.
3. Ask owner{pool}@{service}-team.org when it stays.
"""
    return File(f"{service}.md", text.encode())
