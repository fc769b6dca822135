"""Search at the embed consumer, opened in the background: the door opens also while the broker is away."""

import asyncio
from typing import Final

import structlog

from faultmaven_events.errors import SetupError, Unavailable
from faultmaven_events.producers.search import KnowledgeSearch, open_search
from faultmaven_events.schemas.knowledge import SearchQuery, SearchResult
from faultmaven_events.settings import Settings

RETRY: Final = 2.0
"""Seconds between two attempts to open it."""

log = structlog.get_logger()


class Inquiry:
    """The search, when it is there."""

    def __init__(self) -> None:
        self._search: KnowledgeSearch | None = None

    async def run(self, settings: Settings) -> None:
        """Open the search and keep it open until cancelled."""
        while True:
            try:
                async with open_search(settings) as self._search:
                    await asyncio.Event().wait()
            except SetupError:
                log.warning("search_unreachable", retry_s=RETRY)
                await asyncio.sleep(RETRY)
            finally:
                self._search = None

    async def search(self, query: SearchQuery) -> SearchResult:
        """Return what was found.

        Raises:
            TransientError: the broker or the embed consumer is away.
        """
        if self._search is None:
            raise Unavailable("the search is not connected to the broker")
        return await self._search.search(query)
