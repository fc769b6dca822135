"""Following many jobs at once: one question to the store for all jobs that are followed in a process, however many follow them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final
from uuid import UUID

import structlog

from faultmaven_events.errors import TransientError
from faultmaven_events.infra.jobs.document import job_of
from faultmaven_events.infra.mongo import Database, mongo_errors
from faultmaven_events.schemas.job import Job

POLL_S: Final = 0.15
"""Seconds between two looks."""
SPARING_S: Final = 0.0005
"""Seconds more for each followed job, so that a thousand are looked at twice a second."""
AWAY_S: Final = 1.0

Take = Callable[[Job], None]
_Key = tuple[str, UUID]

log = structlog.get_logger()


class Following:
    """The jobs that are followed here. `run` must run beside it."""

    def __init__(self, database: Database) -> None:
        self._jobs = database["jobs"]
        self._takers: dict[_Key, dict[Take, int]] = {}
        self._some = asyncio.Event()

    @contextmanager
    def follow(self, tenant: str, job: UUID, take: Take, version: int) -> Iterator[None]:
        """Hand each later state of a tenant's job to `take`, which must not block, while the block lasts. States may be skipped."""
        takers = self._takers.setdefault((tenant, job), {})
        takers[take] = version
        self._some.set()
        try:
            yield
        finally:
            del takers[take]
            if not takers:
                del self._takers[tenant, job]
            if not self._takers:
                self._some.clear()

    async def run(self) -> None:
        """Look until cancelled. While the store is away, nobody hears anything."""
        while True:
            await self._some.wait()
            try:
                await self._look()
                await asyncio.sleep(POLL_S + SPARING_S * len(self._takers))
            except TransientError:
                await asyncio.sleep(AWAY_S)
            except Exception as error:  # noqa: BLE001  # whatever it is, nobody who follows may wait for ever because of it
                log.error("following_broken", error=type(error).__name__)  # noqa: TRY400  # a traceback may hold content
                await asyncio.sleep(AWAY_S)

    async def _look(self) -> None:
        """Find what has changed in a look at versions alone, then read and hand on those."""
        query = {"_id": {"$in": [id for _, id in self._takers]}, "tenant": {"$in": [*{tenant for tenant, _ in self._takers}]}}
        with mongo_errors():
            found = [(each["tenant"], each["_id"], each["version"]) async for each in self._jobs.find(query, {"version": 1, "tenant": 1})]
        for tenant, id, version in found:
            if any(seen < version for seen in self._takers.get((tenant, id), {}).values()):
                await self._hand_on(tenant, id)

    async def _hand_on(self, tenant: str, id: UUID) -> None:
        with mongo_errors():
            document = await self._jobs.find_one({"_id": id, "tenant": tenant}, {"outbox": 0, "seen": 0})
        if document is None:
            return
        try:
            job = job_of(document)
        except ValueError:
            log.warning("job_unreadable", job=str(id))
            return
        takers = self._takers.get((tenant, id), {})
        for take, seen in list(takers.items()):
            if seen < job.version:
                takers[take] = job.version
                take(job)


@asynccontextmanager
async def open_following(database: Database) -> AsyncIterator[Following]:
    """Look at the jobs of a database for as long as the block lasts."""
    following = Following(database)
    running = asyncio.create_task(following.run())
    try:
        yield following
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
