"""Reading live streams: one connection of a process waits for the frames of all jobs that somebody follows there.

It waits with XREAD for all their streams at once, and for one of its own, on which it is told that the jobs to wait for have changed. Each
round hands on what has gathered, so that many frames cost few rounds. A follower gets every frame after the id that it names, once and in
order, for as long as the stream lives; while Redis is away it gets none, and then those that it missed.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid4

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from faultmaven_events.infra.streams.frame import FIELD, START, Placed, Seal, live_seal, order, place, stream_key
from faultmaven_events.settings import Settings

ROUND_S: Final = 0.02
"""Seconds between two rounds: a frame waits so long at most, and a hundred frames of as many jobs make one round."""
BLOCK_MS: Final = 5000
COUNT: Final = 500
"""Frames of one stream in one round."""
RETRY_S: Final = 1.0
CONNECT_S: Final = 1.0
WAKE_S: Final = 60
"""Seconds that the stream for waking stays when its process is gone."""

Take = Callable[[Placed], None]

log = structlog.get_logger()


@dataclass(slots=True, eq=False)
class _Follower:
    take: Take
    seen: tuple[int, int]


@dataclass(slots=True, eq=False)
class _Topic:
    """A followed job. `read` is the id up to which its stream was read; it is set back when somebody comes who has seen less."""

    tenant: str
    read: str
    followers: set[_Follower] = field(default_factory=set)


class Feed:
    """What is written on the jobs that are followed here. `run` must run beside it."""

    def __init__(self, redis: Redis | None, prefix: str, seal: Seal) -> None:
        self._redis, self._prefix, self._seal = redis, prefix, seal
        self._topics: dict[str, _Topic] = {}
        self._wake_key, self._woken = f"{prefix}:live-wake:{uuid4()}", START
        self._changed = asyncio.Event()
        self.connected = False
        """Whether the last round went well."""

    @contextmanager
    def follow(self, tenant: str, job: UUID, take: Take, after: str = START) -> Iterator[None]:
        """Hand each frame of a job after an id to `take`, which must not block, while the block lasts.

        Raises:
            ValueError: `after` is not an id.
        """
        key, follower = stream_key(self._prefix, tenant, job), _Follower(take, order(after))
        topic = self._topics.setdefault(key, _Topic(tenant, after))
        if place(topic.read) > follower.seen:
            topic.read = after
        topic.followers.add(follower)
        self._changed.set()
        try:
            yield
        finally:
            topic.followers.discard(follower)
            if not topic.followers:
                del self._topics[key]

    async def run(self) -> None:
        """Read until cancelled."""
        if self._redis is None:
            return
        waking = asyncio.create_task(self._wake())
        try:
            while True:
                try:
                    await self._round(self._redis)
                    self.connected = True
                    await asyncio.sleep(ROUND_S)
                except (RedisError, OSError) as error:
                    if self.connected:
                        log.warning("live_streams_away", error=type(error).__name__)
                    self.connected = False
                    await asyncio.sleep(RETRY_S)
                except Exception as error:  # noqa: BLE001  # whatever it is, nobody who follows may wait for ever because of it
                    log.error("live_streams_broken", error=type(error).__name__)  # noqa: TRY400  # a traceback may hold content
                    await asyncio.sleep(RETRY_S)
        finally:
            waking.cancel()
            await asyncio.gather(waking, return_exceptions=True)

    async def _round(self, redis: Redis) -> None:
        asked = {key: topic.read for key, topic in self._topics.items()}
        streams: Any = {self._wake_key: self._woken, **asked}
        found: Any = await redis.xread(streams, count=COUNT, block=BLOCK_MS)
        for raw, entries in found or ():
            key = raw.decode()
            if key == self._wake_key:
                self._woken = entries[-1][0].decode()
            elif (topic := self._topics.get(key)) is not None:
                self._hand_on(key, topic, entries)
                if topic.read == asked[key]:  # otherwise somebody came meanwhile who has seen less
                    topic.read = entries[-1][0].decode()

    def _hand_on(self, key: str, topic: _Topic, entries: list[tuple[bytes, dict[bytes, bytes]]]) -> None:
        for raw, fields in entries:
            id, frame = raw.decode(), self._seal.open(topic.tenant, key, fields.get(FIELD, b""))
            if frame is None:
                continue
            placed, at = Placed(id, frame), place(id)
            for follower in topic.followers:
                if at > follower.seen:
                    follower.seen = at
                    follower.take(placed)

    async def _wake(self) -> None:
        """Tell the waiting connection that the jobs have changed, on another one."""
        assert self._redis is not None
        while True:
            await self._changed.wait()
            self._changed.clear()
            with suppress(RedisError, OSError):  # then there is no connection that waits, either
                async with self._redis.pipeline(transaction=False) as pipe:
                    pipe.xadd(self._wake_key, {b"w": b""}, maxlen=1)
                    pipe.expire(self._wake_key, WAKE_S)
                    await pipe.execute()
            await asyncio.sleep(ROUND_S)


@asynccontextmanager
async def open_feed(settings: Settings) -> AsyncIterator[Feed]:
    """Open the feed of the settings; Redis may be away, or not be there at all.

    Raises:
        SetupError: no clean key.
    """
    seal = live_seal(settings)
    if settings.redis_url is None:
        yield Feed(None, settings.redis_prefix, seal)
        return
    url, patience = settings.redis_url.get_secret_value(), BLOCK_MS / 1000 + 2
    async with Redis.from_url(url, socket_timeout=patience, socket_connect_timeout=CONNECT_S) as redis:
        feed = Feed(redis, settings.redis_prefix, seal)
        running = asyncio.create_task(feed.run())
        try:
            yield feed
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
