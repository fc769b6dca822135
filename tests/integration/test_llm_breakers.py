"""Breakers that processes share over the real Redis, and how people see them."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from faultmaven_events.infra.llm.breaker import Breaker, Limits
from faultmaven_events.infra.llm.port import NoProvider, Provider, Request
from faultmaven_events.infra.llm.router import Router, open_models
from faultmaven_events.infra.llm.states import States
from faultmaven_events.schemas.usage import BreakerChanged
from faultmaven_events.settings import Settings
from http_door import open_ingress
from metering import Purse
from providers import Say, Status, Wait, dead_url, provider
from raw_http import raw_server

NEVER = Limits(probe_s=3600, longest_s=3600)
KEY = "sk-" + "7f3a9c"


def prose(_: Provider) -> Request:
    return Request(({"role": "user", "content": "Why?"},))


def configured(settings: Settings, *urls: str) -> Settings:
    tables = [
        f'[[provider]]\nname = "{name}"\nmodel = "openai/large"\napi_base = "{url}/v1"\napi_key_file = "{settings.home / "key"}"\n'
        for name, url in zip("ab", urls, strict=False)
    ]
    (settings.home / "key").write_text(KEY)
    (settings.home / "llm.toml").write_text("".join(tables))
    return settings.model_copy(update={"llm_file": settings.home / "llm.toml"})


@asynccontextmanager
async def processes(settings: Settings, number: int, limits: Limits) -> AsyncIterator[tuple[list[Router], list[BreakerChanged]]]:
    """Open the models several times over, as that many processes do."""
    changes: list[BreakerChanged] = []

    async def publish(change: BreakerChanged) -> None:
        changes.append(change)

    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(open_models(settings, publish, limits, tick_s=0.02)) for _ in range(number)], changes


@asynccontextmanager
async def shared(settings: Settings, number: int = 1) -> AsyncIterator[list[States]]:
    assert settings.redis_url is not None
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(Redis.from_url(settings.redis_url.get_secret_value())) for _ in range(number)]
        yield [States(client, settings.redis_prefix) for client in clients]


async def until(models: Router, degraded: tuple[str, ...]) -> None:
    async with asyncio.timeout(30):
        while models.degraded != degraded:  # noqa: ASYNC110 # what is waited for is in the background
            await asyncio.sleep(0.01)


async def test_what_one_process_learns_all_know_and_only_it_tells(settings: Settings) -> None:
    async with (
        provider(Status(500)) as first,
        provider(Say("b")) as second,
        processes(configured(settings, first.url, second.url), 3, NEVER) as (models, changes),
    ):
        for one in models:  # one failure each: together they are three in a row
            await one.complete("investigate", prose, meter=Purse())
        for one in models:
            assert (await one.complete("investigate", prose, meter=Purse())).provider == "b"
            await until(one, ("a",))
        assert len(first.requests) == 3
    assert [(change.provider, change.previous, change.state) for change in changes] == [("a", "closed", "open")]
    assert changes[0].probe_at is not None


async def test_one_process_at_a_time_probes_and_all_hear_that_it_is_well(settings: Settings) -> None:
    gate = asyncio.Event()
    async with (
        provider(Status(401)) as first,
        provider(Say("b")) as second,
        processes(configured(settings, first.url, second.url), 4, Limits(probe_s=0.05, longest_s=0.1)) as (models, changes),
    ):
        await models[0].complete("investigate", prose, meter=Purse())
        first.script(Wait(gate, Say("ready")), Say("ready"))
        before = len(first.requests)
        async with asyncio.timeout(30):
            while len(first.requests) == before:  # noqa: ASYNC110 # the fake has no event for it
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.3)  # many ticks of all four, each of which finds a probe due
        assert len(first.requests) == before + 1
        gate.set()
        for one in models:
            await until(one, ())
            assert (await one.complete("investigate", prose, meter=Purse())).provider == "a"
    assert [change.state for change in changes][-2:] == ["half_open", "closed"]
    assert [change.state for change in changes].count("closed") == 1


async def test_changes_of_many_processes_at_once_are_all_counted(settings: Settings) -> None:
    def one_more(breaker: Breaker) -> Breaker:
        return replace(breaker, well=breaker.well + 1, touched=time.time())

    async with shared(settings, 4) as all_states:
        await asyncio.gather(*(states.change("p", one_more) for states in all_states for _ in range(10)))
        assert (await all_states[0].read(["p"]))["p"].well == 40


@pytest.mark.parametrize("hangs", [False, True])
async def test_without_redis_each_process_goes_by_what_it_saw(settings: Settings, *, hangs: bool) -> None:
    async with raw_server(b"") as (silent, _), provider(Status(401)) as first, provider(Say("b")) as second:
        url = (silent if hangs else dead_url()).replace("http://", "redis://")
        away = settings.model_copy(update={"redis_url": SecretStr(url)})
        async with processes(configured(away, first.url, second.url), 2, NEVER) as (models, changes):
            for one in models:
                for _ in range(2):
                    assert (await one.complete("investigate", prose, meter=Purse())).provider == "b"
            assert len(first.requests) == 2
    assert [change.state for change in changes] == ["open", "open"]


async def test_a_redis_that_lost_it_is_told_again(settings: Settings) -> None:
    opened = Breaker(state="open", since=time.time(), touched=time.time(), probe_at=time.time() + 60, reason="timeout 2")
    async with shared(settings, 2) as (states, others):
        await states.change("p", lambda _: opened)
        assert (await others.read(["p"]))["p"] == opened
        assert states._redis is not None
        assert await states._redis.delete(f"{settings.redis_prefix}:llm:breaker:p") == 1
        assert (await states.read(["p"]))["p"] == opened
        await states.change("p", lambda breaker: replace(breaker, touched=time.time()))
        async with shared(settings) as (third,):
            assert (await third.read(["p"]))["p"].state == "open"


@pytest.mark.parametrize(
    "stored",
    [b"", b"{", b"null", b'{"state": "melted"}', b"\xff" * 100, b"[" * 100_000, b'{"since": 1e999}', b'{"times": 9999, "well": 1}'],
)
async def test_what_is_no_state_is_taken_for_none(settings: Settings, stored: bytes) -> None:
    async with shared(settings) as (states,):
        assert states._redis is not None
        await states._redis.set(f"{settings.redis_prefix}:llm:breaker:p", stored)
        assert (await states.read(["p"]))["p"].state == "closed"
        _, after = await states.change("p", lambda breaker: replace(breaker, state="open", touched=time.time()))
        async with shared(settings) as (others,):
            assert (await others.read(["p"]))["p"] == after


async def test_a_machine_whose_clock_is_a_day_ahead_shuts_nobody_out(settings: Settings) -> None:
    async with shared(settings, 2) as (ahead, states):
        ahead.clock = lambda: time.time() + 86400
        tomorrow = ahead.clock()
        await ahead.change("p", lambda _: Breaker(state="open", since=tomorrow, touched=tomorrow, probe_at=tomorrow + 30))
        assert (await states.read(["p"]))["p"].state == "closed"


async def test_a_key_of_another_kind_in_redis_is_no_error(settings: Settings) -> None:
    async with shared(settings) as (states,):
        assert states._redis is not None
        await states._redis.lpush(f"{settings.redis_prefix}:llm:breaker:p", "x")
        _, after = await states.change("p", lambda breaker: replace(breaker, state="open", touched=1.0))
        assert after.state == "open"


async def test_the_capabilities_show_providers_and_breakers_but_no_key_and_no_address(settings: Settings, tmp_path: Path) -> None:
    async with provider(Status(401)) as first, provider(Say("b")) as second:
        given = configured(settings, first.url, second.url)
        async with processes(given, 1, NEVER) as ((models,), _):
            await models.complete("investigate", prose, meter=Purse())
            (given.home / "key").unlink()  # the ingress does not have it
            async with open_ingress(given) as door:
                answer = await door.get("/v1/meta/capabilities")
                shown = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "faultmaven_events", "providers", "--api", str(door.base_url)),
                    env=os.environ | {"COLUMNS": "200"},
                    stdout=asyncio.subprocess.PIPE,
                )
                table = (await shown.communicate())[0].decode().splitlines()
    reasoner = answer.json()["reasoner"]
    assert (reasoner["mode"], reasoner["model"], reasoner["wrong"]) == ("llm", "openai/large", None)
    assert [(row["name"], row["state"]) for row in reasoner["providers"]] == [("a", "open"), ("b", "closed")]
    assert reasoner["providers"][0]["reason"] == "it refuses the key or the model"
    assert reasoner["providers"][0]["probe_at"]
    assert [line.split()[:3] for line in table[1:3]] == [["1", "a", "openai/large"], ["2", "b", "openai/large"]]
    assert "it refuses the key or the model" in table[1]
    for hidden in (KEY, first.url, second.url):
        assert hidden not in answer.text


async def test_an_ingress_without_the_file_says_so_and_serves(settings: Settings) -> None:
    async with open_ingress(settings.model_copy(update={"llm_file": settings.home / "none.toml"})) as door:
        reasoner = (await door.get("/v1/meta/capabilities")).json()["reasoner"]
    assert reasoner["providers"] == []
    assert "FM_LLM_FILE cannot be read" in reasoner["wrong"]


async def test_all_providers_open_is_said_at_once(settings: Settings) -> None:
    async with provider(Status(401)) as fake, processes(configured(settings, fake.url), 1, NEVER) as ((models,), _):
        for _ in range(2):
            with pytest.raises(NoProvider) as error:
                await models.complete("investigate", prose, meter=Purse())
        assert len(fake.requests) == 1
    assert "not asked until" in error.value.failures[0][1]
