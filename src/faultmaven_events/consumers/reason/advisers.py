"""The models that may be asked, and all that asking needs: budget, cache, tools. Composed once per process; none without a provider."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from faultmaven_events.consumers.attempts import BEHIND
from faultmaven_events.consumers.reason.llm.consult import consult
from faultmaven_events.consumers.reason.llm.counsel import Counsel
from faultmaven_events.consumers.reason.llm.docket import Pages
from faultmaven_events.consumers.reason.llm.tools.reach import Reach, series_of
from faultmaven_events.consumers.reason.llm.tools.registry import Tool, allowed
from faultmaven_events.consumers.reason.material import Material
from faultmaven_events.infra.audit import Audit
from faultmaven_events.infra.llm.accounts import Accounts, accounts_of
from faultmaven_events.infra.llm.cache import Answers, open_answers
from faultmaven_events.infra.llm.configured import configured
from faultmaven_events.infra.llm.meter import TenantMeter, open_meter, recorded, spent
from faultmaven_events.infra.llm.port import NoProvider, OverBudget
from faultmaven_events.infra.llm.router import Router, open_models
from faultmaven_events.infra.mongo import Database
from faultmaven_events.producers.publish import Publisher, open_publisher
from faultmaven_events.producers.search import KnowledgeSearch, open_search
from faultmaven_events.schemas.alert import SYSTEM
from faultmaven_events.schemas.event import Event
from faultmaven_events.schemas.knowledge import SearchResult
from faultmaven_events.schemas.report import IncidentReport
from faultmaven_events.schemas.usage import BREAKER, BreakerChanged, Task, Usage
from faultmaven_events.settings import Settings

SPARE: Final = timedelta(minutes=1)
"""A question whose deadline is nearer than that does not wait for a provider to come back."""


@dataclass(frozen=True, slots=True)
class Advisers:
    """Who may be asked."""

    models: Router
    accounts: Accounts
    answers: Answers
    finder: KnowledgeSearch
    audit: Audit
    tools: tuple[Tool, ...]
    settings: Settings

    def meter(self, event: Event[Any], task: Task) -> AbstractAsyncContextManager[TenantMeter]:
        """The meter of one question."""
        return open_meter(self.accounts, tenant=event.tenantid, job=event.subject, task=task)

    async def advise(self, report: IncidentReport, material: Material) -> IncidentReport:
        """Return a report with what models add to it, or with the reason why they add nothing.

        Raises:
            NoProvider: nobody answers, and the question shall be tried again later.
            BudgetSpent: nobody wants an answer without models, and there is no money for them.
            Unavailable: MongoDB is away, which has the accounts.
        """
        async with self.meter(material.event, "investigate") as meter:
            try:
                return await consult(report, material.context.texts, self._counsel(material, meter))
            except OverBudget:
                spent(self.accounts)  # raises, as `refuse` is set
                raise

    def _counsel(self, material: Material, meter: TenantMeter) -> Counsel:
        event, settings = material.event, self.settings
        reach = Reach(
            tenant=event.tenantid,
            job_id=event.subject,
            pages=Pages(material.context.texts, {piece.job_id: piece.name for piece in event.data.pieces}),
            user=event.userid,
            case_id=event.data.case_id,
            tools=self.tools,
            finder=self.finder,
            series=partial(asyncio.to_thread, series_of, material.merged),
            web_url=settings.llm_web_search_url,
            ledger=self.audit,
        )
        return Counsel(
            self.models,
            meter,
            reach,
            self.models.providers[0].model_for("investigate"),
            strategy=settings.llm_strategy,
            answers=self.answers,
            vector=SearchResult.model_validate_json(material.knowledge).vector,
            total_s=settings.llm_total_s,
            retry=waits(event, settings.llm_attempts),
            refuse=self.accounts.refuses,
        )

    async def told(self, event: Event[Any], report: IncidentReport) -> list[Event[Usage]]:
        """Return what is told of the calls for a question: one event for each, also for those of earlier deliveries.

        Raises:
            Unavailable: MongoDB is away.
        """
        meter = TenantMeter(self.accounts, event.tenantid, event.subject)
        if report.cost.cached_from is not None:
            meter.hit("cache", report.reasoner, report.cost.cached_from)
        return [recorded(event, usage) for usage in await meter.told()]


def waits(event: Event[Any], rungs: int) -> bool:
    """Whether a question that nobody answers goes to the retry ladder once more, rather than to be answered offline."""
    before = sum(attempt.code == NoProvider.code for attempt in BEHIND.get())
    return before < rungs and (event.deadline is None or event.deadline > datetime.now(UTC) + SPARE)


@asynccontextmanager
async def open_advisers(settings: Settings, database: Database) -> AsyncIterator[Advisers | None]:
    """Open the way to the configured models; None when none is configured: then nothing of it is loaded.

    Raises:
        SetupError: the configuration does not fit, or a server is not named.
    """
    tools = allowed(settings.llm_tools)
    if not configured(settings):
        yield None
        return
    async with AsyncExitStack() as stack:
        publisher = await stack.enter_async_context(open_publisher(settings, wait=False))
        yield Advisers(
            models=await stack.enter_async_context(open_models(settings, partial(_tell, publisher))),
            accounts=accounts_of(database, settings),
            answers=await stack.enter_async_context(open_answers(settings)),
            finder=await stack.enter_async_context(open_search(settings)),
            audit=Audit(database),
            tools=tools,
            settings=settings,
        )


async def _tell(publisher: Publisher, change: BreakerChanged) -> None:
    await publisher.publish(_changed(change))


def _changed(change: BreakerChanged) -> Event[BreakerChanged]:
    """The event of a breaker's change. It is about the system, and no tenant's."""
    subject: UUID = uuid5(NAMESPACE_URL, f"urn:faultmaven:provider:{change.provider}")
    id = uuid5(subject, f"{change.previous}/{change.state}/{change.at.isoformat()}")
    return Event[BreakerChanged](
        id=id,
        source="/faultmaven/reason",
        type=BREAKER,
        subject=subject,
        time=change.at,
        tenantid=SYSTEM,
        userid="system",
        correlationid=str(id),
        data=change,
    )
