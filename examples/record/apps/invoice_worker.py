"""invoice-worker: takes orders from the queue `invoices` and writes invoices. Release 3.2.0 needs a field that old orders do not have."""

import asyncio
import json
import logging
import os
import sys

import aio_pika

VERSION = sys.argv[1]
logging.basicConfig(
    stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s invoice-worker[%(process)d] %(name)s: %(message)s"
)
for noisy in ("aio_pika", "aiormq", "asyncio"):
    logging.getLogger(noisy).setLevel(logging.ERROR)
log = logging.getLogger("invoices")


def write(order: dict) -> str:
    if VERSION == "3.2.0":
        return f"{order['amount']:.2f} {order['currency']}"
    return f"{order['amount']:.2f} EUR"


async def main() -> None:
    connection = await aio_pika.connect(os.environ["BROKER_URL"])
    channel = await connection.channel()
    await channel.set_qos(1)
    queue = await channel.declare_queue("invoices", durable=True)
    log.info("invoice-worker %s started, consuming from queue invoices", VERSION)
    async with queue.iterator() as messages:
        async for message in messages:
            order = json.loads(message.body)
            try:
                amount = write(order)
            except Exception:
                log.exception("order %s failed, message goes back to the queue (redelivered=%s)", order["id"], message.redelivered)
                await message.reject(requeue=True)
                await asyncio.sleep(0.25)
            else:
                log.info("invoice written order=%s amount=%s customer=%s", order["id"], amount, order["customer"])
                await message.ack()


asyncio.run(main())
