"""Vectors seen before, in Redis. Losing it costs time and nothing else: a cache that fails is left alone for a while."""

import hashlib
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np
from redis.asyncio import Redis
from redis.exceptions import RedisError

from faultmaven_events.infra.embedder.model import Vectors
from faultmaven_events.settings import Settings

KEPT_S = 7 * 24 * 3600
PATIENCE_S = 0.5
REST_S = 30.0


@dataclass(slots=True)
class VectorCache:
    """Vectors by tenant, model and digest of the text; without a server everything is a miss."""

    redis: Redis | None
    prefix: str
    model: str
    rests_until: float = field(default=0.0)

    async def get(self, tenant: str, texts: Sequence[str]) -> list[Vectors | None]:
        """Return the vector of each text, None where there is none."""
        misses: list[Vectors | None] = [None] * len(texts)
        if self.redis is None or time.monotonic() < self.rests_until or not texts:
            return misses
        try:
            found = await self.redis.mget([self._key(tenant, text) for text in texts])
        except (RedisError, OSError):
            self._rest()
            return misses
        return [np.frombuffer(raw, dtype="<f4") if isinstance(raw, bytes) else None for raw in found]

    async def put(self, tenant: str, texts: Sequence[str], vectors: Vectors) -> None:
        """Keep vectors for a week."""
        if self.redis is None or time.monotonic() < self.rests_until or not texts:
            return
        try:
            async with self.redis.pipeline(transaction=False) as pipe:
                for text, vector in zip(texts, vectors, strict=True):
                    pipe.set(self._key(tenant, text), vector.astype("<f4").tobytes(), ex=KEPT_S)
                await pipe.execute()
        except (RedisError, OSError):
            self._rest()

    def _key(self, tenant: str, text: str) -> str:
        return f"{self.prefix}:vector:{tenant}:{self.model}:{hashlib.sha256(text.encode()).hexdigest()}"

    def _rest(self) -> None:
        self.rests_until = time.monotonic() + REST_S


@asynccontextmanager
async def open_cache(settings: Settings, model: str) -> AsyncIterator[VectorCache]:
    """Open the cache of the settings; no server is asked before the first use."""
    if settings.redis_url is None:
        yield VectorCache(None, settings.redis_prefix, model)
        return
    url = settings.redis_url.get_secret_value()
    redis: Redis = Redis.from_url(url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S)
    try:
        yield VectorCache(redis, settings.redis_prefix, model)
    finally:
        await redis.aclose()
