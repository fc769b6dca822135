"""The cache of models' answers on a real Valkey: within a tenant and equal evidence only, and never in the way."""

import asyncio
import base64
import os
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from faultmaven_events.infra.llm import cache
from faultmaven_events.infra.llm.cache import GROUP, Answers, Key, open_answers
from faultmaven_events.infra.servers import binaries
from faultmaven_events.infra.servers.instance import open_server
from faultmaven_events.infra.servers.place import Place
from faultmaven_events.infra.servers.stack import Urls
from faultmaven_events.infra.servers.valkey import Valkey
from faultmaven_events.settings import Settings
from severed import way

KEY = Key("acme", "investigate", "Why do orders fail since 14:00?", "e" * 64, "7", "openai/tiny")
NEAR = (1.0, 0.0, 0.0), (0.99, 0.1, 0.0)
FAR = (0.0, 1.0, 0.0)
TEXT, JOB = '{"headline": "the pool is exhausted"}', uuid4()


@pytest.fixture
def settings(stack: Urls, tmp_path: Path) -> Settings:
    """Only what the cache needs: no databases of a test's own. What is left in Valkey goes with it."""
    key = SecretStr(base64.b64encode(os.urandom(32)).decode())
    return Settings(home=tmp_path, redis_url=SecretStr(stack.redis), redis_prefix=f"test_{uuid4().hex[:12]}", clean_key=key)


@pytest.fixture
async def answers(settings: Settings) -> AsyncIterator[Answers]:
    async with open_answers(settings) as answers:
        answers.patience = answers.keeping = 5.0  # the machine that runs the tests may be busy
        yield answers


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator["Redis"]:
    assert settings.redis_url is not None
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        yield redis


async def names(redis: "Redis", settings: Settings) -> list[str]:
    return sorted([name.decode() async for name in redis.scan_iter(f"{settings.redis_prefix}:*")])


async def test_the_same_question_gets_the_same_answer_with_its_source(answers: Answers) -> None:
    assert await answers.find(KEY) is None
    await answers.keep(KEY, (), TEXT, JOB, provider="main")
    found = await answers.find(replace(KEY, question="  Why do orders fail\n since 14:00? "))
    assert found is not None
    assert (found.text, found.job, found.provider, found.model, found.how) == (TEXT, JOB, "main", "openai/tiny", "same")


async def test_a_question_that_means_the_same_gets_the_answer_and_one_that_differs_in_a_number_does_not(answers: Answers) -> None:
    await answers.keep(KEY, NEAR[0], TEXT, JOB)
    alike = await answers.find(replace(KEY, question="Please tell me why orders fail since 14:00."), NEAR[1])
    assert alike is not None
    assert (alike.text, alike.how) == (TEXT, "alike")
    for question in ("Why do orders fail since 15:00?", "Why do orders not fail since 14:00?", "Why do Payments fail since 14:00?"):
        assert await answers.find(replace(KEY, question=question), NEAR[1]) is None
    assert await answers.find(replace(KEY, question="Please tell me why orders fail since 14:00."), FAR) is None
    assert await answers.find(replace(KEY, question="Please tell me why orders fail since 14:00."), (1.0, 0.0)) is None


@pytest.mark.parametrize(
    "other",
    [
        {"tenant": "other"},
        {"evidence": "f" * 64},
        {"template": "8"},
        {"model": "openai/other"},
        {"strategy": "team"},
        {"tools": "knowledge_search"},
        {"task": "follow_up"},
    ],
    ids=lambda other: next(iter(other)),
)
async def test_nothing_is_given_across(answers: Answers, other: dict[str, Any]) -> None:
    await answers.keep(KEY, NEAR[0], TEXT, JOB)
    key = replace(KEY, **other)
    assert await answers.find(key, NEAR[0]) is None
    await answers.keep(key, NEAR[0], "another", JOB)
    (mine, theirs) = await answers.find(KEY, NEAR[0]), await answers.find(key, NEAR[0])
    assert mine is not None
    assert theirs is not None
    assert (mine.text, theirs.text) == (TEXT, "another")


async def test_parts_of_a_key_cannot_run_into_each_other(answers: Answers) -> None:
    await answers.keep(replace(KEY, template="1", model="2/a"), (), TEXT, JOB)
    assert await answers.find(replace(KEY, template="12", model="/a")) is None


