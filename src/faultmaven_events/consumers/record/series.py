"""Keeping the points of metrics files: a lane of its own, so that a large write holds up nobody's job."""

import asyncio
from typing import Any, Final

from pydantic import ValidationError

from faultmaven_events.errors import InvalidEvent, MissingContent
from faultmaven_events.infra.blobs import Blobs
from faultmaven_events.infra.jobs import Jobs
from faultmaven_events.infra.points import PointStore
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.evidence import Sampled
from faultmaven_events.schemas.points import Points

SERIES: Final = "series"
"""Kind of the events that bring points."""
LARGEST: Final = 64 * 1024 * 1024
"""Bytes of a blob of points: far over what process writes."""


class Keeper:
    """Writes points out of clean blobs, once per job; a cancelled job keeps none."""

    def __init__(self, blobs: Blobs, jobs: Jobs, store: PointStore) -> None:
        self._blobs, self._jobs, self._store = blobs, jobs, store

    async def keep(self, event: Event[Sampled]) -> None:
        """Write the points of a job.

        Raises:
            InvalidEvent: what the event refers to is no blob of points.
            MissingContent: the blob is gone, and nobody cancelled the job.
            Unavailable: a store is away.
        """
        if event.data.points.area != "clean" or event.data.points.size > LARGEST:
            raise InvalidEvent("points lie in a clean blob of bounded size")
        if await self._cancelled(event):
            return
        try:
            text = await self._blobs.read(event.tenantid, event.data.points)
        except MissingContent:
            if await self._cancelled(event):
                return
            raise
        await self._store.keep(event.tenantid, event.subject, event.time, await asyncio.to_thread(_points, text))
        if await self._cancelled(event):  # in the meantime: who recorded that may have found nothing to remove
            await self.forget(event)

    async def forget(self, event: Event[Any]) -> None:
        """Remove the points of a job that nobody wants."""
        await self._store.forget(event.tenantid, event.subject)

    async def _cancelled(self, event: Event[Any]) -> bool:
        job = await self._jobs.get(event.tenantid, event.subject)
        return job is not None and job.status == "cancelled"


def _points(text: bytes) -> Points:
    try:
        points = Points.model_validate_json(text)
    except ValidationError:
        raise InvalidEvent("a blob of points does not fit its schema") from None
    if any(len(column.at) != len(column.values) for column in points.series):
        raise InvalidEvent("a series has more times than values, or fewer")
    return points
