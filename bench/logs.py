"""`make bench ARGS=logs`: mining templates beside drain3, the whole analysis, and that its memory stays flat.

All on the same generated lines of several formats, mixed as a shop would write them: ids that are nowhere else, values of every kind, a few
stack traces and errors. Speeds are lines per second of CPU time of one process.
"""

import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final
from uuid import UUID

from faultmaven_events.consumers.process.analyse import analyse
from faultmaven_events.consumers.process.logs.reader import Reader
from faultmaven_events.consumers.process.logs.templates import Miner
from faultmaven_events.schemas.evidence import Classification

MESSAGES: Final = 100_000
RUN_MB: Final = 200
LONG_MB: Final = 2_048
START: Final = datetime(2026, 11, 20, 5, tzinfo=UTC)
LOG: Final = Classification(type="log", format="text", confidence=1, reason="a benchmark")

JOBS: Final = ("cleanup", "report", "index")
Say = Callable[[random.Random], str]


def address(draw: random.Random) -> str:
    return f"10.{draw.randrange(9)}.{draw.randrange(255)}.{draw.randrange(255)}"


MESSAGES_OF: Final[tuple[tuple[int, str, Say], ...]] = (
    (20, "INFO  [http-%d] c.shop.Orders", lambda d: f"request {d.getrandbits(64):016x} order {d.randrange(10**6)} placed"),
    (20, "DEBUG [http-%d] c.shop.Cache", lambda d: f"hit for key cart:{d.randrange(10**5)} in {d.randrange(40)} ms"),
    (15, "INFO  [pool-%d] c.shop.Mail", lambda d: f"queued message to {address(d)}:25 size={d.randrange(90_000)}"),
    (15, "INFO  [http-%d] c.shop.Auth", lambda d: f"user u{d.randrange(1000)} logged in from {address(d)}"),
    (15, "INFO  [sched-%d] c.shop.Jobs", lambda d: f"job {d.choice(JOBS)} finished rows={d.randrange(1000)} state=OK"),
    (10, "INFO  [disk-%d] c.shop.Store", lambda d: f"wrote /var/lib/shop/{d.randrange(999)}/part.bin ({d.randrange(10**7)} bytes)"),
    (3, "WARN  [db-%d] c.shop.Db", lambda d: f"connection to db-{d.randrange(3)} slow, {d.randrange(900)} ms"),
    (2, "ERROR [db-%d] c.shop.Db", lambda d: f"query failed for order {d.randrange(10**6)}: timeout after {d.randrange(9000)} ms"),
)  # fmt: skip
TRACE: Final = "java.sql.SQLTimeoutException: no answer\n\tat c.shop.Db.query(Db.java:41)\n\tat c.shop.Orders.place(Orders.java:97)"


def messages(seed: int) -> Iterator[tuple[str, str]]:
    """Yield (header without time, message) for ever."""
    draw = random.Random(seed)  # no secret
    weights = [weight for weight, _, _ in MESSAGES_OF]
    while True:
        _, head, say = draw.choices(MESSAGES_OF, weights)[0]
        yield head % draw.randrange(9), say(draw)


def stream(megabytes: int, seed: int = 1) -> Iterator[bytes]:
    """Yield a log of that size piece by piece."""
    source, at, size, number = messages(seed), START, 0, 0
    while size < megabytes << 20:
        lines = []
        for head, text in islice(source, 2_000):
            at += timedelta(milliseconds=7)
            number += 1
            lines.append(f"{at:%Y-%m-%d %H:%M:%S},{at.microsecond // 1000:03d} {head}: {text}")
            if head.startswith("ERROR") and number % 7 == 0:
                lines.append(TRACE)
        piece = ("\n".join(lines) + "\n").encode()
        size += len(piece)
        yield piece


def _rate(lines: int, work: Callable[[], object], rounds: int = 3) -> float:
    best = float("inf")
    for _ in range(rounds):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return lines / best


def _drain(texts: list[str], *, masks: bool) -> Callable[[], int]:
    from drain3 import TemplateMiner  # type: ignore[import-untyped] # it says nothing of its types
    from drain3.masking import MaskingInstruction  # type: ignore[import-untyped] # as above
    from drain3.template_miner_config import TemplateMinerConfig  # type: ignore[import-untyped] # as above

    def work() -> int:
        config = TemplateMinerConfig()
        if masks:
            patterns = (r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b", r"\b[0-9a-f]{16,}\b", r"(?<=\W)/[\w./-]+", r"\b\d+\b")
            config.masking_instructions = [MaskingInstruction(pattern, "*") for pattern in patterns]
        miner = TemplateMiner(config=config)
        for text in texts:
            miner.add_log_message(text)
        return len(miner.drain.clusters)

    return work


def _ours(texts: list[str]) -> Callable[[], int]:
    def work() -> int:
        miner = Miner()
        for text in texts:
            miner.add(text)
        return len(miner.merge())

    return work


def _ours_raw(lines: list[str]) -> Callable[[], int]:
    def work() -> int:
        miner = Miner()
        for event in Reader(START).events(lines):
            miner.add(event.text)
        return len(miner.merge())

    return work


def rows(*, long: bool) -> Iterator[tuple[str, str, str]]:
    """Yield (name, figure, what to know about it); `long`: with a log of 2 GB."""
    texts = [text for _, text in islice(messages(2), MESSAGES)]
    for name, work in _contestants(texts):
        yield f"templates, {name}", f"{_rate(len(texts), work):,.0f} lines/s", f"{work()} templates of {len(MESSAGES_OF)}"
    lines = b"".join(stream(8)).decode().splitlines()
    yield "header and templates, ours", f"{_rate(len(lines), _ours_raw(lines)):,.0f} lines/s", "raw lines; goal: 100,000"
    for megabytes in (RUN_MB // 4, RUN_MB, LONG_MB) if long else (RUN_MB // 4, RUN_MB):
        command = [sys.executable, "-m", "bench.logs", str(megabytes)]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()  # ourselves
        rate, memory, facts = told.split(" ", 2)
        yield f"whole analysis of {megabytes:,} MB, in a process of its own", f"{rate} lines/s", f"{memory} MB peak memory; {facts}"


def _contestants(texts: list[str]) -> Iterator[tuple[str, Callable[[], int]]]:
    yield "ours", _ours(texts)
    try:
        yield "drain3, as it comes", _drain(texts, masks=False)
        yield "drain3, four masks", _drain(texts, masks=True)
    except ImportError:
        return


def main(megabytes: int) -> None:
    """Analyse one stream; print lines per second of CPU, without what making the stream takes, and the peak of memory."""
    made = 0.0

    def pieces() -> Iterator[bytes]:
        nonlocal made
        source = stream(megabytes)
        while True:
            started = time.process_time()
            piece = next(source, None)
            made += time.process_time() - started
            if piece is None:
                return
            yield piece

    started = time.process_time()
    found = analyse(pieces(), LOG, evidence_id=UUID(int=1), name="shop.log", now=START)
    took = time.process_time() - started - made
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{found.lines / took:,.0f} {peak} {found.lines:,} lines, {len(found.facts)} facts, {len(found.templates)} templates")


if __name__ == "__main__":
    main(int(sys.argv[1]))
