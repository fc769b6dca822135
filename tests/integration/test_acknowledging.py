import asyncio

import aio_pika
from aio_pika.abc import AbstractIncomingMessage, AbstractRobustConnection

from faultmaven_events.consumers.acks import Acks
from faultmaven_events.settings import Settings


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
                acks.ack(message)
            if len(seen) == 200:
                everything.set()

        async with await connect(settings) as taker:
            await (await (await taker.channel()).get_queue("numbers")).consume(take)
            async with asyncio.timeout(15):
                await everything.wait()
            await acks.flush()
        again = [await queue.get(timeout=15) for _ in held]
        assert {message.body for message in again} == held
        assert await queue.get(fail=False) is None


async def test_a_channel_that_comes_back_counts_from_one_again(settings: Settings) -> None:
    acks, bodies = Acks(), asyncio.Queue[bytes]()

    async def take(message: AbstractIncomingMessage) -> None:
        acks.ack(message)
        bodies.put_nowait(message.body)

    async with await connect(settings) as sender:
        publishing = await sender.channel()
        for turn in (b"first", b"second"):
            async with await connect(settings) as taker:
                queue = await (await taker.channel()).declare_queue("turns", durable=True, arguments={"x-queue-type": "quorum"})
                await queue.consume(take)
                for _ in range(3):
                    await publishing.default_exchange.publish(aio_pika.Message(turn), "turns")
                async with asyncio.timeout(15):
                    assert [await bodies.get() for _ in range(3)] == [turn] * 3
                await acks.flush()
        assert await (await publishing.get_queue("turns")).get(fail=False) is None
