"""sales-report: a nightly job that reads orders in one transaction and then, by mistake, waits for a mail server inside it."""

import asyncio
import os
import sys
from datetime import UTC, datetime

import asyncpg


def log(level: str, message: str) -> None:
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S,%f} {level} sales-report {message}"[:200], flush=True)


async def main() -> None:
    connection = await asyncpg.connect(os.environ["DATABASE_URL"], server_settings={"application_name": "sales-report"})
    log("INFO", "started by schedule, report 'daily sales'")
    transaction = connection.transaction()
    await transaction.start()
    total = await connection.fetchval("SELECT sum(amount) FROM orders")
    log("INFO", f"read orders, total {total}")
    log("WARNING", "mail relay 127.0.0.1:2525 does not answer, waiting before the report is sent")
    await asyncio.sleep(float(sys.argv[1]))
    await transaction.commit()


asyncio.run(main())
