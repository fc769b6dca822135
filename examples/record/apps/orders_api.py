"""orders-api: answers orders and searches over HTTP from PostgreSQL, through a pool of 8 connections; logs JSON lines."""

import asyncio
import json
import os
import sys
import time
from datetime import UTC, datetime

import asyncpg
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

VERSION = "4.7.2"
TIMEOUT = 3.0
app = FastAPI()


def log(level: str, message: str, **fields: object) -> None:
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    print(json.dumps({"time": at, "level": level, "service": "orders-api", "version": VERSION, "msg": message, **fields}), flush=True)


@app.middleware("http")
async def access(request: Request, call_next):
    started = time.monotonic()
    answer = await call_next(request)
    ms = round((time.monotonic() - started) * 1000)
    level = "error" if answer.status_code >= 500 else "info"
    log(
        level,
        "request",
        method=request.method,
        path=request.url.path,
        status=answer.status_code,
        duration_ms=ms,
        customer=request.headers.get("x-customer"),
    )
    return answer


async def query(sql: str, *arguments: object):
    try:
        async with app.state.pool.acquire(timeout=TIMEOUT) as connection:
            return await connection.fetch(sql, *arguments, timeout=TIMEOUT)
    except TimeoutError:
        log("error", f"database query timed out after {TIMEOUT:.0f} s", pool_size=8, pool_idle=app.state.pool.get_idle_size())
        raise


@app.post("/orders")
async def order(request: Request):
    try:
        rows = await query(
            "INSERT INTO orders (customer, item, amount) VALUES ($1, $2, $3) RETURNING id", request.headers["x-customer"], "mug", 12.5
        )
    except TimeoutError:
        return JSONResponse({"error": "timeout"}, 504)
    return {"id": rows[0]["id"]}


@app.get("/orders")
async def orders(request: Request):
    try:
        rows = await query("SELECT id, item FROM orders WHERE customer = $1 ORDER BY id DESC LIMIT 5", request.headers["x-customer"])
    except TimeoutError:
        return JSONResponse({"error": "timeout"}, 504)
    return [dict(row) for row in rows]


@app.get("/products")
async def products():
    rows = await query("SELECT name FROM products")
    return [row["name"] for row in rows]


async def main() -> None:
    app.state.pool = await asyncpg.create_pool(
        os.environ["DATABASE_URL"], min_size=8, max_size=8, server_settings={"application_name": "orders-api"}
    )
    log("info", "orders-api started", pool_size=8, database="orders")
    await uvicorn.Server(uvicorn.Config(app, port=int(sys.argv[1]), log_level="critical", access_log=False)).serve()


asyncio.run(main())
