"""The worker of the workbench: sends letters on their way again, and keeps the broker's copies in step with what was decided.

It has a connection of its own. Whatever goes wrong with a server ends everything in its hands, and it begins anew: operations are in Mongo.
"""

import asyncio
import os
import secrets
import socket
from collections.abc import Collection
from contextlib import suppress
from uuid import UUID

import structlog
from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError

from faultmaven_events import topology
from faultmaven_events.consumers.bury.copies import LOOK, Copies
from faultmaven_events.consumers.bury.dispatch import Dispatch
from faultmaven_events.errors import TransientError
from faultmaven_events.infra.connection import once
from faultmaven_events.infra.errands import LEASE, Errand, Errands
from faultmaven_events.infra.mongo import Database
from faultmaven_events.settings import Settings

POLL = 0.5
"""Seconds between two looks for work."""
HANDS = 8
"""Operations that one process works on at once, so that a long slow one holds up nobody."""

log = structlog.get_logger()


class Worker:
    """Works off operations until it is cancelled."""

    def __init__(self, database: Database, settings: Settings, clean_key: bytes, *, lease: float = LEASE) -> None:
        owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(2)}"
        self._errands = Errands(database, owner, clean_key, lease)
        self._copies = Copies(database, clean_key, look=LOOK * max(0.1, settings.retry_scale))
        self._settings, self._clean_key = settings, clean_key
        self._held: dict[UUID, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Work; comes back by itself after a server was away."""
        while True:
            try:
                await self._connected()
            except (TransientError, AMQPError, ChannelInvalidStateError, OSError, RuntimeError) as error:
                log.warning("workbench_interrupted", error=type(error).__name__)
            except ExceptionGroup as group:
                log.warning("workbench_interrupted", error=type(group.exceptions[0]).__name__)
            await asyncio.sleep(1)

    async def _connected(self) -> None:
        assert self._settings.amqp_url  # for mypy: the shell beside refuses to start without
        url = self._settings.amqp_url.get_secret_value()
        async with await once(url, "faultmaven-workbench", 10) as connection:
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._copies.keep_in_step(connection))
                    group.create_task(self._take_up(connection, group))
            finally:
                await self._let_go(tuple(self._held))

    async def _take_up(self, connection: AbstractConnection, group: asyncio.TaskGroup) -> None:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        events = await channel.get_exchange(topology.EVENTS)
        dispatch = Dispatch(self._errands, events, channel.default_exchange, self._clean_key, self._settings.job_deadline_s)
        while not channel.is_closed:
            errand = await self._errands.claim(self._held) if len(self._held) < HANDS else None
            if errand is None:
                await asyncio.sleep(POLL)
            else:
                self._held[errand.redrive.id] = group.create_task(self._do(dispatch, errand))
        raise TransientError("the channel is closed")

    async def _do(self, dispatch: Dispatch, errand: Errand) -> None:
        try:
            await dispatch.work(errand)
        finally:
            self._held.pop(errand.redrive.id, None)

    async def _let_go(self, ids: Collection[UUID]) -> None:
        """Give leases back early; without it, others wait until they end."""
        with suppress(TransientError):
            await self._errands.release(ids)
