"""Freeing what a cancelled job holds: the blobs that its event carries on to the next stage."""

from typing import Any

import structlog

from faultmaven_events.infra.blobs import Blobs
from faultmaven_events.schemas.content import Content
from faultmaven_events.schemas.event import Event

log = structlog.get_logger()


def held(event: Event[Any]) -> list[Content]:
    """Return the content that an event refers to as its job's own; a question's pieces belong to other jobs."""
    return [value for _, value in event.data if isinstance(value, Content)]


async def discard(blobs: Blobs, event: Event[Any]) -> None:
    """Delete what an event of a cancelled job refers to; needs no key. Raises Unavailable when the store is away."""
    for content in held(event):
        await blobs.delete(event.tenantid, content)
    log.info("cancelled_job_dropped", job=str(event.subject), type=event.type)
