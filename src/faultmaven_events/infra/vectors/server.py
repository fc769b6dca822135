"""A Qdrant server, 1.16 or newer; from 1.19 on how rare a word is counts per tenant."""

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import httpx
from qdrant_client import AsyncQdrantClient, models
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

from faultmaven_events.errors import SetupError, TransientError, Unavailable
from faultmaven_events.infra.embedder.words import WordWeights
from faultmaven_events.infra.vectors.point import KEYWORDS, MEANINGS, WORDS, Found, Point
from faultmaven_events.infra.vectors.scope import Condition, Filter
from faultmaven_events.infra.vectors.store import Nearest

COLLECTION = "fm-passages"
TIMEOUT_S = 10
CONFLICT, SERVER_FAULT = 409, 500
REMEMBERS = (1, 16)
"""The first version that stores metadata of a collection."""
IDF_PER_TENANT = (1, 19)
AWAY = (ApiException, UnexpectedResponse, QdrantException, httpx.HTTPError, OSError)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Server:
    """A collection on a server."""

    client: AsyncQdrantClient
    tenant_idf: bool

    async def write(self, points: Sequence[Point]) -> None:
        """Insert or overwrite."""
        await _asked(self.client.upsert(COLLECTION, [_point(point) for point in points], wait=True))

    async def erase(self, where: Filter) -> None:
        """Remove what matches."""
        await _asked(self.client.delete(COLLECTION, models.FilterSelector(filter=_filter(where)), wait=True))

    async def flush(self) -> None:
        """Nothing to do: the server has each change in its log when it answers."""

    async def nearest(self, asked: Sequence[Nearest]) -> list[list[Found]]:
        """Answer each."""
        answers = await _asked(self.client.query_batch_points(COLLECTION, [self._request(one) for one in asked]))
        return [[Found(UUID(str(point.id)), point.score, point.payload or {}) for point in answer.points] for answer in answers]

    async def count(self, where: Filter) -> int:
        """Return how many points match."""
        return (await _asked(self.client.count(COLLECTION, count_filter=_filter(where), exact=True))).count

    def _request(self, asked: Nearest) -> models.QueryRequest:
        sparse = isinstance(asked.vector, WordWeights)
        corpus = models.SearchParams(idf=models.IdfCorpusParams(corpus=_filter(Filter(asked.where.tenant))))
        return models.QueryRequest(
            query=_sparse(asked.vector) if isinstance(asked.vector, WordWeights) else list(asked.vector),
            using=asked.using,
            filter=_filter(asked.where),
            params=corpus if sparse and self.tenant_idf else None,
            limit=asked.limit,
            with_payload=True if asked.whole else ["document_id"],
        )


@asynccontextmanager
async def open_server(url: str, api_key: str | None, model: str, dimension: int) -> AsyncIterator[Server]:
    """Connect, and create the collection when it is new.

    Raises:
        SetupError: no answer, a server that is too old, or a collection that another model filled.
    """
    client = AsyncQdrantClient(url=url, api_key=api_key, timeout=TIMEOUT_S, check_compatibility=False)
    try:
        yield await prepared(client, model, dimension)
    finally:
        await client.close()


async def prepared(client: AsyncQdrantClient, model: str, dimension: int) -> Server:
    """Create or check the collection; raises SetupError as `open_server` does."""
    try:
        version = _version((await client.info()).version)
        if version < REMEMBERS:
            raise SetupError(f"the Qdrant server is version {version[0]}.{version[1]}: {REMEMBERS[0]}.{REMEMBERS[1]} or newer is needed")
        if not await client.collection_exists(COLLECTION):
            await _create(client, model, dimension)
        await _check(client, model, dimension)
    except AWAY as error:
        raise SetupError(f"the Qdrant server of FM_QDRANT_URL does not answer ({type(error).__name__})") from None
    return Server(client, tenant_idf=version >= IDF_PER_TENANT)


async def _create(client: AsyncQdrantClient, model: str, dimension: int) -> None:
    try:
        await client.create_collection(
            COLLECTION,
            vectors_config={name: models.VectorParams(size=dimension, distance=models.Distance.COSINE) for name in MEANINGS},
            sparse_vectors_config={name: models.SparseVectorParams(modifier=models.Modifier.IDF) for name in WORDS},
            metadata={"model": model, "dimension": dimension},
        )
        await client.create_payload_index(
            COLLECTION, "tenant", models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
        )
        for name in KEYWORDS:
            await client.create_payload_index(COLLECTION, name, models.PayloadSchemaType.KEYWORD)
    except UnexpectedResponse as error:
        if error.status_code != CONFLICT:  # another process has just created it
            raise


async def _check(client: AsyncQdrantClient, model: str, dimension: int) -> None:
    known = (await client.get_collection(COLLECTION)).config.metadata or {}
    if known != {"model": model, "dimension": dimension}:
        raise SetupError(
            f"the Qdrant collection {COLLECTION} was filled by {known.get('model')} ({known.get('dimension')} dimensions), not by {model} "
            f"({dimension}): set FM_EMBED_MODEL_PATH back, or delete the collection and submit the documents again"
        )


def _version(text: str) -> tuple[int, int]:
    major, minor = text.split(".")[:2]
    return int(major), int(minor)


async def _asked(answer: Awaitable[T]) -> T:
    try:
        return await answer
    except UnexpectedResponse as error:
        if error.status_code is not None and error.status_code < SERVER_FAULT:
            raise TransientError(f"the Qdrant server refused a request: status {error.status_code}") from error
        raise Unavailable(f"the Qdrant server failed: status {error.status_code}") from error
    except AWAY as error:
        raise Unavailable(f"the Qdrant server does not answer: {type(error).__name__}") from error


def _point(point: Point) -> models.PointStruct:
    vector: dict[str, Any] = {point.meaning[0]: list(point.meaning[1]), point.words[0]: _sparse(point.words[1])}
    return models.PointStruct(id=str(point.id), vector=vector, payload=dict(point.payload))


def _sparse(words: WordWeights) -> models.SparseVector:
    return models.SparseVector(indices=list(words.indices), values=list(words.values))


def _filter(where: Filter) -> models.Filter:
    must: list[Any] = [_matches(("tenant", (where.tenant,))), *map(_matches, where.must)]
    if where.either:
        must.append(models.Filter(should=[models.Filter(must=list(map(_matches, rule))) for rule in where.either]))
    return models.Filter(must=must, must_not=list(map(_matches, where.never)))


def _matches(condition: Condition) -> models.FieldCondition:
    return models.FieldCondition(key=condition[0], match=models.MatchAny(any=list(condition[1])))
