"""Which consumers are alive: the keys `<prefix>:consumer:<stage>:<instance>` in Redis, which consumers renew and Redis forgets."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic_core import from_json
from redis.asyncio import Redis
from redis.exceptions import RedisError

from faultmaven_events.infra.jobs.facts import Beat

FRESH: Final = 2.0
"""Seconds for which what was found is shown again without asking."""


class Heartbeats:
    """The live consumers by stage. Redis is optional: without it nobody knows, and nothing else changes."""

    def __init__(self, redis: "Redis | None", prefix: str) -> None:
        self._redis, self._prefix = redis, f"{prefix}:consumer:"
        self._seen: Mapping[str, Sequence[Beat]] | None = None
        self._at = -FRESH

    async def alive(self) -> dict[str, int] | None:
        """Return the number of consumers by stage; None when Redis does not say."""
        beats = await self.beats()
        return None if beats is None else {stage: len(found) for stage, found in beats.items()}

    async def beats(self) -> Mapping[str, Sequence[Beat]] | None:
        """Return what each live consumer says of itself, by stage; None when Redis does not say."""
        if time.monotonic() - self._at >= FRESH:
            self._seen, self._at = await self._look(), time.monotonic()
        return self._seen

    async def ping(self) -> bool:
        """Whether Redis answers."""
        try:
            return self._redis is not None and bool(await self._redis.ping())
        except (RedisError, OSError):
            return False

    async def _look(self) -> dict[str, list[Beat]] | None:
        if self._redis is None:
            return None
        try:
            keys = [key async for key in self._redis.scan_iter(match=f"{self._prefix}*", count=1000)]
            values = await self._redis.mget(keys) if keys else []
        except (RedisError, OSError):
            return None
        found: dict[str, list[Beat]] = {}
        for key, value in zip(keys, values, strict=True):
            if value is not None:  # it fell silent between the two questions
                stage = bytes(key).decode().removeprefix(self._prefix).split(":")[0]
                found.setdefault(stage, []).append(_beat(value))
        return found


def _beat(value: bytes | str) -> Beat:
    """Return what a heartbeat says; of one that cannot be read is known only that its consumer lives."""
    try:
        said: Any = from_json(value)
        return Beat(int(said["in_flight"]), int(said["handled"]), float(said["idle_s"]), bool(said.get("paused")))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Beat(in_flight=0, handled=0, idle_s=0.0)
