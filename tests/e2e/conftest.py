"""One running system for the whole session: ingress and consumers as processes, in a room of their own on the shared servers."""

import base64
import os
import sys
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from e2e.collector import open_collector
from e2e.running import Running, Visitor
from e2e.wiretap import open_wiretap
from faultmaven_events.infra.servers.stack import Urls
from faultmaven_events.infra.servers.supervisor import open_system
from faultmaven_events.infra.servers.tenancy import open_room
from faultmaven_events.settings import MIB, Settings

LIMIT = 8 * MIB
"""Bytes of one upload: above the largest log here, and small enough to go over it quickly."""

TEXT = 128 * MIB
"""Bytes that one upload may unpack to."""


@pytest.fixture(scope="session")
async def system(stack: Urls, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """The whole system, as `faultmaven up` runs it, with a wiretap on its broker from before its first message."""
    name = f"e2e_{uuid4().hex[:12]}"
    async with open_room(stack, name) as urls, open_wiretap(urls.management, urls.amqp, name) as tap, open_collector() as collector:
        settings = Settings(
            home=tmp_path_factory.mktemp("system"),
            redis_prefix=name,
            upload_limit=LIMIT,
            text_limit=TEXT,
            otlp_endpoint=collector.endpoint,
            trace_ratio=1.0,
            raw_key=_key(),
            clean_key=_key(),
            amqp_url=SecretStr(urls.amqp),
            management_url=SecretStr(urls.management),
            mongo_url=SecretStr(urls.mongo),
            postgres_url=SecretStr(urls.postgres),
            redis_url=SecretStr(urls.redis),
        )
        async with (
            open_system(settings.home, settings, _tell, 0) as system,
            httpx.AsyncClient(base_url=system.api_url, timeout=90, trust_env=False) as client,
        ):
            yield Running(settings, system, client, tap, collector)


@pytest.fixture
def visitor(system: Running) -> Visitor:
    """Somebody with a tenant of their own."""
    return system.visitor()


def _key() -> SecretStr:
    return SecretStr(base64.b64encode(os.urandom(32)).decode())


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
