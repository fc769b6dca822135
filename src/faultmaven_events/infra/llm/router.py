"""Which provider answers: the first in their order that can, within one time limit for all.

A provider whose breaker is not closed is passed over; one whose answer is refused is asked once more, with the reason; one for which there
is no money is asked for its cheaper model. Every call is metered, however it ends.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import structlog

from faultmaven_events.infra.llm.breaker import Breaker, Limits
from faultmaven_events.infra.llm.client import Asking, Client, open_client
from faultmaven_events.infra.llm.configured import configured
from faultmaven_events.infra.llm.failures import Failed
from faultmaven_events.infra.llm.library import library
from faultmaven_events.infra.llm.port import ANEW, BadOutput, Build, Check, Meter, NoProvider, OnText, OverBudget, Provider, Reply, Request
from faultmaven_events.infra.llm.probe import TICK_S, probing
from faultmaven_events.infra.llm.states import open_states
from faultmaven_events.infra.llm.telling import Breakers, Publish
from faultmaven_events.infra.metrics import LLM_CALLS, LLM_RAN
from faultmaven_events.schemas.usage import Task, Usage
from faultmaven_events.settings import Settings

log = structlog.get_logger()

SHOWN: Final = 4000
"""Characters of a refused answer that its model sees again."""
LISTEN_S: Final = 2.0
"""Seconds that a listener gets for a piece of text: what it takes is the provider's time."""
LEAST_S: Final = 1.0
"""With less time left nobody is asked."""


@dataclass(slots=True)
class Round:
    """One request on its way through the providers."""

    task: Task
    meter: Meter
    check: Check | None
    on_text: OnText | None
    until: float
    shown: bool = False
    """Whether text was told that nobody has taken back."""
    failures: list[tuple[str, str]] = field(default_factory=list)
    asked: bool = False
    broke: bool = False

    def left(self) -> float:
        """Seconds."""
        return self.until - time.monotonic()

    async def tell(self, text: str) -> None:
        """Show a piece of text; whoever does not take it gets no more, and the answer goes on."""
        if self.on_text is None or not text:
            return
        self.shown = text != ANEW
        try:
            async with asyncio.timeout(LISTEN_S):
                await self.on_text(text)
        except Exception as error:  # noqa: BLE001 # whatever is wrong with a listener is not wrong with the provider
            log.warning("llm_text_not_told", error=type(error).__name__)
            self.on_text = None

    async def take_back(self) -> None:
        """Say that what was shown is void."""
        if self.shown:
            await self.tell(ANEW)


