"""Probes in the background: a provider whose breaker is open is asked for a few tokens now and then, so that no person waits for it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import structlog

from faultmaven_events.infra.llm.breaker import due
from faultmaven_events.infra.llm.cancellation import end
from faultmaven_events.infra.llm.client import Asking, Client
from faultmaven_events.infra.llm.failures import Failed
from faultmaven_events.infra.llm.port import Provider, Request
from faultmaven_events.infra.llm.telling import Breakers
from faultmaven_events.infra.metrics import BREAKER_OPEN

log = structlog.get_logger()

TICK_S: Final = 1.0
LIMIT_S: Final = 20.0
"""A probe gets no longer than this, whatever the provider's own limit is."""
REQUEST: Final = Request(messages=({"role": "user", "content": "Answer with the word: ready"},), max_tokens=16)


async def ask(client: Client, provider: Provider) -> Failed | None:
    """Ask a provider for a few tokens; return what went wrong. An answer that it refuses, or leaves empty, shows that it works."""
    try:
        await client.ask(Asking(provider, provider.model_for("probe"), REQUEST), min(LIMIT_S, provider.timeout_s))
    except Failed as failed:
        return failed if failed.effect != "none" or failed.kind != "bad_output" else None
    return None


async def probe(client: Client, provider: Provider, breakers: Breakers) -> None:
    """Probe a provider until its breaker is closed or open again, unless another process does."""
    seconds = breakers.limits.successes * LIMIT_S + 5
    if not await breakers.states.lease(provider.name, seconds):
        return
    try:
        if not await breakers.begin(provider.name):
            return
        for _ in range(breakers.limits.successes):
            began = breakers.now()
            if (failed := await ask(client, provider)) is not None:
                await breakers.failed(failed, began)
                return
            await breakers.well(provider.name, began)
    finally:
        await breakers.states.release(provider.name)


async def _safely(client: Client, provider: Provider, breakers: Breakers) -> None:
    try:
        await probe(client, provider, breakers)
    except Exception as error:  # noqa: BLE001 # a defect must not end the probing for good; the next one is due soon
        log.warning("llm_probe_broken", provider=provider.name, error=type(error).__name__)


@asynccontextmanager
async def probing(client: Client, providers: Sequence[Provider], breakers: Breakers, tick_s: float = TICK_S) -> AsyncIterator[None]:
    """Probe in the background until the context ends."""
    running: dict[str, asyncio.Task[None]] = {}

    async def watch() -> None:
        while True:
            found = await breakers.states.read([provider.name for provider in providers])
            for provider in providers:
                BREAKER_OPEN.labels(provider.name).set(found[provider.name].state != "closed")
                task = running.get(provider.name)
                if due(found[provider.name], breakers.now()) and (task is None or task.done()):
                    running[provider.name] = asyncio.create_task(_safely(client, provider, breakers))
            await asyncio.sleep(tick_s)

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        await end((watching, *running.values()))
