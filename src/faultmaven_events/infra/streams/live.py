"""Writing a job's live stream. It never raises and never waits for Redis, but for a moment at the end: the job comes first."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, Self
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from faultmaven_events.infra.llm.port import ANEW
from faultmaven_events.infra.streams.frame import FIELD, Frame, Seal, live_seal, stream_key
from faultmaven_events.schemas.phase import Progressed
from faultmaven_events.settings import Settings

BATCH_S: Final = 0.05
"""Seconds for which what comes is gathered before it is written."""
KEPT_S: Final = 3600
"""Seconds that a stream stays after its last frame."""
MOST: Final = 4000
"""Frames that a stream holds, about; the oldest go first."""
TEXT_LIMIT: Final = 256 * 1024
"""Characters of one answer that are shown live. What is beyond is in the job's result alone."""
PIECE: Final = 8 * 1024
"""Characters of one frame."""
PATIENCE_S: Final = 2.0
"""Seconds that Redis may take; nobody waits for it meanwhile."""
REST_S: Final = 2.0
"""Seconds for which a Redis that did not answer is left alone."""
PARTING_S: Final = 1.0
"""Seconds that the last frames get."""


@dataclass(slots=True)
class Streams:
    """Where live streams are written. Without a Redis they are written nowhere."""

    redis: Redis | None
    prefix: str
    seal: Seal
    rests_until: float = field(default=0.0)

    def live(self, tenant: str, job: UUID) -> "Live":
        """Return the stream of a job, to be opened with `async with`."""
        return Live(self, tenant, job)

    async def append(self, tenant: str, job: UUID, frames: Sequence[Frame]) -> bool:
        """Write frames; False when Redis is away, and then perhaps some of them were written."""
        if self.redis is None or time.monotonic() < self.rests_until:
            return False
        key = stream_key(self.prefix, tenant, job)
        try:
            async with asyncio.timeout(PATIENCE_S), self.redis.pipeline(transaction=False) as pipe:
                for frame in frames:
                    pipe.xadd(key, {FIELD: self.seal.close(tenant, key, frame)}, maxlen=MOST, approximate=True)
                pipe.expire(key, KEPT_S)
                await pipe.execute()
        except (RedisError, OSError, TimeoutError):
            self.rests_until = time.monotonic() + REST_S
            return False
        return True

    async def begun(self, tenant: str, job: UUID) -> bool:
        """Whether somebody wrote on a job before, for example an attempt that was broken off."""
        if self.redis is None:
            return False
        with suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                return bool(await self.redis.exists(stream_key(self.prefix, tenant, job)))
        return False


class Live:
    """The stream of one job, while it is worked on. Everything that is given to it must be sanitized.

    What Redis did not take is written again, from a reset on, as soon as it takes something: a follower never sees a text with a hole.
    """

    def __init__(self, streams: Streams, tenant: str, job: UUID) -> None:
        self._streams, self._tenant, self._job = streams, tenant, job
        self._phases: dict[str, Frame] = {}
        self._text = ""
        self._pending: list[Frame] = []
        self._fresh, self._behind = True, False
        self._writing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
            with suppress(TimeoutError):
                async with asyncio.timeout(PARTING_S):
                    await self._write()

    async def phase(self, progressed: Progressed) -> None:
        """Tell that a phase is done."""
        frame = Frame(kind="phase", phase=progressed)
        self._phases[progressed.phase] = frame
        self._add(frame)

    async def text(self, piece: str) -> None:
        """Tell the next piece of the answer: an `OnText` of the port to models. An empty piece is none; `ANEW` resets."""
        if piece == ANEW:
            await self.reset()
            return
        piece = piece[: TEXT_LIMIT - len(self._text)]
        for start in range(0, len(piece), PIECE):
            part = piece[start : start + PIECE]
            self._add(Frame(kind="text", text=part, at=len(self._text)))
            self._text += part

    async def reset(self) -> None:
        """Void the text that was told so far. Phases stay."""
        if self._text:
            self._text = ""
            self._pending = [frame for frame in self._pending if frame.kind == "phase"]
            self._add(Frame(kind="reset"))

    async def end(self, text: str = "") -> None:
        """Tell how the text is stored in the end, where it differs from what was told so far; empty: there is none."""
        if text[:TEXT_LIMIT] != self._text:
            await self.reset()
            await self.text(text)

    def _add(self, frame: Frame) -> None:
        if self._streams.redis is None:
            return
        last = self._pending[-1] if self._pending else None
        if last is not None and frame.continues(last) and len(last.text) + len(frame.text) <= PIECE:
            self._pending[-1] = last.joined(frame)
        else:
            self._pending.append(frame)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._soon())

    async def _soon(self) -> None:
        while self._pending or self._behind:
            await asyncio.sleep(REST_S if self._behind else BATCH_S)
            await self._write()

    async def _write(self) -> None:
        if not self._pending and not self._behind:
            return
        if self._fresh:
            self._behind = await self._streams.begun(self._tenant, self._job)
            self._fresh = False
        frames = self._all() if self._behind else self._pending
        self._pending, self._behind = [], True  # until they are known to be written
        self._behind = not await self._streams.append(self._tenant, self._job, frames)

    def _all(self) -> list[Frame]:
        """Return all that was told, so that it stands for itself."""
        text = [Frame(kind="text", text=self._text[at : at + PIECE], at=at) for at in range(0, len(self._text), PIECE)]
        return [Frame(kind="reset"), *self._phases.values(), *text]


@asynccontextmanager
async def open_streams(settings: Settings) -> AsyncIterator[Streams]:
    """Open the streams of the settings for writing; no server is asked before the first use.

    Raises:
        SetupError: no clean key.
    """
    seal = live_seal(settings)
    if settings.redis_url is None:
        yield Streams(None, settings.redis_prefix, seal)
        return
    url = settings.redis_url.get_secret_value()
    async with Redis.from_url(url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S) as redis:
        yield Streams(redis, settings.redis_prefix, seal)
