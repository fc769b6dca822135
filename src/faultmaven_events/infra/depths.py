"""How many messages wait in queues, asked of the broker itself; no management plugin is needed."""

import asyncio
from collections.abc import Sequence

from aio_pika.abc import AbstractConnection
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, ChannelNotFoundEntity

from faultmaven_events.errors import Unavailable


async def depths(connection: AbstractConnection, queues: Sequence[str]) -> dict[str, int]:
    """Return the messages that wait in each queue, those in a consumer's hand not counted; a queue that does not exist has none.

    Raises:
        Unavailable: the broker does not answer.
    """
    found = {}
    try:
        async with asyncio.timeout(10), connection.channel(publisher_confirms=False) as channel:
            for name in queues:
                try:
                    declared = await channel.declare_queue(name, passive=True)
                except ChannelNotFoundEntity:
                    await channel.reopen()
                    found[name] = 0
                else:
                    found[name] = declared.declaration_result.message_count or 0
    except (TimeoutError, AMQPError, ChannelInvalidStateError, ConnectionError, RuntimeError) as error:
        raise Unavailable(f"the broker does not tell how long its queues are: {type(error).__name__}") from error
    return found
