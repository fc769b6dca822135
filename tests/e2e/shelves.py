"""Everything that the running system has stored, opened from outside."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import bson
import qdrant_edge as edge
from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions
from redis.asyncio import Redis

from faultmaven_events.infra.blobs import open_blobs
from faultmaven_events.infra.mongo import open_mongo
from faultmaven_events.infra.streams.frame import FIELD, live_seal
from faultmaven_events.infra.vault import vault_of
from faultmaven_events.settings import Settings

_UUIDS: CodecOptions[dict[str, Any]] = CodecOptions(uuid_representation=UuidRepresentation.STANDARD)

Thing = tuple[str, bytes]
"""Where it lies, and what it holds."""


async def points(settings: Settings) -> list[dict[str, Any]]:
    """Return the payloads in the vector store, of a copy: the consumer has the folder open."""
    return await asyncio.to_thread(_points, settings.home / "vectors" / "shard")


def _points(folder: Path) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "shard"
        shutil.copytree(folder, copy)
        shard = edge.EdgeShard.load(str(copy))
        try:
            records, _ = shard.scroll(edge.ScrollRequest(limit=100_000, with_payload=True, with_vector=False))
            return [dict(record.payload or {}) for record in records]
        finally:
            shard.close()


async def vectors(settings: Settings) -> AsyncIterator[Thing]:
    """Yield the payloads, and the files as they lie on the disk."""
    for payload in await points(settings):
        yield f"vectors {payload.get('name')}", repr(payload).encode()
    for thing in _files(settings.home / "vectors"):
        yield thing


async def documents(settings: Settings) -> AsyncIterator[Thing]:
    """Yield every document of every collection of Mongo."""
    async with open_mongo(settings) as database:
        for name in await database.list_collection_names():
            async for document in database[name].find({}):
                yield f"mongo {name} {document['_id']}", bson.encode(document, codec_options=_UUIDS)


async def rows(settings: Settings) -> AsyncIterator[Thing]:
    """Yield every row of every table of PostgreSQL."""
    assert settings.postgres_url
    connection = await asyncpg.connect(settings.postgres_url.get_secret_value())
    try:
        for table in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
            for row in await connection.fetch(f'SELECT t::text AS row FROM "{table["tablename"]}" t'):
                yield f"postgresql {table['tablename']}", row["row"].encode()
    finally:
        await connection.close()


async def values(settings: Settings) -> AsyncIterator[Thing]:
    """Yield every key of Redis with its value; live streams decrypted."""
    assert settings.redis_url
    seal = live_seal(settings)
    async with Redis.from_url(settings.redis_url.get_secret_value()) as redis:
        async for key in redis.scan_iter(f"{settings.redis_prefix}:*"):
            kind = await redis.type(key)
            if kind == b"stream":
                tenant = key.decode().split(":")[2]
                entries: Any = await redis.xrange(key)
                for id, entry in entries:
                    frame = seal.open(tenant, key.decode(), entry[FIELD])
                    assert frame is not None, id
                    yield f"redis {key.decode()} {id.decode()}", frame.model_dump_json().encode()
                continue
            assert kind in {b"string", b"zset", b"none"}, key  # another type must be read in another way
            held = await (redis.zrange(key, 0, -1) if kind == b"zset" else redis.mget([key]))
            yield f"redis {key.decode()}", b" ".join([key, *(bytes(value) for value in held if isinstance(value, bytes) and value)])


async def blobs(settings: Settings, tenant: str) -> AsyncIterator[Thing]:
    """Yield every sanitized blob of a tenant, decrypted."""
    async with open_blobs(settings) as store:
        for path in sorted((settings.home / "blobs" / "clean" / tenant).iterdir()):
            content = await store.find(tenant, "clean", path.name)
            assert content is not None
            yield f"clean blob {path.name}", await store.read(tenant, content)


async def sealed(settings: Settings, tenant: str) -> AsyncIterator[Thing]:
    """Yield the vault and the allow list of a tenant as they lie on the disk."""
    for area in ("vault", "allow"):
        for thing in _files(settings.home / "blobs" / area / tenant):
            yield thing


def raw_blobs(settings: Settings, tenant: str) -> list[Path]:
    """Return the raw blobs of a tenant that still exist."""
    folder = settings.home / "blobs" / "raw" / tenant
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


async def logs(*folders: Path) -> AsyncIterator[Thing]:
    """Yield every log file below some folders."""
    for folder in folders:
        for thing in _files(folder, "*.log*"):
            yield thing


def _files(folder: Path, pattern: str = "*") -> list[Thing]:
    return [(f"file {path.name}", path.read_bytes()) for path in folder.rglob(pattern) if path.is_file()]


async def home(settings: Settings) -> AsyncIterator[Thing]:
    """Yield every file below the system's home, as it lies on the disk: blobs are encrypted there, and no core or temporary file may be."""
    for thing in await asyncio.to_thread(_files, settings.home):
        yield thing


async def vault(settings: Settings, tenant: str) -> AsyncIterator[Thing]:
    """Yield what the vault holds of a tenant, decrypted: the pairs of stand-in and original."""
    keyed = settings.model_copy(update={"vault_key_file": settings.home / "keys" / "vault"})
    async with open_blobs(settings) as store:
        opened = vault_of(store.store, keyed)
        assert opened is not None
        for path in sorted((settings.home / "blobs" / "vault" / tenant).rglob("*")):
            if path.is_file() and path.name != "key":
                async for record in opened.records(tenant, path.parent.name, path.name):
                    yield f"vault {path.name}", json.dumps(record.pairs, ensure_ascii=False).encode()
