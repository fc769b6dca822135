"""Separate rooms in shared servers: a vhost and databases made for one run and removed after it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
import httpx
from pymongo import MongoClient

from faultmaven_events.errors import SetupError
from faultmaven_events.infra.servers.stack import Urls


def with_path(url: str, name: str) -> str:
    """Point a URL at another vhost or database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{quote(name, safe='')}"))


async def create_vhost(management_url: str, name: str) -> None:
    """Create a vhost in which the URL's user may do everything.

    Raises:
        SetupError: there is no management API, or it refuses.
    """
    parts = urlsplit(management_url)
    if not parts.hostname:
        raise SetupError("creating a vhost needs RabbitMQ's management API: set FM_MANAGEMENT_URL")
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    async with _management(management_url) as client:
        for path, body in (
            (f"/api/vhosts/{quote(name, safe='')}", {}),
            (f"/api/permissions/{quote(name, safe='')}/{parts.username}", everything),
        ):
            answer = await client.put(path, json=body)
            if answer.is_error:
                raise SetupError(f"RabbitMQ's management API refuses to create the vhost {name} (HTTP {answer.status_code})")


async def delete_vhost(management_url: str, name: str) -> None:
    """Delete a vhost with its queues and connections; no error when it is gone."""
    async with _management(management_url) as client:
        answer = await client.delete(f"/api/vhosts/{quote(name, safe='')}")
        if answer.is_error and answer.status_code != httpx.codes.NOT_FOUND:
            raise SetupError(f"RabbitMQ's management API refuses to delete the vhost {name} (HTTP {answer.status_code})")


@asynccontextmanager
async def open_room(urls: Urls, name: str) -> AsyncIterator[Urls]:
    """Give a vhost, a Mongo database and a PostgreSQL database of this name, all empty; remove them afterwards."""
    await create_vhost(urls.management, name)
    await _sql(urls.postgres, f'CREATE DATABASE "{name}"')
    try:
        yield replace(urls, amqp=with_path(urls.amqp, name), mongo=with_path(urls.mongo, name), postgres=with_path(urls.postgres, name))
    finally:
        await delete_vhost(urls.management, name)
        await _sql(urls.postgres, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await asyncio.to_thread(_drop_mongo, urls.mongo, name)


def _management(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, trust_env=False, timeout=30)


def _drop_mongo(url: str, name: str) -> None:
    client: MongoClient[dict[str, Any]] = MongoClient(url)
    with client:
        client.drop_database(name)


async def _sql(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
