"""The embedded servers: each answers with its password alone, keeps what it stored, and never outlives the process that started it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aio_pika
import asyncpg
import httpx
import psutil
import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError

from faultmaven_events.errors import SetupError, TransientError
from faultmaven_events.infra.servers import binaries, rabbitmq
from faultmaven_events.infra.servers.instance import Instance, diagnose, open_server
from faultmaven_events.infra.servers.mongo import Mongo
from faultmaven_events.infra.servers.place import HOST, Place, accepts, are_free, free_ports
from faultmaven_events.infra.servers.postgres import Postgres
from faultmaven_events.infra.servers.probe import probe_all
from faultmaven_events.infra.servers.process import Command
from faultmaven_events.infra.servers.rabbitmq import RabbitMQ
from faultmaven_events.infra.servers.stack import Urls, open_stack
from faultmaven_events.infra.servers.valkey import Valkey
from faultmaven_events.settings import Settings


def quiet(_: str) -> None:
    """Nobody reads the progress of a test."""


def some_valkey(folder: Path) -> Valkey:
    found = binaries.valkey()
    assert found is not None
    return Valkey(Place(folder / "valkey"), found)


def mongo(url: str) -> MongoClient[dict[str, Any]]:
    return MongoClient(url)


async def a_message_through(url: str, body: bytes, *, durable: bool = False) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("test.servers", durable=True, arguments={"x-queue-type": "quorum"} if durable else {})
        await channel.default_exchange.publish(aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT), queue.name)


async def test_rabbitmq_carries_a_message_and_refuses_a_wrong_password(settings: Settings) -> None:
    assert settings.amqp_url is not None
    assert settings.management_url is not None
    await a_message_through(settings.amqp_url.get_secret_value(), b"hello")
    management = settings.management_url.get_secret_value()
    async with httpx.AsyncClient(base_url=management, trust_env=False) as client:
        assert (await client.get("/api/whoami")).is_success
        assert (await client.get("/api/whoami", auth=("faultmaven", "wrong"))).status_code == httpx.codes.UNAUTHORIZED
        assert (await client.get("/api/whoami", auth=("guest", "guest"))).status_code == httpx.codes.UNAUTHORIZED


async def test_mongo_keeps_a_transaction_and_refuses_a_client_without_password(settings: Settings) -> None:
    assert settings.mongo_url is not None
    with mongo(settings.mongo_url.get_secret_value()) as client:
        things = client.get_default_database()["things"]
        with client.start_session() as session, session.start_transaction():
            things.insert_one({"_id": 1}, session=session)
        assert things.count_documents({}) == 1
    address = urlsplit(settings.mongo_url.get_secret_value()).netloc.rpartition("@")[2]
    with mongo(f"mongodb://{address}/?directConnection=true") as stranger, pytest.raises(OperationFailure):
        stranger["faultmaven"]["things"].find_one()


async def test_postgres_refuses_a_wrong_password(settings: Settings) -> None:
    assert settings.postgres_url is not None
    url = settings.postgres_url.get_secret_value()
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SELECT current_database()") == settings.redis_prefix
    await connection.close()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(url.replace(urlsplit(url).password or "?", "wrong"))


async def test_valkey_refuses_a_wrong_password(stack: Urls) -> None:
    async with Redis.from_url(stack.redis) as client:
        assert await client.ping()
    async with Redis.from_url(stack.redis.replace(urlsplit(stack.redis).password or "?", "wrong")) as stranger:
        with pytest.raises(AuthenticationError):
            await stranger.ping()


async def test_rooms_of_two_tests_share_nothing(settings: Settings, stack: Urls) -> None:
    assert settings.amqp_url is not None
    await a_message_through(settings.amqp_url.get_secret_value(), b"mine")
    async with httpx.AsyncClient(base_url=stack.management, trust_env=False) as client:
        queues = (await client.get("/api/queues/faultmaven")).json()
    assert "test.servers" not in {queue["name"] for queue in queues}


@pytest.mark.usefixtures("stack")
def test_every_server_listens_on_loopback_alone(servers_home: Path) -> None:
    listening = []
    for record in servers_home.glob("servers/*/pids"):
        for line in record.read_text().splitlines():
            connections = psutil.Process(int(line.split()[0])).net_connections("inet")
            listening += [connection.laddr.ip for connection in connections if connection.status == psutil.CONN_LISTEN]
    assert len(listening) >= 8
    assert set(listening) <= {"127.0.0.1", "::1"}


@pytest.mark.usefixtures("stack")
def test_what_is_secret_is_readable_by_its_owner_alone(servers_home: Path) -> None:
    secrets = [
        path
        for path in servers_home.glob("servers/*/*")
        if path.name in {"password", "key", ".erlang.cookie", "valkey.conf", "rabbitmq.conf"}
    ]
    assert len(secrets) >= 7
    assert {path.stat().st_mode & 0o077 for path in [*secrets, servers_home / "servers"]} == {0}
    shown = {argument for process in psutil.process_iter(["cmdline"]) for argument in process.info["cmdline"] or ()}
    passwords = [path.read_text() for path in servers_home.glob("servers/*/password")]
    assert not [1 for argument in shown for password in passwords if password in argument]


async def test_a_second_owner_of_the_same_folder_is_told_who_has_it(servers_home: Path, stack: Urls) -> None:
    with pytest.raises(SetupError, match=f"in use by process {os.getpid()}"):
        async with open_stack(servers_home, settings=Settings(), progress=quiet):
            pass


async def test_servers_that_settings_name_are_not_started(tmp_path: Path, stack: Urls) -> None:
    given = Settings.model_validate({f"{name}_url": url for name, url in vars_of(stack).items()})
    async with open_stack(tmp_path, settings=given, progress=quiet) as urls:
        assert urls == stack
    assert {path.name for path in os.scandir(tmp_path / "servers")} == {"lock"}


def vars_of(urls: Urls) -> dict[str, str]:
    return {name.removeprefix("FM_").removesuffix("_URL").lower(): url for name, url in urls.env().items()}


async def test_rabbitmq_keeps_its_messages_through_kill_and_restart_on_the_same_port(tmp_path: Path) -> None:
    server = RabbitMQ(Place(tmp_path / "rabbitmq"), await rabbitmq.provide(quiet))
    async with open_server(server) as broker:
        url = server.amqp_url(broker.ports)
        await a_message_through(url, b"kept", durable=True)
        await asyncio.sleep(1.5)  # a quorum queue's entry is saved every 0.5 s; RabbitMQ forgets a younger one in a crash
        await broker.kill()
        with pytest.raises(TransientError):
            await accepts(broker.ports[0])
        await broker.start()
        assert server.amqp_url(broker.ports) == url
        async with await aio_pika.connect(url) as connection:
            queue = await (await connection.channel()).get_queue("test.servers")
            message = await queue.get(timeout=20)
            assert message.body == b"kept"
            await message.ack()


async def test_mongo_finds_itself_again_on_another_port(tmp_path: Path) -> None:
    found = binaries.mongod()
    assert found is not None
    server = Mongo(Place(tmp_path / "mongo"), await binaries.with_libraries(found, quiet))
    async with open_server(server) as first:
        with mongo(server.url(first.ports)) as client:
            client["faultmaven"]["kept"].insert_one({"_id": 1})
        before = first.ports
    (server.place.folder / "ports").unlink()
    async with open_server(server) as second:
        assert second.ports != before
        with mongo(server.url(second.ports)) as client:
            assert client["faultmaven"]["kept"].count_documents({}) == 1


async def test_postgres_starts_after_a_kill_although_its_lock_names_a_living_process(tmp_path: Path) -> None:
    server = Postgres(Place(tmp_path / "postgres"), binaries.postgres())
    async with open_server(server) as instance:
        await instance.kill()
        lock = server.place.data / "postmaster.pid"
        lock.write_text("\n".join([str(os.getpid()), *lock.read_text().splitlines()[1:]]) + "\n")
        await instance.start()
        connection = await asyncpg.connect(server.url(instance.ports))
        assert await connection.fetchval("SELECT 1") == 1
        await connection.close()


async def test_a_port_that_somebody_takes_in_between_is_replaced_by_another(tmp_path: Path) -> None:
    server = some_valkey(tmp_path)
    server.place.make()
    (taken,) = free_ports(1)
    (server.place.folder / "ports").write_text(str(taken))

    class Unlucky(Valkey):
        """Loses the race for its first port."""

        async def commands(self, ports: Sequence[int]) -> Sequence[Command]:
            if ports[0] == taken:
                self.place.log.write_bytes(b"")
                holders.append(await asyncio.start_server(lambda _reader, writer: writer.close(), HOST, taken))
            return await super().commands(ports)

    holders: list[asyncio.Server] = []
    async with open_server(Unlucky(server.place, server.binary)) as instance:
        assert instance.ports != (taken,)
        assert await server.version(instance.ports)
    for holder in holders:
        holder.close()
        await holder.wait_closed()


async def test_a_server_that_cannot_start_quotes_the_line_of_its_log_that_tells_why(tmp_path: Path) -> None:
    class Broken(Valkey):
        """Has a setting that Valkey does not know."""

        async def commands(self, ports: Sequence[int]) -> Sequence[Command]:
            (command,) = await super().commands(ports)
            return (Command((*command.argv, "--no-such-setting", "1"), command.env),)

    broken = some_valkey(tmp_path)
    with pytest.raises(SetupError, match=r"Valkey did not start: .*its log says: "):
        await Instance(Broken(broken.place, broken.binary)).start()
    assert not broken.place.pids.exists()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("FATAL: could not write lock file: No space left on device", "the disk is full"),
        ("initdb: error: could not access directory: Permission denied", "it has no permission"),
        ("{listen_failed,eaddrinuse}", "its ports are taken"),
        ("FATAL: something else failed", "it ended with status 1"),
    ],
)
def test_the_cause_is_named_in_words(tmp_path: Path, line: str, sentence: str) -> None:
    log = tmp_path / "log"
    log.write_text(f"starting\n{line}\nbye\n")
    assert diagnose(log, "it ended with status 1").startswith(f"{sentence}; its log says: {line}")


async def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "servers").write_text("a file, not a folder")
    with pytest.raises(SetupError, match="the servers' folder cannot be used"):
        async with open_stack(tmp_path, settings=Settings(), progress=quiet):
            pass


HOLDER = """
import asyncio, sys
from pathlib import Path
from faultmaven_events.infra.servers.valkey import Valkey
from faultmaven_events.infra.servers.binaries import valkey
from faultmaven_events.infra.servers.instance import open_server
from faultmaven_events.infra.servers.place import Place
async def hold():
    async with open_server(Valkey(Place(Path(sys.argv[1])), valkey())) as instance:
        print(instance.pid, flush=True)
        await asyncio.Event().wait()
