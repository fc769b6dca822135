"""Watching over children by their heartbeats in Redis: one that lives and does not beat, while others do, is started anew.

A process that hangs, or was stopped by a signal, does not die by itself. Without Redis, or without any heartbeat at all, nothing is done.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from faultmaven_events.infra.servers.crew import Crew

LOOK_S: Final = 2.0
STARTING_S: Final = 180.0
"""Seconds that a child may take until its first heartbeat: it may have to build a model."""


async def beating(redis: Redis, prefix: str) -> dict[str, set[int]]:
    """Return the process ids that beat, by stage. Raises RedisError or OSError."""
    found: dict[str, set[int]] = {}
    async for key in redis.scan_iter(f"{prefix}:consumer:*", count=1000):
        value = await redis.get(key)
        stage = bytes(key).decode().removeprefix(f"{prefix}:consumer:").split(":")[0]
        facts = json.loads(value) if value else None
        if isinstance(facts, dict) and isinstance(pid := facts.get("pid"), int):
            found.setdefault(stage, set()).add(pid)
    return found


@dataclass(slots=True)
class Vigil:
    """What was heard of each child. Pure: what beats, who lives, and the time are passed in."""

    patience: float
    """Seconds without a heartbeat after which a child is given up."""
    starting: float = STARTING_S
    _heard: dict[str, tuple[int, float]] = field(default_factory=dict)
    """By child: its process id, and when it was last heard of."""
    _beaten: set[int] = field(default_factory=set)
    _looked: float | None = None

    def silent(self, pids: Mapping[str, int | None], beats: set[int], now: float) -> list[tuple[str, float]]:
        """Return the children that have been silent for too long, and for how many seconds.

        `pids` are those of the children, None between two lives; `beats` those of all processes that beat.
        """
        if self._looked is not None and now - self._looked > 5 * LOOK_S:
            self.forget()  # nobody looked meanwhile: this process stood still too
        self._looked = now
        found = []
        for name, pid in pids.items():
            if pid is None:
                continue
            known, since = self._heard.get(name, (pid, now))
            if pid in beats or known != pid:
                since = now
            self._heard[name] = pid, since
            self._beaten |= {pid} & beats
            others = beats - {pid}
            if others and now - since > (self.patience if pid in self._beaten else max(self.starting, self.patience)):
                found.append((name, now - since))
        return found

    def forget(self) -> None:
        """Begin anew: Redis was away."""
        self._heard.clear()


async def watch_over(crew: Crew, names: tuple[str, ...], redis_url: str, prefix: str, patience: float) -> None:
    """Watch for ever; replaces who is silent."""
    vigil = Vigil(patience)
    async with Redis.from_url(redis_url, socket_timeout=5, socket_connect_timeout=5) as redis:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                beats = set[int]().union(*(await beating(redis, prefix)).values())
            except (RedisError, OSError, ValueError):
                vigil.forget()
                continue
            for name, seconds in vigil.silent({each: crew.pid(each) for each in names}, beats, time.monotonic()):
                await crew.replace(name, f"gave no sign of life for {seconds:.0f} s")
                vigil.forget()
