"""Writing what events say: into what happened when, onto their jobs, among the alerts; many events at once, each once."""

import asyncio
from collections.abc import Sequence
from typing import Any

from faultmaven_events.consumers.record.project import outcome
from faultmaven_events.consumers.record.together import Together
from faultmaven_events.infra import written
from faultmaven_events.infra.alerts import Alerts
from faultmaven_events.infra.jobs import Ending, Projection
from faultmaven_events.infra.mongo import Database
from faultmaven_events.infra.timescale import Timeline
from faultmaven_events.schemas.event import Event
from faultmaven_events.topology import PATHS

Item = tuple[Event[Any], Ending | None]


class Writer:
    """Joins concurrent writes into one group per store. The stores are written side by side: each of them takes an event once."""

    def __init__(self, database: Database, timeline: Timeline) -> None:
        self._projection, self._alerts, self._timeline = Projection(database), Alerts(database), timeline
        self._together: Together[Item] = Together(self._write)

    async def write(self, event: Event[Any], ending: Ending | None = None) -> None:
        """Make an event durable in every store.

        Raises:
            PermanentError: a store can never take it.
            TransientError: a store is away; what another one took already, it takes once.
        """
        await self._together.write((event, ending))
        written.note("mongo")
        written.note("timescale")

    async def close(self) -> None:
        """Wait for the write that runs."""
        await self._together.close()

    async def _write(self, items: Sequence[Item]) -> list[Exception | None]:
        places = [index for index, (event, _) in enumerate(items) if event.kind in PATHS]
        alerts = [event for event, _ in items if event.kind == "alert"]
        logged, projected, kept = await asyncio.gather(
            self._timeline.record([(event, outcome(event)) for event, _ in items]),
            self._projection.apply([items[index] for index in places]),
            self._alerts.keep(alerts),
            return_exceptions=True,
        )
        for done in (logged, projected, kept):
            if isinstance(done, BaseException):
                raise done
        assert isinstance(logged, list)
        assert isinstance(projected, list)
        outcomes: list[Exception | None] = [*logged]
        for index, error in zip(places, projected, strict=True):
            outcomes[index] = outcomes[index] or error
        return outcomes
