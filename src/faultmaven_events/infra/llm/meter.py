"""The meter of one question: sets aside what a call may cost before it is made, books what it did cost, and collects what is told of it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from uuid_utils.compat import uuid7

from faultmaven_events.errors import BudgetSpent, Unavailable
from faultmaven_events.infra.llm.accounts import Accounts
from faultmaven_events.infra.llm.budget import MOST, NOTHING, Amount, Kind, micros
from faultmaven_events.infra.llm.hold import Hold
from faultmaven_events.infra.llm.port import OverBudget, Provider, Request
from faultmaven_events.infra.llm.prices import at_most, bound, price_of
from faultmaven_events.schemas.cost import Cost
from faultmaven_events.schemas.event import Event, derive
from faultmaven_events.schemas.usage import USAGE, Task, Usage
from faultmaven_events.topology import BY_NAME

LONGEST: Final = timedelta(seconds=BY_NAME["reason"].deadline + 60)
"""After it no call can be running that was begun for a question: the stage's own time limit, and a minute for clocks that differ."""

log = structlog.get_logger()


@dataclass(slots=True)
class _Running:
    """A call that was begun."""

    hold: Hold
    how: tuple[Kind, Amount, Usage] | None = None
    """How it ended, when that could not be booked yet."""


@dataclass(slots=True)
class TenantMeter:
    """A `port.Meter` for the calls of one job. Open it with `open_meter`, which books what is left over at the end."""

    accounts: Accounts
    tenant: str
    job: UUID
    task: Task = "investigate"
    usages: list[Usage] = field(default_factory=list)
    """What was used so far, in this delivery of the question."""
    _running: dict[UUID, _Running] = field(default_factory=dict)

    async def reserve(self, provider: Provider, model: str, request: Request) -> UUID:
        """Set aside what a call may cost at most; return the call's id.

        Raises:
            OverBudget: the tenant has not so much left.
            Unavailable: MongoDB is away: nothing may be asked then, for nobody could say what it cost.
        """
        (tokens_in, tokens_out), now, call = bound(request), self.accounts.now(), uuid7()
        amount = at_most(price_of(provider, model), tokens_in, tokens_out)
        about = {"provider": provider.name[:64], "model": model[:128], "task": self.task}
        hold = Hold(call, self.tenant, self.job, now, now + LONGEST, amount, tokens_in, tokens_out, **about)  # type: ignore[arg-type]  # texts and a task
        reserving = asyncio.create_task(self.accounts.reserve(hold))
        try:
            self._running[call] = _Running(await asyncio.shield(reserving))
        except asyncio.CancelledError:
            with suppress(OverBudget, Unavailable):  # it may be set aside by now, for a call that nobody makes
                self._running[call] = _Running(await reserving, ("released", NOTHING, hold.unused()))
            raise
        return call

    async def settle(self, call: UUID, usage: Usage) -> None:
        """Book what a call did cost and free the rest; a second time changes nothing.

        Where MongoDB is away the answer is not lost for it: what was set aside stays so, and is booked later or in full.
        """
        running = self._running.get(call)
        if running is None:
            return
        running.how = _booked(running.hold, usage)
        try:
            await self._end(running)
        except Unavailable as error:
            log.warning("usage_booked_later", error=type(error).__name__)

    async def told(self) -> list[Usage]:
        """Return the usage of all calls for this job, those of earlier deliveries too: each is told as an event, counted once."""
        booked = [ended.usage for ended in await self.accounts.ended(self.tenant, self.job)]
        known = {usage.call_id for usage in booked}
        return [*booked, *(usage for usage in self.usages if usage.call_id not in known)]

    def hit(self, provider: str, model: str, source: UUID) -> None:
        """Count an answer that came out of a cache, made for the job `source`: it cost nothing."""
        id = derive(self.job, f"cached/{self.task}/{source}")
        self.usages.append(Usage(call_id=id, provider=provider[:64], model=model[:128], task=self.task, outcome="cached"))

    async def close(self) -> None:
        """Book what is not booked yet; what nobody settled counts in full. What cannot be booked now is closed by record later."""
        for running in list(self._running.values()):
            running.how = running.how or ("expired", running.hold.amount, running.hold.in_full())
            try:
                await self._end(running)
            except Unavailable as error:
                log.warning("usage_booked_later", error=type(error).__name__)
                return

    async def _end(self, running: _Running) -> None:
        assert running.how is not None  # for mypy: both callers set it
        ended = await self.accounts.end(running.hold, *running.how)
        if self._running.pop(running.hold.call, None) is not None:  # settled and closed at the same time: told once
            self.usages.append(ended.usage)


