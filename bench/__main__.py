"""`make bench`: speed on this machine. Figures, never verdicts; compare within one run only.

How to read them: docs/bench.md

python -m bench [system|pieces|chain|metrics|logs|sanitize|reason|all] [--home DIR]      starts what it needs itself, in a home of its own

system   the whole system, measured from outside
logs     mining templates beside drain3, the whole analysis, its memory; --long: over a log of 2 GB
metrics  reading and analysing metric files; change points beside ruptures
pieces   what the shell does to one event, without a broker
reason   the offline reasoner alone, once insights exist: 20 files with 200,000 lines, and inputs made to hurt
failover a dead and a hanging provider of language models before a healthy one, beside the healthy one asked directly
sanitize the rules on generated logs, prose and configuration, beside Presidio and detect-secrets; no server
chain    two stages on one broker: our shell beside aio-pika alone, FastStream, taskiq, Celery and Dramatiq
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from bench import logs, metrics, reasoning
from bench.chain.pieces import lines
from bench.chain.rounds import compare
from bench.load import accept_latency, drained, end_to_end, upload_memory
from bench.processes import paused, resident, tree
from faultmaven_events.infra.servers.stack import open_stack
from faultmaven_events.infra.servers.supervisor import PROCESSES, open_system
from faultmaven_events.settings import load


def row(name: str, value: str, goal: str = "") -> None:
    print(f"{name:<68} {value:>14}  {goal}", flush=True)


async def accepted(url: str, name: str, pause: float) -> None:
    p50, p95, rate = await accept_latency(url, clients=100, seconds=10, pause=pause)
    row(f"accept, 100 clients, {name}", f"{p50 * 1000:.0f} / {p95 * 1000:.0f} ms", f"p50 / p95 at {rate:.0f}/s; goal p95 < 50 ms")


async def measure(home: Path) -> None:
    settings = load().model_copy(update={"home": home})

    def quiet(_: str) -> None:
        return

    async with open_system(home, settings, quiet, 0):
        pass  # the first start unpacks servers and builds the embedding model
    started = time.monotonic()
    async with open_system(home, settings, quiet, 0) as system:
        row("ready after `up`, warm", f"{time.monotonic() - started:.1f} s", "goal < 25 s")
        processes = tree(psutil.Process())
        row("ingress, resident memory", f"{resident(processes, 'serve') / 2**20:.0f} MB", "goal < 200 MB")
        paces = (("1 request per second each", 1.0), ("closed loop, no pause", 0.0))
        for name, each in paces:
            with paused([system.crew.pid(process) for process in PROCESSES]):
                await accepted(system.api_url, f"consumers paused, {name}", each)
            await drained(system.api_url)
        for name, each in paces:
            await accepted(system.api_url, f"consumers at work, {name}", each)
        row("10 MB log, upload to completed", f"{await end_to_end(system.api_url, 10):.1f} s", "goal < 10 s")
        for size in (10, 90):
            grown = await upload_memory(system.api_url, size, lambda: resident(tree(psutil.Process()), "serve"))
            row(f"ingress memory while {size} MB are uploaded", f"+{grown / 2**20:.0f} MB", "goal: flat")


async def chain(home: Path, given: argparse.Namespace) -> None:
    async with open_stack(home, settings=load(), progress=lambda line: print(line, file=sys.stderr)) as urls:
        await compare(urls, rounds=given.rounds, messages=given.messages, prefetch=given.prefetch, size=given.size, only=tuple(given.only))


def tables(what: str, home: Path, *, long: bool) -> Iterator[tuple[str, str, str]]:
    if what in {"logs", "all"}:
        yield from logs.rows(long=long)
    if what in {"reason", "all"}:
        yield from reasoning.rows()
    if what in {"failover", "all"}:
        from bench import failover  # only here: it imports litellm

        yield from asyncio.run(failover.rows(home))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "what", nargs="?", choices=("system", "chain", "pieces", "metrics", "logs", "sanitize", "reason", "failover", "all"), default="all"
    )
    parser.add_argument("--home", type=Path, help="folder to work in; default: a temporary one")
    parser.add_argument("--rounds", type=int, default=5, help="of the chain, each with all contestants in turn")
    parser.add_argument("--messages", type=int, default=3000, help="of the chain, a run")
    parser.add_argument("--prefetch", type=int, default=64, help="of the chain, a stage")
    parser.add_argument("--size", type=int, default=1024, help="bytes of a message of the chain")
    parser.add_argument("--only", nargs="*", default=(), metavar="MODULE", help="of the chain, modules in bench/chain/systems")
    parser.add_argument("--long", action="store_true", help="of logs: with a log of 2 GB")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="faultmaven-bench-") as folder:
        home = given.home or Path(folder)
        if given.what in {"system", "all"}:
            asyncio.run(measure(home))
        if given.what in {"pieces", "all"}:
            for line in lines(given.size):
                print(line, flush=True)
        if given.what in {"metrics", "all"}:
            for line in metrics.lines():
                print(line, flush=True)
        if given.what in {"sanitize", "all"}:
            from bench.sanitize import rows  # only here: it imports Presidio

            for line in rows():
                print(line, flush=True)
        for name, figure, note in tables(given.what, home, long=given.long):
            row(name, figure, note)
        if given.what in {"chain", "all"}:
            asyncio.run(chain(home, given))
    sys.exit(0)


main()
