"""Those who follow a job live: how many there may be, and how each gets what is new."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Final

from faultmaven_events.infra.jobs.following import Following, open_following
from faultmaven_events.infra.mongo import Database
from faultmaven_events.infra.streams import Feed, Placed, open_feed
from faultmaven_events.producers.http.problems import Problem
from faultmaven_events.producers.http.telling import Position, Telling, Told
from faultmaven_events.schemas.job import TERMINAL, Job
from faultmaven_events.settings import Settings

MOST: Final = 2000
"""Followers of one process."""
OF_ONE_TENANT: Final = MOST * 3 // 4
BEHIND: Final = 6000
"""Things that may wait for one follower: more than a whole stream. Who lets more gather is cut off."""


class TooSlow(Exception):
    """A follower does not take what is there for it."""


@dataclass(slots=True, eq=False)
class Inbox:
    """What waits for one follower; putting never blocks."""

    most: int = BEHIND
    _items: list[Job | Placed] = field(default_factory=list)
    _some: asyncio.Event = field(default_factory=asyncio.Event)
    _over: bool = False

    def put(self, item: Job | Placed) -> None:
        """Add something; what is over the limit is dropped, and who reads learns of it."""
        self._over = self._over or len(self._items) >= self.most
        if not self._over:
            self._items.append(item)
        self._some.set()

    async def take(self) -> list[Job | Placed]:
        """Wait for something; return all that there is.

        Raises:
            TooSlow: something was dropped.
        """
        await self._some.wait()
        self._some.clear()
        if self._over:
            raise TooSlow
        items, self._items = self._items, []
        return items


class Followers:
    """The followers of this process."""

    def __init__(self, feed: Feed, following: Following, *, most: int = MOST, of_one_tenant: int = OF_ONE_TENANT) -> None:
        self._feed, self._following = feed, following
        self._most, self._of_one = most, of_one_tenant
        self._held: Counter[str] = Counter()

    @contextmanager
    def place(self, tenant: str) -> Iterator[None]:
        """Hold a place for one follower.

        Raises:
            Problem: too-many-followers.
        """
        self.enter(tenant)
        try:
            yield
        finally:
            self.leave(tenant)

    def enter(self, tenant: str) -> None:
        """Take a place, which must be given back with `leave`; raises as `place` does."""
        if self._held.total() >= self._most or self._held[tenant] >= self._of_one:
            raise Problem("too-many-followers", "Ask for the job itself, with Prefer: wait=60, or try again.")
        self._held[tenant] += 1

    def leave(self, tenant: str) -> None:
        """Give a place back."""
        self._held[tenant] -= 1
        if not self._held[tenant]:
            del self._held[tenant]

    async def follow(self, job: Job, seen: Position) -> AsyncGenerator[Told, None]:
        """Yield what is to be told of a job, until its end. It is shown as it is now, then each change, but for what was seen.

        Raises:
            TooSlow: the caller does not keep up.
        """
        telling, inbox = Telling(seen), Inbox()
        inbox.put(job)
        with ExitStack() as stack:
            if job.status not in TERMINAL:
                stack.enter_context(self._following.follow(job.tenant, job.id, inbox.put, job.version))
                stack.enter_context(self._feed.follow(job.tenant, job.id, inbox.put, seen.frame))
            while not telling.ended:
                for told in telling.of(await inbox.take()):
                    yield told


@asynccontextmanager
async def open_followers(settings: Settings, database: Database) -> AsyncIterator[Followers]:
    """Open what followers get their news from.

    Raises:
        SetupError: no clean key.
    """
    async with open_feed(settings) as feed, open_following(database) as following:
        yield Followers(feed, following)
