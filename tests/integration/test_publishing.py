import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractRobustChannel

from faultmaven_events.errors import Throttled, Unavailable
from faultmaven_events.producers.publish import UNCONFIRMED, message_of, publish_confirmed
from faultmaven_events.schemas.event import MEDIA_TYPE
from faultmaven_events.schemas.registry import decode
from faultmaven_events.settings import Settings
from samples import event


@asynccontextmanager
async def open_channel(settings: Settings) -> AsyncIterator[AbstractRobustChannel]:
    assert settings.amqp_url
    async with await aio_pika.connect_robust(settings.amqp_url.get_secret_value()) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        assert isinstance(channel, AbstractRobustChannel)
        yield channel


async def declared(channel: AbstractRobustChannel, **arguments: Any) -> aio_pika.abc.AbstractQueue:
    return await channel.declare_queue("q", durable=True, arguments={"x-queue-type": "quorum", **arguments})


async def test_a_message_is_persistent_and_says_what_it_is(settings: Settings) -> None:
    sent = event("ingest.submitted.v1")
    async with open_channel(settings) as channel:
        queue = await declared(channel)
        await publish_confirmed(channel.default_exchange, message_of(sent), "q")
        got = await queue.get(no_ack=True)
        assert decode(got.body) == sent
        assert (got.message_id, got.correlation_id, got.type) == (str(sent.id), sent.correlationid, sent.type)
        assert (got.delivery_mode, got.content_type, got.app_id) == (2, MEDIA_TYPE, "faultmaven")


async def test_a_burst_beyond_the_bound_arrives_whole_and_once(settings: Settings) -> None:
    sent = [event("ingest.submitted.v1") for _ in range(2 * UNCONFIRMED)]
    async with open_channel(settings) as channel:
        queue = await declared(channel)
        await asyncio.gather(*(publish_confirmed(channel.default_exchange, message_of(one), "q") for one in sent))
        got = [decode((await queue.get(no_ack=True)).body).id for _ in sent]
        assert sorted(got) == sorted(one.id for one in sent)
        assert await queue.get(fail=False) is None


async def test_what_no_queue_takes_is_an_error(settings: Settings) -> None:
    async with open_channel(settings) as channel:
        with pytest.raises(Throttled):
            await publish_confirmed(channel.default_exchange, message_of(event("ingest.submitted.v1")), "nobody")


async def test_a_full_queue_refuses_and_later_takes_again(settings: Settings) -> None:
    message = message_of(event("ingest.submitted.v1"))
    async with open_channel(settings) as channel:
        queue = await declared(channel, **{"x-max-length": 1, "x-overflow": "reject-publish"})

        async def fill() -> None:
            for _ in range(20):
                await publish_confirmed(channel.default_exchange, message, "q")

        with pytest.raises(Throttled):
            await fill()
        await queue.purge()
        await publish_confirmed(channel.default_exchange, message, "q")


async def test_without_a_connection_it_is_unavailable(settings: Settings) -> None:
    async with open_channel(settings) as channel:
        exchange = channel.default_exchange
    with pytest.raises(Unavailable):
        await publish_confirmed(exchange, message_of(event("ingest.submitted.v1")), "q")
