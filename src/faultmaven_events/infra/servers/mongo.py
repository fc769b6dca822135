"""MongoDB as a replica set of one, so that transactions and change streams work; with a password, as mongod allows over loopback."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from faultmaven_events.errors import TransientError
from faultmaven_events.infra.servers.binaries import Binary
from faultmaven_events.infra.servers.place import HOST, Place, accepts
from faultmaven_events.infra.servers.process import Command

USER: Final = "faultmaven"
DATABASE: Final = "faultmaven"
REPLICA_SET: Final = "rs0"
_AUTHENTICATION_FAILED = 18
_NOT_YET_INITIALIZED = 94


@dataclass(frozen=True, slots=True)
class Mongo:
    """A private mongod."""

    place: Place
    binary: Binary
    title: str = "MongoDB"
    ports: int = 1

    def url(self, ports: Sequence[int]) -> str:
        """Where clients find it; the path is the database."""
        options = f"authSource=admin&replicaSet={REPLICA_SET}&directConnection=true"
        return f"mongodb://{USER}:{self.place.secret('password')}@{HOST}:{ports[0]}/{DATABASE}?{options}"

    async def commands(self, ports: Sequence[int]) -> Sequence[Command]:
        """Keep the cache small: it shares the machine with everything else."""
        self.place.data.mkdir(mode=0o700, exist_ok=True)
        self.place.secret("key")
        argv = (
            *(str(self.binary.path), "--replSet", REPLICA_SET, "--bind_ip", HOST, "--port", str(ports[0]), "--nounixsocket", "--quiet"),
            *("--dbpath", str(self.place.data), "--keyFile", str(self.place.folder / "key")),
            *("--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "256", "--setParameter", "diagnosticDataCollectionEnabled=false"),
        )
        return (Command(argv, self.binary.env),)

    async def version(self, ports: Sequence[int]) -> str:
        """Bring the replica set up if need be; the version once it takes writes."""
        await accepts(ports[0])
        try:
            # PyMongo in a thread: its asynchronous client leaves sockets open when a server goes away while it connects.
            version = await asyncio.to_thread(_set_up, f"{HOST}:{ports[0]}", self.place.secret("password"))
        except PyMongoError as error:
            raise TransientError(str(error)) from error
        if version is None:
            raise TransientError("it is not the primary yet")
        return version


def _set_up(address: str, password: str) -> str | None:
    # Without the set's name in the URL: before it is initiated, a client that insists on one refuses the server.
    try:
        with _client(f"mongodb://{USER}:{password}@{address}/?authSource=admin&directConnection=true") as client:
            if client.admin.command("hello").get("isWritablePrimary"):
                return str(client.admin.command("buildInfo")["version"])
            _claim(client, address)
    except OperationFailure as error:
        if error.code not in {_AUTHENTICATION_FAILED, _NOT_YET_INITIALIZED}:
            raise
        _found(address, password)
    return None


def _found(address: str, password: str) -> None:
    """Set up a new server: until it has a user, mongod lets a loopback client do so without a password."""
    with _client(f"mongodb://{address}/?directConnection=true") as client:
        if not client.admin.command("hello").get("setName"):
            client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [{"_id": 0, "host": address}]})
        client.admin.command("createUser", USER, pwd=password, roles=["root"])


def _claim(client: MongoClient[dict[str, Any]], address: str) -> None:
    """Tell a member that moved to another port that it is still itself."""
    config = client.admin.command("replSetGetConfig")["config"]
    if config["members"][0]["host"] != address:
        config["members"][0]["host"] = address
        config["version"] += 1
        client.admin.command("replSetReconfig", config, force=True)


def _client(url: str) -> MongoClient[dict[str, Any]]:
    return MongoClient(url, serverSelectionTimeoutMS=1000, connectTimeoutMS=1000, socketTimeoutMS=5000)
