"""All servers side by side: those that settings name are used, the others are started under `<home>/servers` and end with the caller."""

import asyncio
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr

from faultmaven_events.errors import SetupError
from faultmaven_events.infra.servers import binaries, rabbitmq
from faultmaven_events.infra.servers.instance import Instance, Server, explain
from faultmaven_events.infra.servers.mongo import Mongo
from faultmaven_events.infra.servers.place import Place
from faultmaven_events.infra.servers.postgres import Postgres
from faultmaven_events.infra.servers.rabbitmq import RabbitMQ
from faultmaven_events.infra.servers.valkey import Valkey
from faultmaven_events.settings import MIB, Settings

Progress = Callable[[str], None]

NEEDED_SPACE: Final = 700 * MIB
"""What the servers need at least: their journals, and what RabbitMQ keeps free before it refuses messages."""


@dataclass(frozen=True, slots=True)
class Urls:
    """Where the servers are, with user and password."""

    amqp: str
    management: str
    """Empty when somebody else's RabbitMQ is used and FM_MANAGEMENT_URL is not set."""
    mongo: str
    postgres: str
    redis: str

    def env(self) -> dict[str, str]:
        """As the environment variables that settings read."""
        return {f"FM_{name.upper()}_URL": url for name, url in asdict(self).items() if url}

    @property
    def dashboard(self) -> str:
        """RabbitMQ's dashboard, without the password."""
        parts = urlsplit(self.management)
        return (
            f"http://{parts.hostname}:{parts.port} (user {parts.username})"
            if parts.hostname
            else "not known (FM_MANAGEMENT_URL is not set)"
        )


@asynccontextmanager
async def open_stack(home: Path, *, settings: Settings, progress: Callable[[str], None]) -> AsyncIterator[Urls]:
    """Start what settings do not name, all at once; end it on the way out.

    Args:
        home: the servers live in its folder `servers`; what they store stays for the next time.
        settings: its URLs are used instead of servers of our own.
        progress: told one line for each step, for a person.

    Raises:
        SetupError: a server cannot be had or does not start; one sentence that says why.
    """
    servers = Path.cwd() / home / "servers"
    with _claimed(servers):
        instances: list[Instance] = []

        async def own(server: Server) -> tuple[int, ...]:
            instance = Instance(server, progress)
            instances.append(instance)
            await instance.start()
            return instance.ports

        try:
            yield await _start(servers, settings, progress, own)
        finally:
            await asyncio.gather(*(instance.stop() for instance in instances))


Own = Callable[[Server], Coroutine[None, None, tuple[int, ...]]]


async def _start(servers: Path, settings: Settings, progress: Progress, own: Own) -> Urls:
    async def broker() -> tuple[str, str]:
        if settings.amqp_url:
            return _text(settings.amqp_url), _text(settings.management_url)
        server = RabbitMQ(Place(servers / "rabbitmq"), await rabbitmq.provide(progress))
        ports = await own(server)
        return server.amqp_url(ports), server.management_url(ports)

    async def mongo() -> str:
        if settings.mongo_url:
            return _text(settings.mongo_url)
        found = binaries.required(binaries.mongod(), "MongoDB", "FM_MONGO_URL", "mongod")
        server = Mongo(Place(servers / "mongo"), await binaries.with_libraries(found, progress))
        return server.url(await own(server))

    async def postgres() -> str:
        if settings.postgres_url:
            return _text(settings.postgres_url)
        found = binaries.postgres()
        binaries.required(next(iter(found), None), "PostgreSQL", "FM_POSTGRES_URL", "postgres")
        server = Postgres(Place(servers / "postgres"), found)
        return server.url(await own(server))

    async def redis() -> str:
        if settings.redis_url:
            return _text(settings.redis_url)
        server = Valkey(Place(servers / "valkey"), binaries.required(binaries.valkey(), "Valkey", "FM_REDIS_URL", "valkey-server"))
        return server.url(await own(server))

    try:
        async with asyncio.TaskGroup() as group:
            first = group.create_task(broker())
            others = [group.create_task(one) for one in (mongo(), postgres(), redis())]
    except BaseExceptionGroup as failures:
        raise _first(failures) from failures
    return Urls(*first.result(), *(task.result() for task in others))


def _first(failures: BaseExceptionGroup) -> BaseException:
    """What to tell of several servers that failed at once: the first, in words."""
    error = next((one for one in failures.exceptions if isinstance(one, SetupError)), failures.exceptions[0])
    return SetupError(f"the servers cannot be started: {explain(error)}") if isinstance(error, OSError) else error


@contextmanager
def _claimed(servers: Path) -> Iterator[None]:
    """Make the folder ours for as long as we run; the claim is gone with the process, however it ends."""
    try:
        servers.mkdir(mode=0o700, parents=True, exist_ok=True)
        free = shutil.disk_usage(servers).free
        lock = (servers / "lock").open("a+")
    except OSError as error:
        raise SetupError(f"the servers' folder cannot be used: {explain(error)}") from error
    with lock:
        if free < NEEDED_SPACE:
            raise SetupError(f"the disk is nearly full: {servers} has {free // MIB} MB left, the servers need {NEEDED_SPACE // MIB} MB")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip() or "?"
            raise SetupError(
                f"the servers under {servers} are in use by process {owner}: end that, or set FM_HOME to another folder"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _text(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