class Router:
    """Answers requests by whichever provider can: `port.Models`."""

    def __init__(self, providers: Sequence[Provider], client: Client, breakers: Breakers, total_s: float) -> None:
        self.providers = tuple(providers)
        self._client, self._breakers, self._total_s = client, breakers, total_s

    @property
    def degraded(self) -> tuple[str, ...]:
        """Providers that are not asked now, as this process last heard."""
        known = self._breakers.states.known
        return tuple(provider.name for provider in self.providers if known(provider.name).state != "closed")

    async def complete(self, task: Task, build: Build, *, meter: Meter, check: Check | None = None, on_text: OnText | None = None) -> Reply:
        """Ask the providers in their order until one answers as asked; see `port.Models`.

        Raises:
            NoProvider: none of them did.
            OverBudget: those that could be asked are too dear, their cheaper models too.
        """
        this = Round(task, meter, check, on_text, time.monotonic() + self._total_s)
        states = await self._breakers.states.read([provider.name for provider in self.providers])
        for provider in self.providers:
            if (reply := await self._through(provider, states[provider.name], build, this)) is not None:
                return reply
        await this.take_back()
        if this.broke and not this.asked:
            raise OverBudget
        raise NoProvider(this.failures)

    async def _through(self, provider: Provider, state: Breaker, build: Build, this: Round) -> Reply | None:
        if state.state != "closed":
            this.failures.append((provider.name, f"not asked until {_clock(state.probe_at)} ({state.reason})"))
            return None
        if this.left() < LEAST_S:
            this.failures.append((provider.name, "not asked: no time is left"))
            return None
        await this.take_back()
        try:
            return await self._by(provider, build(provider), this)
        except OverBudget:
            this.broke = True
            this.failures.append((provider.name, "not asked: the budget is spent"))
        except Failed as failed:
            this.asked = True
            this.failures.append((provider.name, f"{failed.kind} ({failed.why})"))
        return None

    async def _by(self, provider: Provider, request: Request, this: Round) -> Reply:
        """Ask one provider, and once more when its answer is refused."""
        reply, wrong = await self._affordable(provider, request, this)
        if wrong is None:
            return reply
        if this.left() >= LEAST_S:
            await this.take_back()
            reply, wrong = await self._affordable(provider, _again(request, reply, wrong), this)
        if wrong is None:
            return reply
        raise Failed(provider.name, "bad_output", f"refused: {wrong}"[:300], effect="none")

    async def _affordable(self, provider: Provider, request: Request, this: Round) -> tuple[Reply, BadOutput | None]:
        model = provider.model_for(this.task)
        try:
            return await self._metered(provider, model, request, this)
        except OverBudget:
            if provider.cheaper is None or provider.cheaper == model:
                raise
        return await self._metered(provider, provider.cheaper, request, this)

    async def _metered(self, provider: Provider, model: str, request: Request, this: Round) -> tuple[Reply, BadOutput | None]:
        """Make one call, between a reservation and its settlement; return the reply and what is wrong with it."""
        call = await this.meter.reserve(provider, model, request)
        asking = Asking(provider, model, request)
        outcome, sent = "abandoned", True
        try:
            reply = await self._call(asking, this)
            wrong = _wrong(reply, this.check)
            outcome = "answered" if wrong is None else "bad_output"
        except Failed as failed:
            outcome, sent = failed.kind, failed.sent
            raise
        finally:
            LLM_CALLS.labels(provider.name, outcome).inc()
            LLM_RAN.labels(provider.name).observe(asking.ran_ms / 1000)
            await _settled(this.meter, call, asking.usage(outcome, this.task, call, sent=sent))
        return reply, wrong

    async def _call(self, asking: Asking, this: Round) -> Reply:
        began, own = self._breakers.now(), min(asking.provider.timeout_s, self._total_s)
        limit = min(own, this.left())
        prose = this.on_text is not None and asking.request.schema is None
        try:
            reply = await self._client.ask(asking, limit, this.tell if prose else None)
        except Failed as failed:
            # Cut short because others had used up the time: that says nothing about this one.
            if not (failed.kind == "timeout" and limit < own - LEAST_S and asking.ran_ms >= 1000 * limit):
                await self._breakers.failed(failed, began)
            raise
        await self._breakers.well(asking.provider.name, began)
        return reply


def _wrong(reply: Reply, check: Check | None) -> BadOutput | None:
    try:
        if check is not None:
            check(reply)
    except BadOutput as error:
        return error
    return None


def _again(request: Request, reply: Reply, wrong: BadOutput) -> Request:
    """Return the request with the refused answer and the reason after it."""
    said = {"role": "assistant", "content": reply.text[:SHOWN] or "(nothing)"}
    told = {"role": "user", "content": f"That was not usable: {wrong}. Answer again, with nothing but what was asked for."}
    return replace(request, messages=(*request.messages, said, told))


async def _settled(meter: Meter, call: UUID, usage: Usage) -> None:
    """Settle to the end, also when the question is cancelled meanwhile."""
    task = asyncio.ensure_future(meter.settle(call, usage))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S UTC")


@asynccontextmanager
async def open_models(settings: Settings, publish: Publish, limits: Limits | None = None, tick_s: float = TICK_S) -> AsyncIterator[Router]:
    """Open the way to the configured providers, with breakers shared over Redis and probes in the background.

    `publish` is called for each change of a breaker that this process made. Without providers nothing is opened, and `complete` raises.

    Raises:
        SetupError: the configuration does not fit.
    """
    providers = configured(settings)
    async with AsyncExitStack() as stack:
        breakers = Breakers(await stack.enter_async_context(open_states(settings)), publish, limits or Limits())
        stack.push_async_callback(breakers.settle)
        client = await stack.enter_async_context(open_client())
        if providers:
            await asyncio.to_thread(library)  # so that no person waits for it
            await stack.enter_async_context(probing(client, providers, breakers, tick_s))
        yield Router(providers, client, breakers, settings.llm_total_s)
