"""Rounds over all contestants on one broker: A B C, A B C, ..., each run in a fresh process and a fresh vhost."""

import asyncio
import json
import sys
from collections.abc import Sequence
from uuid import uuid4

from bench.chain.contestants import CONTESTANTS, Contestant
from bench.chain.meter import Figures, Task
from bench.chain.table import lines
from faultmaven_events.infra.servers.stack import Urls
from faultmaven_events.infra.servers.tenancy import create_vhost, delete_vhost, with_path

PATIENCE = 180.0
"""Seconds for one run, filling the queue included."""


async def compare(urls: Urls, *, rounds: int, messages: int, prefetch: int, size: int, only: Sequence[str] = ()) -> None:
    """Run everything and print the table."""
    chosen = [each for each in CONTESTANTS if each.installed and (not only or each.module in only)]
    results: dict[Contestant, list[Figures]] = {each: [] for each in chosen}
    for _ in range(rounds):
        for contestant in chosen:
            figures = await _run(urls, contestant, messages, prefetch, size)
            if figures is not None:
                results[contestant].append(figures)
    print("\n".join(lines(results, rounds, size)), flush=True)


async def _run(urls: Urls, contestant: Contestant, messages: int, prefetch: int, size: int) -> Figures | None:
    vhost = f"chain_{uuid4().hex[:8]}"
    await create_vhost(urls.management, vhost)
    try:
        return await _process(contestant, Task(with_path(urls.amqp, vhost), messages, prefetch, size))
    finally:
        await delete_vhost(urls.management, vhost)


async def _process(contestant: Contestant, task: Task) -> Figures | None:
    command = (sys.executable, "-m", "bench.chain.systems", contestant.module, contestant.loop, task.text())
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    try:
        async with asyncio.timeout(PATIENCE):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        print(f"{contestant.name} ({contestant.loop}): not done after {PATIENCE:.0f} s", file=sys.stderr)
        return None
    answer = out.decode().strip().splitlines()
    if process.returncode or not answer:
        print(f"{contestant.name} ({contestant.loop}) failed:\n{err.decode()[-2000:]}", file=sys.stderr)
        return None
    return Figures(**json.loads(answer[-1]))
