"""What people and breakers order, on its way to every consumer: pauses of stages, cancelled jobs.

It lies in Redis, which is never truth: when it is lost, stages that a person paused go on, and cancelled work runs to its end for nothing;
its job stays cancelled all the same.
"""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from faultmaven_events.errors import Unavailable
from faultmaven_events.settings import Settings
from faultmaven_events.topology import STAGES

REMEMBERED: Final = timedelta(days=2)
"""How long a cancelled job is named to consumers."""


TOLD: Final = 300
"""Seconds for which a resumption is known."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Why a stage does not consume. `until_renewed` marks a breaker's pause: it ends with the process that holds it."""

    by: str
    reason: str
    at: str
    until_renewed: bool = False


class Control:
    """The orders. Without a Redis there are none, and giving one raises."""

    def __init__(self, redis: "Redis | None", prefix: str) -> None:
        self._redis, self._prefix = redis, prefix

    async def pause(self, stage: str, *, by: str, reason: str, ttl: int | None = None) -> Pause:
        """Order a stage to pause; with `ttl` seconds for as long as that is renewed.

        Raises:
            Unavailable: Redis does not answer, or there is none.
        """
        pause = Pause(by, reason, datetime.now(UTC).isoformat(timespec="seconds"), until_renewed=ttl is not None)
        with _errors():
            async with self._connected().pipeline() as pipeline:
                pipeline.set(f"{self._prefix}:paused:{stage}", json.dumps(asdict(pause)), ex=ttl)
                pipeline.delete(f"{self._prefix}:resumed:{stage}")
                await pipeline.execute()
        return pause

    async def renew(self, stage: str, ttl: int) -> bool:
        """Hold a breaker's pause for longer; False when somebody ended it."""
        with _errors():
            return bool(await self._connected().expire(f"{self._prefix}:paused:{stage}", ttl))

    async def resume(self, stage: str) -> bool:
        """Order a stage to go on; False when it was not paused. Raises as `pause` does."""
        with _errors():
            async with self._connected().pipeline() as pipeline:
                pipeline.delete(f"{self._prefix}:paused:{stage}")
                pipeline.set(f"{self._prefix}:resumed:{stage}", "1", ex=TOLD)
                deleted, _ = await pipeline.execute()
        return bool(deleted)

    async def resumed(self, stage: str) -> bool:
        """Whether somebody ordered a stage to go on in the last minutes; a pause that is gone without that was lost. Raises as `pause`."""
        with _errors():
            return bool(await self._connected().exists(f"{self._prefix}:resumed:{stage}"))

    async def paused(self) -> dict[str, Pause]:
        """Return the stages that are paused. Raises as `pause` does, but for having no Redis at all."""
        if self._redis is None:
            return {}
        with _errors():
            values = await self._redis.mget([f"{self._prefix}:paused:{stage.name}" for stage in STAGES])
        return {stage.name: Pause(**json.loads(value)) for stage, value in zip(STAGES, values, strict=True) if value}

    async def cancel(self, job: UUID) -> None:
        """Order every stage to drop a job. Raises as `pause` does."""
        now = datetime.now(UTC)
        with _errors():
            async with self._connected().pipeline(transaction=False) as pipeline:
                pipeline.zadd(f"{self._prefix}:cancelled", {str(job): now.timestamp()})
                pipeline.zremrangebyscore(f"{self._prefix}:cancelled", 0, (now - REMEMBERED).timestamp())
                await pipeline.execute()

    async def cancelled(self, since: float) -> list[UUID]:
        """Return the jobs that were cancelled at or after a time, in seconds since the epoch. Raises as `paused` does."""
        if self._redis is None:
            return []
        with _errors():
            found: Any = await self._redis.zrangebyscore(f"{self._prefix}:cancelled", since, "+inf")
        return [UUID(job.decode()) for job in found]

    def _connected(self) -> "Redis":
        if self._redis is None:
            raise Unavailable("there is no Redis (FM_REDIS_URL), which carries orders to the consumers")
        return self._redis


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise Unavailable(f"Redis does not answer: {type(error).__name__}") from error


@asynccontextmanager
async def open_control(settings: Settings) -> AsyncIterator[Control]:
    """Open the way to the consumers that `FM_REDIS_URL` names; without one there are no orders."""
    if settings.redis_url is None:
        yield Control(None, settings.redis_prefix)
        return
    async with Redis.from_url(settings.redis_url.get_secret_value(), socket_timeout=2, socket_connect_timeout=2) as redis:
        yield Control(redis, settings.redis_prefix)
