"""The four servers as instances that a case can stop, kill, pause and start again; always private ones, whatever the environment names."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from faultmaven_events.infra.servers import binaries, rabbitmq
from faultmaven_events.infra.servers.instance import Instance
from faultmaven_events.infra.servers.mongo import Mongo
from faultmaven_events.infra.servers.place import Place
from faultmaven_events.infra.servers.postgres import Postgres
from faultmaven_events.infra.servers.process import Command
from faultmaven_events.infra.servers.rabbitmq import RabbitMQ
from faultmaven_events.infra.servers.stack import Urls
from faultmaven_events.infra.servers.valkey import Valkey

_QUICK_FIGURES: Final = "[{rabbit, [{collect_statistics_interval, 500}, {quorum_tick_interval, 500}]}].\n"
"""The broker counts what lies in its queues twice a second instead of every five: cases wait for empty queues."""


@dataclass(frozen=True, slots=True)
class Servers:
    """The running servers, and where they are; their ports stay the same over restarts."""

    broker: Instance
    mongo: Instance
    postgres: Instance
    valkey: Instance
    urls: Urls
    rabbitmq: RabbitMQ

    async def rabbitmqctl(self, *words: str) -> str:
        """Run the broker's own command line against it; returns what it printed.

        Raises:
            RuntimeError: it ended with an error.
        """
        node: Command = (await self.rabbitmq.commands(self.broker.ports))[-1]
        program = self.rabbitmq.home.server.with_name("rabbitmqctl")
        process = await asyncio.create_subprocess_exec(
            *(str(program), "--quiet", *words),
            env=dict(node.env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"rabbitmqctl {words[0]} ended with {process.returncode}: {out.decode(errors='replace')[-300:]}")
        return out.decode(errors="replace")


@asynccontextmanager
async def open_servers(folder: Path, progress: Callable[[str], None]) -> AsyncIterator[Servers]:
    """Start all four at once under a folder; end them on the way out.

    Raises:
        SetupError: one cannot be had or does not start.
    """
    rabbit = RabbitMQ(Place(folder / "rabbitmq"), await rabbitmq.provide(progress))
    mongod = binaries.required(binaries.mongod(), "MongoDB", "FM_MONGO_URL", "mongod")
    mongo = Mongo(Place(folder / "mongo"), await binaries.with_libraries(mongod, progress))
    found = binaries.postgres()
    binaries.required(next(iter(found), None), "PostgreSQL", "FM_POSTGRES_URL", "postgres")
    postgres = Postgres(Place(folder / "postgres"), found)
    valkey = Valkey(Place(folder / "valkey"), binaries.required(binaries.valkey(), "Valkey", "FM_REDIS_URL", "valkey-server"))
    rabbit.place.make()
    (rabbit.place.folder / "advanced.config").write_text(_QUICK_FIGURES)
    instances = [Instance(server, progress) for server in (rabbit, mongo, postgres, valkey)]
    try:
        async with asyncio.TaskGroup() as group:
            for instance in instances:
                group.create_task(instance.start())
        a, b, c, d = instances
        urls = Urls(
            rabbit.amqp_url(a.ports), rabbit.management_url(a.ports), mongo.url(b.ports), postgres.url(c.ports), valkey.url(d.ports)
        )
        yield Servers(a, b, c, d, urls, rabbit)
    finally:
        await asyncio.gather(*(instance.stop() for instance in instances))