async def test_what_lies_in_the_server_tells_nothing_and_goes_by_itself(answers: Answers, redis: "Redis", settings: Settings) -> None:
    await answers.keep(KEY, NEAR[0], TEXT, JOB)
    found = await names(redis, settings)
    assert len(found) == 4
    for name in found:
        assert 0 < await redis.ttl(name) <= 24 * 3600
        dumped = await redis.dump(name)
        assert dumped is not None
        for word in (b"acme", b"orders", b"pool", b"14:00", JOB.hex.encode(), str(JOB).encode()):
            assert word not in dumped
            assert word not in name.encode()


@pytest.mark.parametrize("garbage", [b"", b"\x00" * 40, b"FMBLOB1\n" + b"x" * 60, b"x" * 700_000], ids=["empty", "zeros", "forged", "huge"])
async def test_a_value_that_somebody_changed_is_a_miss(answers: Answers, redis: "Redis", settings: Settings, garbage: bytes) -> None:
    await answers.keep(KEY, NEAR[0], TEXT, JOB)
    for name in await names(redis, settings):
        if ":a:" in name:
            await redis.set(name, garbage)
        elif ":g:" in name:
            await redis.lset(name, 0, garbage)  # type: ignore[misc]  # redis types both of its clients in one
    assert await answers.find(KEY, NEAR[0]) is None
    assert await answers.find(replace(KEY, question="Tell me why orders fail since 14:00."), NEAR[0]) is None
    await answers.keep(KEY, NEAR[0], TEXT, JOB)
    assert await answers.find(KEY, NEAR[0]) is not None


async def test_a_value_of_another_kind_than_the_cache_puts_there_is_a_miss(answers: Answers, redis: "Redis", settings: Settings) -> None:
    await answers.keep(KEY, NEAR[0], TEXT, JOB)
    for name in await names(redis, settings):
        await redis.delete(name)
        await redis.hset(name, "a", "b")  # type: ignore[misc]  # redis types both of its clients in one
    assert await answers.find(KEY, NEAR[0]) is None


async def test_a_sealed_value_put_in_anothers_place_is_a_miss(answers: Answers, redis: "Redis", settings: Settings) -> None:
    other = replace(KEY, question="Is the disk full?")
    await answers.keep(KEY, (), TEXT, JOB)
    (mine,) = [name for name in await names(redis, settings) if ":a:" in name]
    await answers.keep(other, (), "no", JOB)
    (theirs,) = [name for name in await names(redis, settings) if ":a:" in name and name != mine]
    await redis.copy(mine, theirs, replace=True)
    assert await answers.find(other) is None
    assert await answers.find(KEY) is not None


async def test_another_key_opens_nothing(answers: Answers, settings: Settings) -> None:
    await answers.keep(KEY, NEAR[0], TEXT, JOB)
    other = SecretStr(base64.b64encode(os.urandom(32)).decode())
    async with open_answers(settings.model_copy(update={"clean_key": other})) as stranger:
        stranger.patience = stranger.keeping = 5.0
        assert await stranger.find(KEY, NEAR[0]) is None


async def test_a_group_keeps_the_latest_questions_alone(answers: Answers, redis: "Redis", settings: Settings) -> None:
    for number in range(GROUP + 6):
        await answers.keep(replace(KEY, question=f"Is {number} the cause?"), NEAR[0], str(number), JOB)
    (group,) = [name for name in await names(redis, settings) if ":g:" in name]
    assert await redis.llen(group) == GROUP  # type: ignore[misc]  # redis types both of its clients in one
    newest = await answers.find(replace(KEY, question=f"Tell me, is {GROUP + 5} the cause?"), NEAR[0])
    assert newest is not None
    assert newest.text == str(GROUP + 5)
    assert await answers.find(replace(KEY, question="Tell me, is 0 the cause?"), NEAR[0]) is None


async def test_the_nearest_of_several_is_given(answers: Answers) -> None:
    await answers.keep(replace(KEY, question="Why do orders fail?"), (1.0, 0.1, 0.0), "near", JOB)
    await answers.keep(replace(KEY, question="Why do all the orders fail?"), (1.0, 0.0, 0.0), "marked", JOB)
    await answers.keep(replace(KEY, question="So why do orders fail?"), (1.0, 0.01, 0.0), "nearest", JOB)
    found = await answers.find(replace(KEY, question="Why would orders fail?"), (1.0, 0.0, 0.0))
    assert found is not None
    assert found.text == "nearest"


