"""`make bench`: the whole system on this machine, measured from outside. Figures, never verdicts; compare runs of one machine only.

python -m bench [--home DIR]      starts the system itself, in a home of its own
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

import psutil

from bench.load import accept_latency, drained, end_to_end, upload_memory
from bench.processes import paused, resident, tree
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="folder to work in; default: a temporary one")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="faultmaven-bench-") as folder:
        asyncio.run(measure(given.home or Path(folder)))
    sys.exit(0)


main()
