"""The real servers, started once per run; each test gets a vhost, databases and a prefix of its own in them."""

import base64
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from faultmaven_events.infra.servers.stack import Urls, open_stack
from faultmaven_events.infra.servers.tenancy import open_room
from faultmaven_events.settings import Settings


@pytest.fixture(scope="session")
def servers_home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="faultmaven-tests-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
async def stack(servers_home: Path) -> AsyncIterator[Urls]:
    """RabbitMQ, MongoDB, PostgreSQL and Valkey: those of FM_*_URL, else private ones. Without them the run fails; nothing is skipped."""
    async with open_stack(servers_home, settings=Settings(), progress=_tell) as urls:
        yield urls


@pytest.fixture
async def settings(stack: Urls, tmp_path: Path) -> AsyncIterator[Settings]:
    """Settings that point at empty stores of this test's own, with keys of its own."""
    name = f"test_{uuid4().hex[:12]}"
    async with open_room(stack, name) as urls:
        yield Settings(
            home=tmp_path,
            amqp_url=SecretStr(urls.amqp),
            management_url=SecretStr(urls.management),
            mongo_url=SecretStr(urls.mongo),
            postgres_url=SecretStr(urls.postgres),
            redis_url=SecretStr(urls.redis),
            redis_prefix=name,
            raw_key=_key(),
            clean_key=_key(),
        )
    await _forget(stack.redis, name)


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _key() -> SecretStr:
    return SecretStr(base64.b64encode(os.urandom(32)).decode())


async def _forget(url: str, prefix: str) -> None:
    async with Redis.from_url(url) as client:
        async for key in client.scan_iter(f"{prefix}:*"):
            await client.delete(key)
