"""Ask a running server for its version; the drivers' own errors pass through."""

import asyncio
from typing import Any, Final

PATIENCE_S: Final = 4.0


async def amqp(url: str) -> str:
    """An AMQP broker, as it introduces itself."""
    import aio_pika

    connection = await aio_pika.connect(url, timeout=PATIENCE_S)
    async with connection:
        properties: Any = connection.transport.connection.server_properties if connection.transport else {}
        return _decoded(properties.get("version", ""))


def _decoded(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


async def mongo(url: str) -> str:
    """MongoDB, and whether it is a replica set."""
    from pymongo import MongoClient

    def ask() -> str:
        client: MongoClient[dict[str, Any]] = MongoClient(url, serverSelectionTimeoutMS=int(PATIENCE_S * 900))
        with client:
            set_name = client.admin.command("hello").get("setName")
            return f"{client.server_info()['version']}{'' if set_name else ', no replica set: transactions and change streams need one'}"

    return await asyncio.to_thread(ask)


async def postgres(url: str) -> str:
    """PostgreSQL, and which TimescaleDB it has under which licence."""
    import asyncpg

    connection = await asyncpg.connect(url, timeout=PATIENCE_S)
    try:
        server = str(await connection.fetchval("SHOW server_version")).split(" ")[0]
        timescale = await connection.fetchval("SELECT default_version FROM pg_available_extensions WHERE name = 'timescaledb'")
        if timescale is None:
            return f"{server}, without TimescaleDB (plain partitions are used)"
        edition = await connection.fetchval("SELECT current_setting('timescaledb.license', true)")
        editions = {"apache": "Apache edition", "timescale": "Community edition"}
        return f"{server}, TimescaleDB {timescale} ({editions.get(str(edition), 'not preloaded')})"
    finally:
        await connection.close()


async def redis(url: str) -> str:
    """Redis or Valkey."""
    from redis.asyncio import Redis

    async with Redis.from_url(url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S) as client:
        info = await client.info("server")
    name = "Valkey" if "valkey_version" in info else "Redis"
    return f"{name} {info.get('valkey_version') or info['redis_version']}"


async def qdrant(url: str, key: str) -> str:
    """A Qdrant server."""
    import httpx

    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        answer = await client.get(url, headers={"api-key": key} if key else {})
        return str(answer.raise_for_status().json()["version"])