def _booked(hold: Hold, usage: Usage) -> tuple[Kind, Amount, Usage]:
    """Return how a call is booked, and its usage as it is booked: the two never differ."""
    tokens_in, tokens_out = min(MOST, usage.tokens_in), min(MOST, usage.tokens_out)
    cost = Amount(micros(usage.money_usd), tokens_in + tokens_out)
    told = {"tokens_in": tokens_in, "tokens_out": tokens_out, "money_usd": cost.usd}
    about = {"call_id": hold.call, "provider": hold.provider, "model": hold.model, "task": hold.task}
    return "settled" if cost != NOTHING else "released", cost, usage.model_copy(update={**told, **about})


@asynccontextmanager
async def open_meter(accounts: Accounts, *, tenant: str, job: UUID, task: Task = "investigate") -> AsyncIterator[TenantMeter]:
    """Meter the calls for one job. Whatever ends the block, also being cancelled, no reservation is left behind while MongoDB is there."""
    meter = TenantMeter(accounts, tenant, job, task)
    try:
        yield meter
    finally:
        await asyncio.shield(meter.close())


def cost(usages: Iterable[Usage], cached_from: UUID | None = None) -> Cost:
    """Return the cost of a report from the usage of its calls."""
    found = list(usages)
    asked = [usage for usage in found if usage.outcome != "cached"]
    return Cost(
        tokens_in=sum(usage.tokens_in for usage in asked),
        tokens_out=sum(usage.tokens_out for usage in asked),
        money_usd=Amount(sum(micros(usage.money_usd) for usage in asked)).usd,
        calls=dict(Counter(usage.model for usage in asked)),
        cache_hits=len(found) - len(asked),
        cached_from=cached_from,
    )


def recorded(event: Event[Any], usage: Usage) -> Event[Usage]:
    """Return the event that tells of one call for the question of an event; its id is the call's, so that it is counted once."""
    return _event(usage, event.tenantid, event.subject, event.correlationid, user=event.userid, cause=event.id)


def closed(hold: Hold, usage: Usage) -> Event[Usage]:
    """Return the event that tells of a call whose process ended before it could."""
    return _event(usage, hold.tenant, hold.job, str(hold.job), user="system", cause=None)


def _event(usage: Usage, tenant: str, job: UUID, correlation: str, *, user: str, cause: UUID | None) -> Event[Usage]:
    return Event[Usage](
        id=usage.call_id,
        source="/faultmaven/reason",
        type=USAGE,
        subject=job,
        time=datetime.now(UTC),
        tenantid=tenant,
        userid=user,
        correlationid=correlation,
        causationid=cause,
        data=usage,
    )


def spent(accounts: Accounts) -> str:
    """Return what a report says that was answered offline because the budget does not suffice.

    Raises:
        BudgetSpent: it is set (`FM_LLM_OVER_BUDGET=refuse`) that a question is rather not answered.
    """
    when = f"{accounts.resets_at():%Y-%m-%d %H:%M} UTC"
    if accounts.refuses:
        raise BudgetSpent(f"the tenant's budget for language models is spent until {when}; redrive the question then, or raise the limit")
    return f"Offline answer: the budget for language models is spent until {when}."
