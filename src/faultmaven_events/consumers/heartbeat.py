"""Telling Redis that the stages of this process live, and when they last made progress. Without Redis nothing else changes."""

import asyncio
import json
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from faultmaven_events import __version__
from faultmaven_events.consumers.consumption import Consumption
from faultmaven_events.settings import Settings

BEAT: Final = 3.0
"""Seconds between two heartbeats."""
SILENT: Final = 12
"""Seconds after which a silent consumer counts as gone."""


def facts(consumption: Consumption, now: float) -> dict[str, Any]:
    """Return what a heartbeat says; `idle_s` are seconds since the last message was finished."""
    shell = consumption.shell
    return {
        "version": __version__,
        "pid": os.getpid(),
        "in_flight": shell.in_flight,
        "handled": shell.handled,
        "idle_s": round(now - shell.progressed_at, 1),
        "paused": consumption.paused,
    }


async def beat(settings: Settings, consumptions: Sequence[Consumption]) -> None:
    """Beat for ever."""
    if settings.redis_url is None:
        return
    async with Redis.from_url(settings.redis_url.get_secret_value(), socket_timeout=2) as redis:
        while True:
            with suppress(RedisError, OSError):
                for each in consumptions:
                    key = f"{settings.redis_prefix}:consumer:{each.shell.stage.name}:{each.shell.consumer}"
                    await redis.set(key, json.dumps(facts(each, time.monotonic())), ex=SILENT)
            await asyncio.sleep(BEAT)
