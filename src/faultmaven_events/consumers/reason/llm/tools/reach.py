"""What tools can reach: this question's evidence and series, its tenant's knowledge. Fixed before anybody asks; no argument widens it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from faultmaven_events.consumers.reason.llm.docket import Pages
from faultmaven_events.consumers.reason.llm.tools.registry import Tool
from faultmaven_events.schemas.insight import MergedInsights, Series
from faultmaven_events.schemas.knowledge import SearchQuery, SearchResult


class Finder(Protocol):
    """Searches the knowledge; `producers.search.KnowledgeSearch` is one."""

    async def search(self, query: SearchQuery, *, timeout: float = ...) -> SearchResult:  # noqa: ASYNC109 # the port's own name
        """Return what was found.

        Raises:
            TransientError: nobody answered.
        """


class Ledger(Protocol):
    """Notes who did what; `infra.audit.Audit` is one."""

    async def note(self, *, by: str, action: str, target: dict[str, Any], reason: str | None = None, count: int | None = None) -> None:
        """Write an entry."""


Sampled = tuple[str, Series]
"""A file's name and one of its series."""
LoadSeries = Callable[[], Awaitable[Sequence[Sampled]]]


@dataclass(frozen=True, slots=True)
class Reach:
    """Who asks, and what there is to be read. What is None is not there, and its tool is not offered."""

    tenant: str
    job_id: UUID
    pages: Pages
    user: str = "anonymous"
    case_id: str | None = None
    tools: tuple[Tool, ...] = ()
    finder: Finder | None = None
    series: LoadSeries | None = None
    web_url: str | None = None
    ledger: Ledger | None = None

    def usable(self) -> tuple[Tool, ...]:
        """The allowed tools that have something to work with."""
        there = {
            "search_knowledge": self.finder is not None,
            "read_evidence": bool(self.pages.names),
            "query_series": self.series is not None,
            "web_search": self.web_url is not None,
            "propose_setting": bool(self.pages.names),
        }
        return tuple(tool for tool in self.tools if there.get(tool.name, False))


def series_of(merged: bytes) -> tuple[Sampled, ...]:
    """The series of merged insights. Call it in a thread: it reads all of them.

    Raises:
        ValueError: they do not fit their schema.
    """
    return tuple((file.file, one) for file in MergedInsights.model_validate_json(merged).files for one in file.series)
