"""The rig: servers, door and one process per stage, each of which a case can take away and put back."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
import psutil
from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import RedisError

from faultmaven_events.infra.servers.crew import Child, Crew
from faultmaven_events.infra.servers.key_files import key_env
from faultmaven_events.infra.servers.place import free_ports
from faultmaven_events.infra.servers.stack import Urls
from faultmaven_events.settings import Settings
from faultmaven_events.topology import BY_NAME
from faults.servers import Servers, open_servers

READY_WITHIN_S: Final = 120.0
Progress = Callable[[str], None]


class Post:
    """One supervised process: taken away (drained) and put back, or hit by a signal."""

    def __init__(self, child: Child, logs: Path, progress: Progress) -> None:
        self._child, self._logs, self._progress = child, logs / child.name, progress
        self._crew: Crew | None = None
        self.kills = 0

    @property
    def name(self) -> str:
        """The stage, or `serve`; a second process of a stage has a number."""
        return self._child.name

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self._logs / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        """Its process id; None while it is away or between two lives."""
        return self._crew.pid(self.name) if self._crew else None

    def start(self) -> None:
        """Put it there."""
        if self._crew is None:
            self._crew = Crew([self._child], self._logs, self._progress)
            self._crew.start()

    async def stop(self) -> None:
        """Take it away: SIGTERM, and its grace period to finish."""
        if self._crew is not None:
            crew, self._crew = self._crew, None
            await crew.stop()

    def check(self) -> None:
        """Raise SetupError when it cannot be started."""
        if self._crew is not None:
            self._crew.check()

    def send(self, number: signal.Signals) -> bool:
        """Send a signal to the process alone; False when there is none now."""
        pid = self.pid
        if pid is None:
            return False
        with suppress(ProcessLookupError):
            os.kill(pid, number)
            return True
        return False

    def kill(self) -> bool:
        """End it the hard way; its supervisor starts it again."""
        hit = self.send(signal.SIGKILL)
        self.kills += hit
        return hit

    def tree(self) -> list[psutil.Process]:
        """Return the process and its workers."""
        return tree(self.pid) if self.pid else []


def tree(pid: int) -> list[psutil.Process]:
    """Return a process and everything below it; none when it is gone."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


@dataclass(slots=True)
class Rig:
    """The running system."""

    home: Path
    servers: Servers
    settings: Settings
    api_url: str
    posts: dict[str, Post]
    http: aiohttp.ClientSession
    progress: Progress
    blobs: Path
    broker_kills: int = 0

    @property
    def urls(self) -> Urls:
        """Where the servers are."""
        return self.servers.urls

    @property
    def stages(self) -> list[Post]:
        """All but the door."""
        return [post for post in self.posts.values() if post.name != "serve"]

    @property
    def kills(self) -> int:
        """Workers ended with SIGKILL so far."""
        return sum(post.kills for post in self.posts.values())

    def resident(self) -> dict[str, int]:
        """Return the resident bytes of each post and server, with their workers."""
        servers = self.servers
        pids = {"broker": servers.broker.pid, "mongo": servers.mongo.pid, "postgres": servers.postgres.pid, "valkey": servers.valkey.pid}
        trees = {name: post.tree() for name, post in self.posts.items()} | {name: tree(pid) for name, pid in pids.items()}
        return {name: sum(map(_resident, processes)) for name, processes in trees.items() if processes}

    async def ready(self, names: Iterable[str] | None = None) -> None:
        """Wait until the door answers, and each of the processes named has a heartbeat of its present life.

        Raises:
            TimeoutError: not within two minutes; names who is missing.
        """
        missing = set(names or self.posts)
        deadline = time.monotonic() + READY_WITHIN_S
        async with Redis.from_url(self.urls.redis) as redis:
            while missing:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"not ready within {READY_WITHIN_S:.0f} s: {', '.join(sorted(missing))}")
                with suppress(RedisError, OSError):
                    beating = await _pids(redis, self.settings.redis_prefix)
                    missing -= {name for name in missing if self.posts[name].pid in beating}
                if "serve" in missing:
                    with suppress(aiohttp.ClientError, TimeoutError):
                        async with self.http.get(f"{self.api_url}/health/ready", timeout=aiohttp.ClientTimeout(5)) as answer:
                            missing -= {"serve"} if answer.status == 200 else set()
                await asyncio.sleep(0.1)


async def _pids(redis: Redis, prefix: str) -> set[int]:
    keys = [key async for key in redis.scan_iter(f"{prefix}:consumer:*", count=1000)]
    return {json.loads(value)["pid"] for value in await redis.mget(keys) if value} if keys else set()


@asynccontextmanager
async def open_rig(home: Path, progress: Progress, **options: object) -> AsyncIterator[Rig]:
    """Start everything under a folder; it begins when all are ready.

    Args:
        home: data, keys and logs.
        progress: told one line for each step.
        options: settings of the system, by their names.

    Raises:
        SetupError: a server or a process does not start.
    """
    async with open_servers(home / "servers", progress) as servers, aiohttp.ClientSession() as http:
        port = free_ports(1)[0]
        blobs = home / "blobs"
        blobs.mkdir(parents=True, exist_ok=True)
        settings = _settings(home, servers.urls, options)
        posts = {child.name: Post(child, home / "log", progress) for child in _children(home, settings, servers.urls, port)}
        rig = Rig(home, servers, settings, f"http://127.0.0.1:{port}", posts, http, progress, blobs)
        try:
            for post in posts.values():
                post.start()
            await rig.ready()
            yield rig
        finally:
            await asyncio.gather(*(post.stop() for post in posts.values()))


def _settings(home: Path, urls: Urls, options: dict[str, object]) -> Settings:
    keys = key_env(home, Settings())
    names = {name.removeprefix("FM_").lower(): value for name, value in (keys.raw | keys.clean).items()}
    where = {name.removeprefix("FM_").lower(): SecretStr(value) for name, value in urls.env().items()}
    return Settings.model_validate({"home": home, **names, **where, **options})


def environment(home: Path, settings: Settings, urls: Urls, *, raw: bool) -> dict[str, str]:
    """Return the environment of a process of the system; nothing of ours is taken over but what is not about the system."""
    keys = key_env(home, Settings())
    outside = {name: value for name, value in os.environ.items() if not name.startswith("FM_")}
    given = {f"FM_{name.upper()}": str(getattr(settings, name)) for name in settings.model_fields_set if not _secret(settings, name)}
    given.pop("FM_RAW_KEY_FILE", None)
    return outside | given | urls.env() | keys.clean | (keys.raw if raw else {}) | {"PYTHONUNBUFFERED": "1"}


def _children(home: Path, settings: Settings, urls: Urls, port: int) -> list[Child]:
    program = (sys.executable, "-m", "faultmaven_events")
    serve = Child("serve", (*program, "serve"), environment(home, settings, urls, raw=True) | {"FM_PORT": str(port)})
    stages = [Child(name, (*program, "consume", name), environment(home, settings, urls, raw=stage.raw)) for name, stage in BY_NAME.items()]
    return [serve, *stages]


def _secret(settings: Settings, name: str) -> bool:
    return isinstance(getattr(settings, name), SecretStr)
