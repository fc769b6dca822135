"""The workbench on real servers: bury's room beside a stage on the test bench, and what people do with dead letters."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from contract.bench import Bench, gives, open_bench
from faultmaven_events.consumers.run import open_consumption
from faultmaven_events.consumers.stage import room
from faultmaven_events.errors import MissingContent
from faultmaven_events.infra.groups import Groups
from faultmaven_events.infra.keys import required_key
from faultmaven_events.infra.letters import Letters
from faultmaven_events.infra.mongo import Database, open_mongo
from faultmaven_events.infra.redrives import Redrives
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.redrive import Redrive
from faultmaven_events.settings import Settings
from faultmaven_events.topology import BY_NAME, Stage

PATIENCE = 60.0


@dataclass
class Sick:
    """A stage's handler that fails until it is mended, and counts what it did: runs, and effects under the ids of what they give."""

    stage: Stage
    error: Exception | None = field(default_factory=lambda: MissingContent("the blob 'x' is gone"))
    runs: Counter[UUID] = field(default_factory=Counter)
    given: dict[UUID, Event[Any]] = field(default_factory=dict)
    effects: set[UUID] = field(default_factory=set)

    async def __call__(self, event: Event[Any]) -> Sequence[Event[Any]]:
        if self.error is not None:
            raise self.error
        self.runs[event.id] += 1
        self.given[event.id] = event
        following = gives(self.stage, event)
        self.effects.add(following.id)
        return [following]


@dataclass
class Workbench:
    """A stage, its dead letters, and the hands of an operator."""

    settings: Settings
    bench: Bench
    sick: Sick
    database: Database
    letters: Letters
    redrives: Redrives
    groups: Groups

    @property
    def clean_key(self) -> bytes:
        return required_key(self.settings, "clean")

    async def count(self, **query: Any) -> int:
        return await self.database["dead_letters"].count_documents(query)

    async def buried(self, count: int) -> None:
        """Wait until so many letters are kept."""
        await until(lambda: self.holds(count))

    async def holds(self, count: int, **query: Any) -> bool:
        return await self.count(**query) >= count

    async def ended(self, started: Redrive) -> Redrive:
        """Wait for the end of an operation."""
        found: list[Redrive] = []

        async def over() -> bool:
            operation = await self.redrives.get(started.id)
            assert operation is not None
            found.append(operation)
            return operation.state != "running"

        await until(over)
        return found[-1]

    async def has_copies(self, count: int) -> bool:
        """Whether so many copies lie on the broker; while bury goes through them it holds them in its hand."""
        return await self.depth() == count

    async def depth(self) -> int:
        queue = await self.bench.channel.declare_queue(self.bench.stage.dead_queue, passive=True)
        return queue.declaration_result.message_count or 0


@asynccontextmanager
async def open_workbench(settings: Settings, stage: str = "process", *, bury: bool = True) -> AsyncIterator[Workbench]:
    """Put a stage that fails on the test bench, and bury with its worker beside it."""
    sick = Sick(BY_NAME[stage])
    async with open_bench(settings, sick.stage, sick, alone=False) as bench, open_mongo(settings) as database:
        workbench = Workbench(settings, bench, sick, database, Letters(database), Redrives(database), Groups(database))
        if not bury:
            yield workbench
            return
        async with room("bury")(settings) as handler, open_consumption(settings, BY_NAME["bury"], handler):
            yield workbench


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what lies in a store."""
    async with asyncio.timeout(PATIENCE):
        while not await condition():  # noqa: ASYNC110 # a store has no event to wait for
            await asyncio.sleep(0.05)
