"""The broker's objects, on a real broker."""

import aio_pika
import pytest

from faultmaven_events.errors import SetupError
from faultmaven_events.infra.declare import declare, plan
from faultmaven_events.settings import Settings


async def test_declaring_twice_changes_nothing_and_other_arguments_are_one_clear_sentence(settings: Settings) -> None:
    assert settings.amqp_url
    async with await aio_pika.connect(settings.amqp_url.get_secret_value()) as connection:
        channel = await connection.channel()
        await declare(channel, plan())
        await declare(channel, plan())
        await channel.queue_delete("fm.classify.dead")
        await channel.declare_queue("fm.classify.dead", durable=True)
        with pytest.raises(SetupError, match=r"fm\.classify\.dead exists on the broker with other arguments"):
            await declare(channel, plan())
