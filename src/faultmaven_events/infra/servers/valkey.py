"""Valkey (or Redis) for caches, rate windows and heartbeats: never truth, so nothing of it is written to disk."""

from collections.abc import Sequence
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError

from faultmaven_events.errors import TransientError
from faultmaven_events.infra.servers.binaries import Binary
from faultmaven_events.infra.servers.place import HOST, Place, accepts, write_private
from faultmaven_events.infra.servers.process import Command


@dataclass(frozen=True, slots=True)
class Valkey:
    """A private Valkey."""

    place: Place
    binary: Binary
    title: str = "Valkey"
    ports: int = 1

    def url(self, ports: Sequence[int]) -> str:
        """Where clients find it."""
        return f"redis://:{self.place.secret('password')}@{HOST}:{ports[0]}/0"

    async def commands(self, ports: Sequence[int]) -> Sequence[Command]:
        """Write the configuration; the password stands there, not on the command line."""
        self.place.data.mkdir(mode=0o700, exist_ok=True)
        settings = {
            "bind": HOST,
            "port": ports[0],
            "requirepass": self.place.secret("password"),
            "dir": f'"{self.place.data}"',
            "save": '""',
            "appendonly": "no",
            "maxmemory": "256mb",
            "maxmemory-policy": "volatile-lru",
        }
        config = self.place.folder / "valkey.conf"
        write_private(config, "".join(f"{name} {value}\n" for name, value in settings.items()))
        return (Command((str(self.binary.path), str(config)), self.binary.env),)

    async def version(self, ports: Sequence[int]) -> str:
        """Ask the server."""
        await accepts(ports[0])
        try:
            async with Redis.from_url(self.url(ports), socket_connect_timeout=2, socket_timeout=2) as client:
                info = await client.info("server")
        except RedisError as error:
            raise TransientError(str(error)) from error
        return str(info.get("valkey_version") or info["redis_version"])
