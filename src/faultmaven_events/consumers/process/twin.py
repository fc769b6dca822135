"""The sanitized twin as a worker process reads it: piece by piece out of the blob store, so that no process ever holds a whole log."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from faultmaven_events.infra.blobs import Blobs
from faultmaven_events.schemas.content import Content


@dataclass(frozen=True, slots=True)
class Twin:
    """Where the twin is. It travels to a worker, so `blobs` holds the key of the clean area only: see `twin_of`."""

    blobs: Blobs
    tenant: str
    content: Content

    def pieces(self) -> Iterator[bytes]:
        """Yield the text piece by piece; its digest is checked at the end.

        Raises:
            MissingContent: it is gone, or is not what the reference says.
            Unavailable: the store is away.
        """
        with asyncio.Runner() as runner:
            stream = aiter(self.blobs.stream(self.tenant, self.content))

            async def following() -> bytes | None:
                return await anext(stream, None)

            while (piece := runner.run(following())) is not None:
                yield piece


def twin_of(blobs: Blobs, tenant: str, content: Content) -> Twin:
    """Return what a worker needs to read a clean blob, and no more."""
    return Twin(Blobs(blobs.store, {"clean": blobs.masters["clean"]}), tenant, content)
