"""The vector cache may be lost."""

import numpy as np

from faultmaven_events.infra.embedder.cache import open_cache
from faultmaven_events.settings import Settings


async def test_without_redis_everything_is_a_miss() -> None:
    async with open_cache(Settings(redis_url=None), "m") as cache:
        await cache.put("acme", ["a"], np.ones((1, 3), np.float32))

        assert await cache.get("acme", ["a", "b"]) == [None, None]


async def test_a_redis_that_is_away_is_asked_once_and_then_left_alone(unused_tcp_port: int) -> None:
    async with open_cache(Settings(redis_url=f"redis://127.0.0.1:{unused_tcp_port}"), "m") as cache:
        assert await cache.get("acme", ["a"]) == [None]
        assert cache.rests_until > 0

        await cache.put("acme", ["a"], np.ones((1, 3), np.float32))
        assert await cache.get("acme", ["a"]) == [None]