asyncio.run(hold())
"""


def test_servers_end_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        server = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    assert psutil.wait_procs([server], timeout=10)[1] == []


async def test_what_a_killed_run_left_is_ended_by_its_pid_and_nobody_else_is(tmp_path: Path) -> None:
    server = some_valkey(tmp_path)
    server.place.make()
    left, stranger = [await asyncio.create_subprocess_exec("sleep", "60") for _ in range(2)]
    try:
        started = psutil.Process(left.pid).create_time()
        server.place.pids.write_text(f"{left.pid} {started}\n{stranger.pid} {started - 3600}\n")
        async with open_server(server):
            assert psutil.wait_procs([psutil.Process(left.pid)] if psutil.pid_exists(left.pid) else [], timeout=0)[1] == []
            assert stranger.returncode is None
    finally:
        stranger.kill()
        await asyncio.gather(left.wait(), stranger.wait())


async def test_a_paused_server_does_not_answer_until_it_is_resumed(tmp_path: Path) -> None:
    server = some_valkey(tmp_path)
    async with open_server(server) as instance:
        instance.pause()
        with pytest.raises((TransientError, TimeoutError)):
            async with asyncio.timeout(0.5):
                await server.version(instance.ports)
        instance.resume()
        assert await server.version(instance.ports)


def test_ports_stay_the_same_as_long_as_nobody_takes_them(tmp_path: Path) -> None:
    place = Place(tmp_path)
    ports = place.ports(3)
    assert len(set(ports)) == 3
    assert are_free(ports)
    assert place.ports(3) == ports
    assert place.ports(3, fresh=True) != ports


async def test_the_doctor_tells_the_version_of_each_server_that_answers(settings: Settings) -> None:
    probes = {probe.name: probe for probe in await probe_all(settings)}
    for name in ("RabbitMQ", "MongoDB", "PostgreSQL", "Redis"):
        assert probes[name].reachable
        assert any(character.isdigit() for character in probes[name].version)
    assert "TimescaleDB" in probes["PostgreSQL"].version
    assert probes["blob store"].reachable
    assert probes["disk space"].reachable


async def test_the_doctor_names_the_variable_of_a_server_that_does_not_answer_and_no_password(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    schemes = {"amqp": "amqp", "mongo": "mongodb", "postgres": "postgresql", "redis": "redis", "qdrant": "http"}
    dead = {f"{name}_url": f"{scheme}://someone:hidden@{HOST}:{port}/x" for name, scheme in schemes.items()}
    probes = await probe_all(Settings.model_validate({"home": tmp_path, **dead}))
    silent = [probe for probe in probes if probe.reachable is False]
    assert {word for probe in silent for word in probe.advice.replace(",", "").split() if word.startswith("FM_")} == {
        f"FM_{name.upper()}_URL" for name in schemes
    }
    assert "hidden" not in str(probes)


async def test_the_doctor_tells_without_servers_what_up_would_use(tmp_path: Path) -> None:
    probes = {probe.name: probe for probe in await probe_all(Settings(home=tmp_path))}
    for name in ("RabbitMQ", "MongoDB", "PostgreSQL", "Valkey", "Qdrant Edge", "embedding model"):
        assert probes[name].found
        assert probes[name].reachable is None


def test_a_program_that_is_a_link_keeps_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "check-rdb").write_text("#!/bin/sh\n")
    (tmp_path / "check-rdb").chmod(0o755)
    (tmp_path / "some-server").symlink_to("check-rdb")
    monkeypatch.setenv("PATH", str(tmp_path))
    found = binaries.on_path("some-server")
    assert found is not None
    assert found.path.name == "some-server"
