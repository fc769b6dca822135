"""Live streams over a real Redis: what is written arrives once and in order, also when Redis was away, and never troubles the job."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from faultmaven_events.infra.llm.port import ANEW
from faultmaven_events.infra.streams import START, Feed, Live, Placed, Streams, live, open_feed, open_streams
from faultmaven_events.infra.streams.frame import stream_key
from faultmaven_events.schemas.phase import Progressed
from faultmaven_events.settings import Settings
from severed import way

PHASE = Progressed(phase="timeline", number=2, ended_at=datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
async def streams(settings: Settings) -> AsyncIterator[Streams]:
    async with open_streams(settings) as streams:
        yield streams


@pytest.fixture
async def feed(settings: Settings) -> AsyncIterator[Feed]:
    async with open_feed(settings) as feed:
        yield feed


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    assert settings.redis_url is not None
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        yield redis


class Seen(list[Placed]):
    """What a follower was given."""

    @property
    def text(self) -> str:
        """The text as a screen shows it."""
        shown = ""
        for placed in self:
            shown = "" if placed.frame.kind == "reset" else shown + placed.frame.text
        return shown

    def phases(self) -> list[Progressed]:
        return [placed.frame.phase for placed in self if placed.frame.phase]


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110  # the other side has no event
            await asyncio.sleep(0.01)


async def write(live: Live, *pieces: str) -> None:
    for piece in pieces:
        await live.text(piece)


async def test_what_is_written_arrives_once_and_in_order(streams: Streams, feed: Feed) -> None:
    job, seen = uuid4(), Seen()
    with feed.follow("acme", job, seen.append):
        async with streams.live("acme", job) as writing:
            await writing.phase(PHASE)
            await write(writing, *(f"{n} " for n in range(500)))
        await until(lambda: seen.text.endswith("499 "))
    assert seen.text == "".join(f"{n} " for n in range(500))
    assert seen.phases() == [PHASE]
    assert len({placed.id for placed in seen}) == len(seen) < 50


async def test_who_comes_later_gets_all_of_it_and_who_comes_back_the_rest(streams: Streams, feed: Feed) -> None:
    job, first, late, back = uuid4(), Seen(), Seen(), Seen()
    with feed.follow("acme", job, first.append):
        async with streams.live("acme", job) as writing:
            await writing.text("one ")
            await until(lambda: first.text == "one ")
            with feed.follow("acme", job, late.append), feed.follow("acme", job, back.append, first[-1].id):
                await writing.text("two")
                await until(lambda: late.text == "one two" and back.text == "two" and first.text == "one two")


async def test_a_thousand_follow_over_one_connection(streams: Streams, feed: Feed, redis: Redis) -> None:
    jobs, seen = [uuid4() for _ in range(1000)], {}
    before = len(await redis.client_list())
    with ExitStack() as stack:
        for job in jobs:
            seen[job] = Seen()
            stack.enter_context(feed.follow("acme", job, seen[job].append))
        for job in jobs[::50]:
            async with streams.live("acme", job) as writing:
                await writing.text(str(job))
        await until(lambda: all(seen[job].text == str(job) for job in jobs[::50]))
        assert len(await redis.client_list()) <= before + 3  # the one that waits, the one that wakes it, the one that writes


async def test_nothing_of_another_tenants_or_job_arrives(streams: Streams, feed: Feed) -> None:
    job, mine, others = uuid4(), Seen(), Seen()
    with feed.follow("acme", job, mine.append), feed.follow("other", job, others.append), feed.follow("acme", uuid4(), others.append):
        async with streams.live("acme", job) as writing:
            await writing.text("secret")
        await until(lambda: mine.text)
    assert not others


async def test_content_does_not_lie_readable_in_redis(streams: Streams, redis: Redis, settings: Settings) -> None:
    job = uuid4()
    async with streams.live("acme", job) as writing:
        await writing.text("the pool of host-1")
    entries = await redis.xrange(stream_key(settings.redis_prefix, "acme", job))
    assert entries
    assert b"pool" not in repr(entries).encode()
    assert 0 < await redis.ttl(stream_key(settings.redis_prefix, "acme", job)) <= live.KEPT_S


async def test_a_reset_voids_the_text_and_a_stored_text_replaces_it(streams: Streams, feed: Feed) -> None:
    job, seen = uuid4(), Seen()
    with feed.follow("acme", job, seen.append):
        async with streams.live("acme", job) as writing:
            await writing.text("of a liar")
            await until(lambda: seen.text == "of a liar")
            await writing.text(ANEW)
            await writing.text("Of another")
            await until(lambda: seen.text == "Of another")
            await writing.end("As it is stored")
            await until(lambda: seen.text == "As it is stored")
            count = len(seen)
            await writing.end("As it is stored")
        await asyncio.sleep(0.1)
    assert len(seen) == count


async def test_a_second_attempt_begins_anew(streams: Streams, feed: Feed) -> None:
    job, seen = uuid4(), Seen()
    async with streams.live("acme", job) as first:
        await first.text("broken o")
    async with streams.live("acme", job) as second:
        await second.text("whole")
    with feed.follow("acme", job, seen.append):
        await until(lambda: seen.text == "whole")


async def test_what_redis_missed_is_told_when_it_is_back(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "REST_S", 0.1)
    job, seen = uuid4(), Seen()
    async with way(settings.redis_url) as redis:
        through = settings.model_copy(update={"redis_url": redis.url})
        async with open_streams(through) as streams, open_feed(through) as feed, streams.live("acme", job) as writing:
            with feed.follow("acme", job, seen.append):
                await write(writing, "never ", "lost ")
                await asyncio.sleep(0.2)
                redis.open()
                await until(lambda: seen.text == "never lost ")
                redis.close()
                await writing.phase(PHASE)
                await write(writing, "nor ", "now")
                await asyncio.sleep(0.2)
                redis.open()
                await until(lambda: seen.text == "never lost nor now" and seen.phases())


async def test_without_redis_nothing_waits_and_nothing_fails(settings: Settings) -> None:
    for url in (None, SecretStr("redis://127.0.0.1:1")):
        away = settings.model_copy(update={"redis_url": url})
        async with open_streams(away) as streams, open_feed(away) as feed:
            async with asyncio.timeout(10):
                with feed.follow("acme", uuid4(), Seen().append):
                    async with streams.live("acme", uuid4()) as writing:
                        await write(writing, *("word " for _ in range(1000)))
                        await writing.phase(PHASE)
                        await writing.end("text")


async def test_an_answer_without_end_is_cut_and_the_stream_stays_bounded(
    streams: Streams, redis: Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "BATCH_S", 0.0)
    monkeypatch.setattr(live, "MOST", 50)
    monkeypatch.setattr(live, "PIECE", 10)
    monkeypatch.setattr(live, "TEXT_LIMIT", 5000)
    job = uuid4()
    async with streams.live("acme", job) as writing:
        await write(writing, *("x" * 1000 for _ in range(10)))
    assert await redis.xlen(stream_key(settings.redis_prefix, "acme", job)) < 250  # Redis trims whole nodes of 100 entries


async def test_a_foreign_entry_in_a_stream_is_left_out(streams: Streams, feed: Feed, redis: Redis, settings: Settings) -> None:
    job, seen = UUID(int=7), Seen()
    await redis.xadd(stream_key(settings.redis_prefix, "acme", job), {"f": b"\x00planted", "g": "x"})
    await redis.xadd(stream_key(settings.redis_prefix, "acme", job), {"other": "x"})
    far = uuid4()
    await redis.xadd(stream_key(settings.redis_prefix, "acme", far), {"f": "x"}, id="99999999999999999-99999999999")
    with feed.follow("acme", far, Seen().append), feed.follow("acme", job, seen.append, START):
        async with streams.live("acme", job) as writing:
            await writing.text("ours")
        await until(lambda: seen.text == "ours")
        with feed.follow("acme", far, Seen().append):
            pass
