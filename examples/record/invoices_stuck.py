"""Incident 2: a new release of invoice-worker fails on orders of the old format and puts them back: the queue stops moving."""

import asyncio
import json
import random
import time
from pathlib import Path

import aio_pika
import httpx

from rig import App, Evidence, now, sample, tail

QUIET, BROKEN = 40, 70


async def record(folder: Path, broker: str, management: str, log: Path) -> None:
    evidence = Evidence(folder)
    offset = log.stat().st_size
    connection = await aio_pika.connect(broker)
    channel = await connection.channel()
    await channel.declare_queue("invoices", durable=True)
    worker = App("invoice_worker.py", evidence.path("invoice-worker.log"), "3.1.4", BROKER_URL=broker)
    await worker.start()
    traffic = asyncio.create_task(orders(channel, evidence, QUIET + BROKEN))
    vhost = broker.rsplit("/", 1)[1]
    sampling = asyncio.create_task(queues(evidence.path("rabbitmq_queues.csv"), management, vhost, QUIET + BROKEN))
    await asyncio.sleep(QUIET)
    evidence.append("deploy.log", f"{now()} deploy: rolling out invoice-worker 3.2.0 (was 3.1.4) to worker01")
    await worker.stop()
    worker = App("invoice_worker.py", evidence.path("invoice-worker.log"), "3.2.0", BROKER_URL=broker)
    await worker.start()
    evidence.append("deploy.log", f"{now()} deploy: invoice-worker 3.2.0 running on worker01")
    await asyncio.sleep(BROKEN - 5)
    await diagnose(evidence, management, vhost)
    await asyncio.gather(traffic, sampling)
    await worker.stop()
    await connection.close()
    tail(log, offset, evidence.path("rabbitmq.log"))


async def orders(channel: aio_pika.abc.AbstractChannel, evidence: Evidence, seconds: float) -> None:
    end, number = time.monotonic() + seconds, 7000
    while time.monotonic() < end:
        number += 1
        order: dict[str, object] = {
            "id": number,
            "amount": round(random.uniform(5, 90), 2),
            "customer": f"customer{random.randrange(30)}@shop.example",
        }
        if random.random() < 0.7:
            order["currency"] = "EUR"  # the web shop sends it, the older app does not
        await channel.default_exchange.publish(aio_pika.Message(json.dumps(order).encode(), delivery_mode=2), "invoices")
        evidence.append(
            "shop.log", f'time={now()} level=info service=shop msg="order placed" order={number} amount={order["amount"]} queue=invoices'
        )
        if random.random() < 0.03:
            evidence.append("shop.log", f'time={now()} level=warn service=shop msg="image missing" item=poster')
        await asyncio.sleep(random.expovariate(4))


async def queues(path: Path, management: str, vhost: str, seconds: float) -> None:
    async with httpx.AsyncClient(base_url=management) as client:

        async def take() -> list[object]:
            queue = (await client.get(f"/api/queues/{vhost}/invoices")).json()
            stats = queue.get("message_stats", {})
            return [queue.get(k, "") for k in ("messages_ready", "messages_unacknowledged", "consumers")] + [
                stats.get(k, 0) for k in ("ack", "redeliver")
            ]

        await sample(path, ["messages_ready", "messages_unacknowledged", "consumers", "ack_total", "redeliver_total"], seconds, take)


async def diagnose(evidence: Evidence, management: str, vhost: str) -> None:
    async with httpx.AsyncClient(base_url=management) as client:
        queue = (await client.get(f"/api/queues/{vhost}/invoices")).json()
    evidence.append(
        "rabbitmqctl.txt", f"$ date -u\n{now()}\n$ rabbitmqctl list_queues name messages_ready messages_unacknowledged consumers"
    )
    evidence.append("rabbitmqctl.txt", "name\tmessages_ready\tmessages_unacknowledged\tconsumers")
    evidence.append("rabbitmqctl.txt", f"invoices\t{queue['messages_ready']}\t{queue['messages_unacknowledged']}\t{queue['consumers']}")
