import asyncio
from collections.abc import Sequence
from typing import Any

import aio_pika
from aio_pika.abc import AbstractIncomingMessage, AbstractRobustConnection

from contract.bench import gives, open_bench
from faultmaven_events.consumers.acks import Acks
from faultmaven_events.schemas.event import Event
from faultmaven_events.settings import Settings
from faultmaven_events.topology import BY_NAME
from samples import event


async def connect(settings: Settings) -> AbstractRobustConnection:
    assert settings.amqp_url
    return await aio_pika.connect_robust(settings.amqp_url.get_secret_value())


async def test_what_was_handled_is_gone_and_what_is_in_hand_comes_again(settings: Settings) -> None:
    async with await connect(settings) as sender:
        channel = await sender.channel()
        queue = await channel.declare_queue("numbers", durable=True, arguments={"x-queue-type": "quorum"})
        for number in range(200):
            await channel.default_exchange.publish(aio_pika.Message(str(number).encode()), "numbers")

        held, everything, acks = {b"0", b"17", b"199"}, asyncio.Event(), Acks()
        seen: set[bytes] = set()

        async def take(message: AbstractIncomingMessage) -> None:
            seen.add(message.body)
            if message.body not in held:
                await acks.ack(message)
            if len(seen) == 200:
                everything.set()

        async with await connect(settings) as taker:
            numbers = await (await taker.channel()).get_queue("numbers")
            tag = await numbers.consume(take)
            async with asyncio.timeout(15):
                await everything.wait()
            await acks.flush()
            await numbers.cancel(tag)  # when that is answered, the queue knows; a broker may forget what it was told just before a close
        again = [await queue.get(timeout=15) for _ in held]
        assert {message.body for message in again} == held
        assert await queue.get(fail=False) is None


async def test_a_channel_that_comes_back_counts_from_one_again(settings: Settings) -> None:
    acks, bodies = Acks(), asyncio.Queue[bytes]()

    async def take(message: AbstractIncomingMessage) -> None:
        await acks.ack(message)
        bodies.put_nowait(message.body)

    async with await connect(settings) as sender:
        publishing = await sender.channel()
        for turn in (b"first", b"second"):
            async with await connect(settings) as taker:
                queue = await (await taker.channel()).declare_queue("turns", durable=True, arguments={"x-queue-type": "quorum"})
                tag = await queue.consume(take)
                for _ in range(3):
                    await publishing.default_exchange.publish(aio_pika.Message(turn), "turns")
                async with asyncio.timeout(15):
                    assert [await bodies.get() for _ in range(3)] == [turn] * 3
                await acks.flush()
                await queue.cancel(tag)
        assert await (await publishing.get_queue("turns")).get(fail=False) is None


async def test_a_stage_that_ends_has_acknowledged_all_that_it_handled(settings: Settings) -> None:
    stage = BY_NAME["classify"]

    async def handler(given: Event[Any]) -> Sequence[Event[Any]]:
        return [gives(stage, given)]

    async with open_bench(settings, stage, handler) as bench:
        for _ in range(60):
            await bench.send(event("ingest.submitted.v1").encode())
        for _ in range(60):
            await bench.next_event()
    async with await connect(settings) as connection:
        queue = await (await connection.channel()).get_queue(stage.queues[0])
        assert await queue.get(fail=False) is None
