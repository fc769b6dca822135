"""Publish the two events beside this file with any AMQP client; here aio-pika. Run: FM_AMQP_URL=amqp://... python publish.py"""

import asyncio
import json
import os
from pathlib import Path

import aio_pika


async def main() -> None:
    async with await aio_pika.connect(os.environ["FM_AMQP_URL"]) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        exchange = await channel.get_exchange("fm.events")
        for name in ("evidence.json", "question.json"):
            body = (Path(__file__).parent / name).read_bytes()
            event = json.loads(body)
            message = aio_pika.Message(
                body,
                content_type="application/cloudevents+json",
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                message_id=event["id"],
            )
            await exchange.publish(message, routing_key=event["type"], mandatory=True)
            print("published", event["type"], "job", event["subject"])


asyncio.run(main())
