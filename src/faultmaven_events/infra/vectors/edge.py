"""Qdrant Edge: the engine inside this process, its data in one folder that one process may open.

Search is exact: no graph is built, because scanning 20,000 passages takes 2 ms. Above a million passages use a server.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import qdrant_edge as edge

from faultmaven_events.errors import SetupError, TransientError
from faultmaven_events.infra.embedder.words import WordWeights
from faultmaven_events.infra.vectors.point import KEYWORDS, MEANINGS, WORDS, Found, Point
from faultmaven_events.infra.vectors.scope import Condition, Filter
from faultmaven_events.infra.vectors.store import Nearest

T = TypeVar("T")
NEVER_INDEX = 1 << 40
"""Kilobytes of vectors from which a graph would be built."""


@dataclass(frozen=True, slots=True)
class Edge:
    """An open shard. Calls run in threads: the shard lets go of Python's lock."""

    shard: edge.EdgeShard
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    settling: list["asyncio.Task[None]"] = field(default_factory=list)
    """The flush that has not begun, if there is one: everything written until it begins is in it."""

    async def write(self, points: Sequence[Point]) -> None:
        """Insert or overwrite."""
        await self._update(lambda: edge.UpdateOperation.upsert_points([_point(point) for point in points]))

    async def erase(self, where: Filter) -> None:
        """Remove what matches."""
        await self._update(lambda: edge.UpdateOperation.delete_points_by_filter(_filter(where)))

    async def flush(self) -> None:
        """Write to disk, and give the room of deleted points back when a fifth is deleted.

        A flush takes some ten milliseconds of waiting for the disk, however much is in it: who comes while one runs shares the next one.
        """
        if not self.settling:
            self.settling.append(asyncio.create_task(self._settle()))
        await asyncio.shield(self.settling[0])

    async def _settle(self) -> None:
        def settle() -> None:
            self.shard.flush()
            self.shard.optimize()

        async with self.writing:
            self.settling.clear()
            await _in_thread(settle)

    async def nearest(self, asked: Sequence[Nearest]) -> list[list[Found]]:
        """Answer each."""
        answers = await _in_thread(lambda: self.shard.query_batch(edge.QueryBatchRequest([_request(one) for one in asked])))
        return [[Found(UUID(str(point.id)), point.score, point.payload or {}) for point in points] for points in answers]

    async def count(self, where: Filter) -> int:
        """Return how many points match."""
        return await _in_thread(lambda: self.shard.count(edge.CountRequest(exact=True, filter=_filter(where))))

    async def _update(self, operation: Callable[[], edge.UpdateOperation]) -> None:
        async with self.writing:
            await _in_thread(lambda: self.shard.update(operation()))


async def _in_thread(call: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(call)
    except Exception as error:  # the binding raises plain Exception
        raise TransientError(f"the vector store in this process failed: {type(error).__name__}") from error


@asynccontextmanager
async def open_edge(folder: Path, model: str, dimension: int) -> AsyncIterator[Edge]:
    """Open the folder, creating it when it is new.

    Raises:
        SetupError: another process has it open, another model filled it, or it cannot be read.
    """
    shard = await asyncio.to_thread(_open, folder, model, dimension)
    try:
        yield Edge(shard)
    finally:
        await asyncio.to_thread(shard.close)


def _open(folder: Path, model: str, dimension: int) -> edge.EdgeShard:
    data = folder / "shard"
    try:
        data.mkdir(parents=True, exist_ok=True)
        _remember(folder / "model.json", {"model": model, "dimension": dimension})
        return edge.EdgeShard.load(str(data)) if any(data.iterdir()) else _create(data, dimension)
    except OSError as error:
        raise SetupError(f"the vector store in {folder} cannot be opened: {error.strerror}") from None
    except SetupError:
        raise
    except Exception as error:  # the binding raises plain Exception
        if "WouldBlock" in str(error):
            raise SetupError(
                f"the vector store in {folder} is open in another process: stop it, or set FM_QDRANT_URL to share a server"
            ) from None
        raise SetupError(f"the vector store in {folder} cannot be read: move the folder away and submit the documents again") from error


def _remember(file: Path, identity: dict[str, Any]) -> None:
    """Write down which model fills the collection, or check that it is still the same."""
    if not file.exists():
        draft = file.with_suffix(".new")
        draft.write_text(json.dumps(identity))
        draft.replace(file)
        return
    known = json.loads(file.read_text())
    if known != identity:
        raise SetupError(
            f"the vector store in {file.parent} was filled by {known.get('model')} ({known.get('dimension')} dimensions), not by "
            f"{identity['model']} ({identity['dimension']}): set FM_EMBED_MODEL_PATH back, or move the folder away and submit again"
        )


def _create(data: Path, dimension: int) -> edge.EdgeShard:
    shard = edge.EdgeShard.create(
        str(data),
        edge.EdgeConfig(
            vectors={name: edge.EdgeVectorParams(size=dimension, distance=edge.Distance.Cosine) for name in MEANINGS},
            sparse_vectors={name: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf) for name in WORDS},
            optimizers=edge.EdgeOptimizersConfig(indexing_threshold=NEVER_INDEX),
            max_search_threads=1,
        ),
    )
    shard.update(edge.UpdateOperation.create_field_index("tenant", edge.KeywordIndexParams(is_tenant=True)))
    for name in KEYWORDS:
        shard.update(edge.UpdateOperation.create_field_index(name, edge.PayloadSchemaType.Keyword))
    shard.flush()
    return shard


def _point(point: Point) -> edge.Point:
    vectors: Any = {point.meaning[0]: list(point.meaning[1]), point.words[0]: _sparse(point.words[1])}
    return edge.Point(point.id, vectors, dict(point.payload))


def _sparse(words: WordWeights) -> edge.SparseVector:
    return edge.SparseVector(list(words.indices), list(words.values))


def _request(asked: Nearest) -> edge.QueryRequest:
    sparse = isinstance(asked.vector, WordWeights)
    vector: Any = _sparse(asked.vector) if isinstance(asked.vector, WordWeights) else list(asked.vector)
    corpus = edge.IdfParams(_filter(Filter(asked.where.tenant)))
    return edge.QueryRequest(
        limit=asked.limit,
        query=edge.Query.Nearest(vector, asked.using),
        filter=_filter(asked.where),
        params=edge.SearchParams(idf=corpus) if sparse else None,
        with_payload=True if asked.whole else ["document_id"],
    )


def _filter(where: Filter) -> edge.Filter:
    must: list[Any] = [_matches(("tenant", (where.tenant,))), *map(_matches, where.must)]
    if where.either:
        must.append(edge.Filter(should=[edge.Filter(must=list(map(_matches, rule))) for rule in where.either]))
    return edge.Filter(must=must, must_not=list(map(_matches, where.never)))


def _matches(condition: Condition) -> edge.FieldCondition:
    return edge.FieldCondition(condition[0], match=edge.MatchAny(list(condition[1])))
