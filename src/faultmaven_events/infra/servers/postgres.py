"""PostgreSQL: TimescaleDB is loaded when the server has it. Started by root it runs as `nobody`, because it refuses to run as root."""

import os
import shutil
import signal
from asyncio import create_subprocess_exec
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg

from faultmaven_events.errors import SetupError, TransientError
from faultmaven_events.infra.servers.binaries import Binary, output
from faultmaven_events.infra.servers.place import HOST, Place, accepts, write_private
from faultmaven_events.infra.servers.process import Command

USER: Final = "faultmaven"
DATABASE: Final = "faultmaven"
NOBODY: Final = 65534
"""Numbers of the user and the group nobody/nogroup, the same on every Linux."""

_CAPABILITIES = (("dac_read_search", 2), ("dac_override", 1))
"""Either lets `nobody` pass folders that only root may enter; the weaker one first (containers often have the second alone)."""


@dataclass(frozen=True, slots=True)
class Postgres:
    """A private PostgreSQL."""

    place: Place
    binaries: tuple[Binary, ...]
    """The preferred one first; data is opened by the version that wrote it."""
    title: str = "PostgreSQL"
    ports: int = 1

    def url(self, ports: Sequence[int], database: str = DATABASE) -> str:
        """Where clients find it; the path is the database."""
        return f"postgresql://{USER}:{self.place.secret('password')}@{HOST}:{ports[0]}/{database}"

    async def commands(self, ports: Sequence[int]) -> Sequence[Command]:
        """Create the database cluster at the first start."""
        binary = await self._binary()
        if not (self.place.data / "PG_VERSION").exists():
            await self._create(binary)
        # What a killed run left: nothing of it runs any more (its pids were ended), but its number may be somebody else's by now.
        (self.place.data / "postmaster.pid").unlink(missing_ok=True)
        options = {
            "listen_addresses": HOST,
            "port": str(ports[0]),
            "unix_socket_directories": "",
            "shared_buffers": "64MB",
            "max_connections": "200",
            "shared_preload_libraries": "timescaledb" if await _has_timescale(binary) else "",
            "timescaledb.telemetry_level": "off",
        }
        settings = tuple(part for name, value in options.items() for part in ("-c", f"{name}={value}"))
        argv = (str(binary.path), "-D", str(self.place.data), *settings)
        return (Command(argv, binary.env, stop=signal.SIGINT, identity=identity()),)

    async def version(self, ports: Sequence[int]) -> str:
        """Create the database if need be, and ask the server."""
        await accepts(ports[0])
        try:
            connection = await asyncpg.connect(self.url(ports, "postgres"), timeout=2)
            try:
                if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
                    await connection.execute(f'CREATE DATABASE "{DATABASE}"')
                return str(await connection.fetchval("SHOW server_version"))
            finally:
                await connection.close()
        except (OSError, asyncpg.PostgresError) as error:
            raise TransientError(str(error)) from error

    async def _binary(self) -> Binary:
        written = self.place.data / "PG_VERSION"
        if not written.exists():
            return self.binaries[0]
        major = written.read_text().strip()
        for binary in self.binaries:
            if f" {major}." in await output(binary, "--version"):
                return binary
        raise SetupError(f"the data in {self.place.data} was written by PostgreSQL {major}: put that on PATH, or move the folder away")

    async def _create(self, binary: Binary) -> None:
        shutil.rmtree(self.place.data, ignore_errors=True)
        self.place.data.mkdir(mode=0o700)
        password = self.place.folder / "initdb"
        write_private(password, self.place.secret("password"))
        for path in (self.place.data, password):
            _hand_over(path)
        argv = (
            *(str(binary.path.with_name("initdb")), "-D", str(self.place.data), "-U", USER, f"--pwfile={password}"),
            *("-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync"),
        )
        guard = ("setpriv", *identity(), "--") if identity() else ()
        try:
            child = await create_subprocess_exec(*guard, *argv, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env={**os.environ, **binary.env})
            _, errors = await child.communicate()
        finally:
            password.unlink()
        if child.returncode:
            shutil.rmtree(self.place.data, ignore_errors=True)
            lines = errors.decode(errors="replace").strip().splitlines()
            raise SetupError(
                f"PostgreSQL could not create its data in {self.place.data}: {lines[-1] if lines else 'initdb gave no reason'}"
            )


def identity() -> tuple[str, ...]:
    """Options of setpriv(1) under which PostgreSQL runs: nobody for root, oneself for others."""
    if os.geteuid() != 0:
        return ()
    # access(2) drops capabilities of a user who is not root unless the secure bit says otherwise; PostgreSQL checks its own files with it.
    who = ("--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", "--no-new-privs", "--securebits=+no_setuid_fixup")
    held = _effective_capabilities()
    keep = next((f",+{name}" for name, bit in _CAPABILITIES if held >> bit & 1), "")
    return (*who, f"--inh-caps=-all{keep}", f"--ambient-caps=-all{keep}")


def _effective_capabilities() -> int:
    status = Path("/proc/self/status").read_text()
    return next((int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff:")), 0)


def _hand_over(path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)


async def _has_timescale(binary: Binary) -> bool:
    """Whether the extension's library lies where this server loads libraries from."""
    config = binary.path.with_name("pg_config")
    if not config.exists():
        return False
    folder = (await output(Binary(config, binary.source, binary.env), "--pkglibdir")).strip()
    return bool(folder) and (Path(folder) / "timescaledb.so").exists()
