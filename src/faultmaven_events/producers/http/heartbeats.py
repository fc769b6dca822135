"""Which consumers are alive: the keys `<prefix>:consumer:<stage>:<instance>` in Redis, which consumers renew and Redis forgets."""

import time
from collections import Counter
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

FRESH: Final = 5.0
"""Seconds for which a count is shown again without asking."""


class Heartbeats:
    """Counts of live consumers by stage. Redis is optional: without it nobody knows, and nothing else changes."""

    def __init__(self, redis: "Redis | None", prefix: str) -> None:
        self._redis, self._prefix = redis, f"{prefix}:consumer:"
        self._seen: dict[str, int] | None = None
        self._at = -FRESH

    async def alive(self) -> dict[str, int] | None:
        """Return the number of consumers by stage; None when Redis does not say."""
        if time.monotonic() - self._at >= FRESH:
            self._seen, self._at = await self._count(), time.monotonic()
        return self._seen

    async def ping(self) -> bool:
        """Whether Redis answers."""
        try:
            return self._redis is not None and bool(await self._redis.ping())
        except (RedisError, OSError):
            return False

    async def _count(self) -> dict[str, int] | None:
        if self._redis is None:
            return None
        try:
            keys = [key async for key in self._redis.scan_iter(match=f"{self._prefix}*", count=1000)]
        except (RedisError, OSError):
            return None
        return dict(Counter(bytes(key).decode().removeprefix(self._prefix).split(":")[0] for key in keys))
