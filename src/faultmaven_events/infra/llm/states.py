"""The breakers of all providers, as all processes share them over Redis: what one learns, all know.

Redis is never truth. Without it, or while it is away, each process goes by what it saw itself; of two copies the later one counts.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from math import isfinite
from secrets import token_hex
from typing import Any, Final

from pydantic import TypeAdapter
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as SlowError

from faultmaven_events.infra.llm.breaker import MOST, Breaker
from faultmaven_events.infra.llm.cancellation import heeded
from faultmaven_events.settings import Settings

PATIENCE_S: Final = 0.5
"""Seconds that Redis gets for an answer. One call pays for it; then Redis is left alone for a while."""
REST_S: Final = 10.0
KEPT_MS: Final = 24 * 3600 * 1000
"""How long a breaker is remembered that nobody touches."""
_SIZE: Final = 16 * 1024
_AHEAD: Final = 60.0
"""Seconds that another machine's clock may be ahead; a state further ahead is not believed, or it would hold for ever."""
_TRIES: Final = 50

_SWAP: Final = """
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""
_RELEASE: Final = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end return 1"
_JSON: Final = TypeAdapter(Breaker)


class States:
    """The shared states. `clock` gives seconds since the epoch."""

    def __init__(self, redis: "Redis | None", prefix: str, clock: Callable[[], float] = time.time) -> None:
        self._redis, self._prefix, self.clock = redis, prefix, clock
        self._own: dict[str, Breaker] = {}
        self._changing: dict[str, asyncio.Lock] = {}
        self._holder = token_hex(8)
        self._rests_until = 0.0

    def known(self, name: str) -> Breaker:
        """Return what this process knows without asking."""
        return self._own.get(name, Breaker())

    async def read(self, names: Sequence[str]) -> dict[str, Breaker]:
        """Return the breakers; those of providers that nobody ever asked are closed."""
        if names and (redis := self._reachable()) is not None:
            raws = await self._asked(partial(redis.mget, [self._key(name) for name in names]))
            for name, raw in zip(names, raws or (), strict=False):
                self._learn(name, raw)
        return {name: self.known(name) for name in names}

    async def change(self, name: str, step: Callable[[Breaker], Breaker]) -> tuple[Breaker, Breaker]:
        """Apply a step to the state that all share; return the breaker before and after it. The step may be applied several times."""
        async with self._changing.setdefault(name, asyncio.Lock()):
            for attempt in range(_TRIES):
                redis, raw = self._reachable(), None
                if redis is not None:
                    raw = await self._asked(partial(redis.get, self._key(name)))
                    self._learn(name, raw)
                before = self.known(name)
                after = step(before)
                if after == before or await self._swap(name, raw, after, force=attempt == _TRIES - 1):
                    self._own[name] = after
                    return before, after
        raise AssertionError("the last attempt is forced")

    async def lease(self, name: str, seconds: float) -> bool:
        """Take the right to probe; False while another process has it. Without Redis each has its own."""
        if (redis := self._reachable()) is None:
            return True
        taken = await self._try(partial(redis.set, self._lease_key(name), self._holder, nx=True, px=round(seconds * 1000)))
        return bool(taken) or self._reachable() is None

    async def release(self, name: str) -> None:
        """Give the right back."""
        if (redis := self._reachable()) is not None:
            await self._try(partial(redis.eval, _RELEASE, 1, self._lease_key(name), self._holder))

    async def _swap(self, name: str, raw: Any, after: Breaker, *, force: bool) -> bool:
        """Write a state unless somebody else wrote meanwhile; True also where there is nobody to share with."""
        if (redis := self._reachable()) is None:
            return True
        key, new = self._key(name), _JSON.dump_json(after)
        if force:
            await self._try(partial(redis.set, key, new, px=KEPT_MS))
            return True
        done = await self._try(partial(redis.eval, _SWAP, 1, key, raw or b"", new, str(KEPT_MS)))
        return done is None or bool(done)

    def _learn(self, name: str, raw: Any) -> None:
        found = _parsed(raw)
        if found is not None and self.known(name).touched <= found.touched <= self.clock() + _AHEAD:
            self._own[name] = found

    def _reachable(self) -> "Redis | None":
        return None if time.monotonic() < self._rests_until else self._redis

    async def _asked(self, ask: Callable[[], Any]) -> Any:
        """Return the answer to a question, asked twice: a process that was busy itself must not take that for a slow Redis."""
        return await self._try(ask, tries=2)

    async def _try(self, ask: Callable[[], Any], tries: int = 1) -> Any:
        """Return Redis's answer; None, and a rest, when it does not give one in time."""
        for _ in range(tries):
            try:
                with heeded():
                    async with asyncio.timeout(PATIENCE_S):
                        return await ask()
            except (TimeoutError, SlowError):
                continue
            except (RedisError, OSError):
                break
        self._rests_until = time.monotonic() + REST_S
        return None

    def _key(self, name: str) -> str:
        return f"{self._prefix}:llm:breaker:{name}"

    def _lease_key(self, name: str) -> str:
        return f"{self._prefix}:llm:probe:{name}"


def _parsed(raw: Any) -> Breaker | None:
    """Return a stored state; None for one of another version, or none at all."""
    if not isinstance(raw, bytes) or len(raw) > _SIZE:
        return None
    try:
        found = _JSON.validate_json(raw)
    except ValueError:
        return None
    times = (found.since, found.touched, found.probe_at, *(at for at, _ in found.recent))
    return replace(found, times=max(0, min(found.times, MOST)), reason=found.reason[:300]) if all(map(isfinite, times)) else None


@asynccontextmanager
async def open_states(settings: Settings) -> AsyncIterator[States]:
    """Open the states of `FM_REDIS_URL`; no server is asked before the first use."""
    if settings.redis_url is None:
        yield States(None, settings.redis_prefix)
        return
    redis: Redis = Redis.from_url(
        settings.redis_url.get_secret_value(),
        socket_timeout=PATIENCE_S,
        socket_connect_timeout=PATIENCE_S,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        yield States(redis, settings.redis_prefix)
    finally:
        await redis.aclose()
