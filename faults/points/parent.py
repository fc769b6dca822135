"""The suite's side of the warm parent: started at the first order, ended with the suite."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any


class Parent:
    """A process that forks consumers and tells how they ended."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._environment, self._log = environment, log
        self._process: Process | None = None
        self.kills = 0
        """Consumers that died at a point."""

    async def order(self, **facts: Any) -> dict[str, Any]:
        """Let one consumer live as `life.Order` says; returns the last thing it told: `killed`, `survived`, or what went wrong."""
        process = self._process = self._process or await self._start()
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(facts).encode() + b"\n")
        await process.stdin.drain()
        ending: dict[str, Any] = json.loads(await process.stdout.readline() or b'{"ended": "the parent ended"}')
        self.kills += "killed" in ending
        return ending

    async def _start(self) -> Process:
        with self._log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "faults.points", env=dict(self._environment), stdin=PIPE, stdout=PIPE, stderr=log
            )
        assert process.stdout
        await process.stdout.readline()  # it is warm
        return process

    async def close(self) -> None:
        """End it."""
        if self._process is not None and self._process.stdin:
            self._process.stdin.close()
            await self._process.wait()


@asynccontextmanager
async def open_parent(environment: Mapping[str, str], log: Path) -> AsyncIterator[Parent]:
    """Have a parent at hand while the block lasts."""
    parent = Parent(environment, log)
    try:
        yield parent
    finally:
        await parent.close()