async def test_forgetting_a_case_or_a_tenant_leaves_the_others(answers: Answers, redis: "Redis", settings: Settings) -> None:
    case, other, theirs = KEY, replace(KEY, evidence="f" * 64), replace(KEY, tenant="other")
    for key in (case, other, theirs):
        await answers.keep(key, NEAR[0], TEXT, JOB)
        await answers.keep(replace(key, question="Is the disk full?"), NEAR[0], TEXT, JOB)
    assert await answers.forget("acme", case.evidence) == 4
    assert [await answers.find(key) is None for key in (case, other, theirs)] == [True, False, False]
    assert await answers.forget("acme") > 0
    assert [await answers.find(key) is None for key in (other, theirs)] == [True, False]
    await answers.forget("other")
    assert await names(redis, settings) == []
    assert await answers.forget("nobody") == 0


async def test_with_no_hours_no_similarity_or_no_server_it_is_off(settings: Settings) -> None:
    for update in ({"llm_cache_h": 0.0}, {"redis_url": None}):
        async with open_answers(settings.model_copy(update=update)) as off:
            await off.keep(KEY, NEAR[0], TEXT, JOB)
            assert await off.find(KEY, NEAR[0]) is None
            assert await off.forget("acme") == 0
    async with open_answers(settings.model_copy(update={"llm_cache_similarity": 1.0})) as exact:
        exact.patience = exact.keeping = 5.0
        await exact.keep(KEY, NEAR[0], TEXT, JOB)
        assert await exact.find(KEY, NEAR[0]) is not None
        assert await exact.find(replace(KEY, question="Tell me why orders fail since 14:00."), NEAR[0]) is None


async def test_an_answer_that_is_too_large_or_a_question_that_is_too_long_is_not_kept_alike(answers: Answers) -> None:
    await answers.keep(KEY, NEAR[0], "x" * (cache.LARGEST + 1), JOB)
    assert await answers.find(KEY, NEAR[0]) is None
    long = replace(KEY, question="why " * 400)
    await answers.keep(long, NEAR[0], TEXT, JOB)
    assert await answers.find(long, NEAR[0]) is not None
    assert await answers.find(replace(long, question="why " * 400 + "else"), NEAR[0]) is None


async def test_a_question_with_any_character_can_be_asked(answers: Answers) -> None:
    for number, question in enumerate(("\x00", "a\x00b", "🔥" * 50, "'; FLUSHALL", "")):
        key = replace(KEY, question=question)
        assert await answers.find(key) is None
        await answers.keep(key, NEAR[0], str(number), JOB)
        found = await answers.find(key)
        assert found is not None
        assert found.text == str(number)


async def test_a_server_that_goes_in_between_is_a_miss_and_is_left_alone_for_a_while(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with way(settings.redis_url) as to_redis, open_answers(settings.model_copy(update={"redis_url": to_redis.url})) as answers:
        answers.patience = answers.keeping = 5.0
        to_redis.open()
        await answers.keep(KEY, NEAR[0], TEXT, JOB)
        assert await answers.find(KEY) is not None
        to_redis.close()
        assert await answers.find(KEY) is None
        to_redis.open()
        assert await answers.find(KEY) is None  # not asked yet
        monkeypatch.setattr(answers, "rests_until", 0.0)
        assert await answers.find(KEY) is not None


async def test_a_server_that_hangs_holds_nobody_up_and_a_killed_one_nobody_neither(settings: Settings, tmp_path: Path) -> None:
    found = binaries.valkey()
    assert found is not None
    server = Valkey(Place(tmp_path / "valkey"), found)
    async with open_server(server) as instance:
        there = settings.model_copy(update={"redis_url": SecretStr(server.url(instance.ports))})
        async with open_answers(there) as answers:
            await answers.keep(KEY, NEAR[0], TEXT, JOB)
            instance.pause()
            async with asyncio.timeout(30):  # far over its patience, far under for ever
                assert await answers.find(KEY, NEAR[0]) is None
            assert answers.rests_until > 0
            instance.resume()
            await instance.kill()
            answers.rests_until = 0.0
            assert await answers.find(KEY, NEAR[0]) is None
            answers.rests_until = 0.0
            await answers.keep(KEY, NEAR[0], TEXT, JOB)


async def test_many_at_once_get_what_is_theirs(answers: Answers) -> None:
    keys = [replace(KEY, tenant=random.Random(n).choice(("acme", "other")), question=f"Is {n} the cause?") for n in range(40)]
    await asyncio.gather(*(answers.keep(key, NEAR[0], key.tenant + key.question, UUID(int=n)) for n, key in enumerate(keys)))
    found = await asyncio.gather(*(answers.find(key, NEAR[0]) for key in keys))
    assert [each.text if each else None for each in found] == [key.tenant + key.question for key in keys]
