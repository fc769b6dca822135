"""Incident 1: a schema migration waits behind a report's open transaction, and every query of the shop waits behind the migration."""

import asyncio
import random
import time
from pathlib import Path

import asyncpg
import httpx

from rig import App, Evidence, now, sample, tail

QUIET, BROKEN = 45, 60
PORT = 18471


async def record(folder: Path, database: str, log: Path) -> None:
    evidence = Evidence(folder)
    admin = await asyncpg.connect(database)
    for setting in (
        "log_lock_waits = on",
        "deadlock_timeout = '1s'",
        "log_line_prefix = '%m [%p] %q%a@%d '",
        "log_min_duration_statement = '2s'",
    ):
        await admin.execute(f"ALTER SYSTEM SET {setting}")
    await admin.execute("SELECT pg_reload_conf()")
    await admin.execute("CREATE TABLE products (name text); INSERT INTO products VALUES ('mug'), ('shirt'), ('poster')")
    await admin.execute(
        "CREATE TABLE orders (id bigserial PRIMARY KEY, customer text, item text, amount numeric, at timestamptz DEFAULT now())"
    )
    await admin.execute("CREATE INDEX ON orders (customer)")
    await asyncio.sleep(1)
    offset = log.stat().st_size

    api = App("orders_api.py", evidence.path("orders-api.log"), str(PORT), DATABASE_URL=database)
    await api.start()
    await asyncio.sleep(2)
    report = App("report_job.py", evidence.path("sales-report.log"), str(QUIET + BROKEN), DATABASE_URL=database)
    traffic = asyncio.create_task(shop(evidence.path("storefront_http.csv"), QUIET + BROKEN))
    await asyncio.sleep(QUIET - 15)
    await report.start()
    await asyncio.sleep(15)
    migration = asyncio.create_task(migrate(database, evidence))
    await asyncio.sleep(BROKEN - 15)
    await diagnose(admin, evidence)
    await traffic
    await api.stop()
    await report.stop()
    await asyncio.wait_for(migration, 30)
    await admin.close()
    tail(log, offset, evidence.path("postgresql.log"))


async def migrate(database: str, evidence: Evidence) -> None:
    connection = await asyncpg.connect(database, server_settings={"application_name": "migrate"})
    statement = "ALTER TABLE orders ADD COLUMN channel text"
    evidence.append("migrate.log", f"{now()} migrate: release 2026.11.3 step 1/2: {statement}")
    await connection.execute(statement)
    evidence.append("migrate.log", f"{now()} migrate: step 1/2 done")
    await connection.close()


async def diagnose(admin: asyncpg.Connection, evidence: Evidence) -> None:
    sql = (
        "SELECT pid, application_name, state, wait_event_type, pg_blocking_pids(pid) AS blocked_by, date_trunc('second', now() - xact_start) AS xact_age, "
        "left(query, 60) AS query FROM pg_stat_activity WHERE datname = current_database() AND application_name <> '' ORDER BY xact_start"
    )
    rows = await admin.fetch(sql)
    evidence.append("psql.txt", f'$ date -u\n{now()}\n$ psql orders -c "{sql}"')
    table = [list(rows[0].keys()), *[[str(value) for value in row.values()] for row in rows]]
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for n, row in enumerate(table):
        evidence.append("psql.txt", " " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))
        if n == 0:
            evidence.append("psql.txt", "-" + "-+-".join("-" * width for width in widths) + "-")
    evidence.append("psql.txt", f"({len(rows)} rows)")


async def shop(path: Path, seconds: float) -> None:
    counts = {"ok": 0, "failed": 0}
    taken: list[float] = []
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{PORT}", timeout=10, limits=httpx.Limits(max_connections=200)) as client:

        async def one() -> None:
            started = time.monotonic()
            customer = {"x-customer": f"customer{random.randrange(30)}@shop.example"}
            method, where = random.choice((("POST", "/orders"), ("GET", "/orders"), ("GET", "/orders"), ("GET", "/products")))
            answer = await client.request(method, where, headers=customer)
            taken.append(time.monotonic() - started)
            counts["ok" if answer.status_code < 500 else "failed"] += 1

        async def drive() -> None:
            async with asyncio.TaskGroup() as tasks:
                end = time.monotonic() + seconds
                while time.monotonic() < end:
                    tasks.create_task(one())
                    await asyncio.sleep(random.expovariate(8))

        async def take() -> list[object]:
            p95 = sorted(taken)[int(len(taken) * 0.95)] if taken else 0.0
            found: list[object] = [counts["ok"], counts["failed"], round(p95 * 1000)]
            counts.update(ok=0, failed=0)
            taken.clear()
            return found

        await asyncio.gather(drive(), sample(path, ["ok", "failed", "p95_ms"], seconds, take))
