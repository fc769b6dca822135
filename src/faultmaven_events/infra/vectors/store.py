"""The store as the rest of the system sees it: put a document, take it away, search."""

from collections.abc import AsyncIterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from faultmaven_events.infra import written
from faultmaven_events.infra.embedder.words import WordWeights
from faultmaven_events.infra.vectors.fusion import best, fused
from faultmaven_events.infra.vectors.point import (
    DOCUMENT_MEANING,
    DOCUMENT_WORDS,
    PASSAGE_MEANING,
    PASSAGE_WORDS,
    Dense,
    Document,
    Found,
    Passage,
    Point,
    document_point,
    passage_point,
)
from faultmaven_events.infra.vectors.scope import Filter, Scope
from faultmaven_events.schemas.knowledge import Hit, SearchResult

DEPTH = 50
"""Points that each list holds."""
PAGES = 20
"""Documents whose passages are looked at."""
PASSAGES = 4 * DEPTH
"""Passages that the list of each document's nearest one is made of: documents have several."""
PER_DOCUMENT = 3
"""Passages of one document among the hits, so that one long runbook does not fill them."""
WORDS_WEIGHT, MEANING_WEIGHT = 4.0, 1.0
PASSAGE_SHARE = 0.25
"""How much a page's further passages lose, at most, for fitting worse than its best one."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query with its vectors."""

    meaning: Dense
    words: WordWeights


@dataclass(frozen=True, slots=True)
class Nearest:
    """Ask for the `limit` points whose vector `using` is nearest."""

    using: str
    vector: Dense | WordWeights
    where: Filter
    limit: int = DEPTH
    whole: bool = True
    """Whether the payload is wanted, or the document's id alone."""


class Engine(Protocol):
    """What a vector database must do. Raises Unavailable when it is away."""

    async def write(self, points: Sequence[Point]) -> None:
        """Insert or overwrite."""

    async def erase(self, where: Filter) -> None:
        """Remove what matches."""

    async def flush(self) -> None:
        """Return when everything done before would outlive a power cut."""

    async def nearest(self, asked: Sequence[Nearest]) -> list[list[Found]]:
        """Answer each, best first. IDF is taken over the tenant's points, not over everybody's."""

    async def count(self, where: Filter) -> int:
        """Return how many points match."""


@dataclass(frozen=True, slots=True)
class VectorStore:
    """Passages by meaning and by words, in an engine."""

    engine: Engine
    model: str

    async def put(self, document: Document, passages: AsyncIterable[Sequence[Passage]], words: WordWeights) -> int:
        """Store a document batch by batch and return its number of passages; what an earlier edition left is removed.

        `words` are the document's as a whole; its meaning is the mean of its passages'. The same again changes nothing.
        """
        count = 0
        total: NDArray[np.float64] = np.zeros(1)
        async for batch in passages:
            await self.engine.write([passage_point(document, passage) for passage in batch])
            total = total + np.sum([passage.meaning for passage in batch], axis=0, dtype=np.float64)
            count += len(batch)
        if count:
            await self.engine.write([document_point(document, _unit(total), words)])
        written.note("vectors", count + bool(count))
        its = (("document_id", (str(document.id),)),)
        await self.engine.erase(Filter(document.tenant, its, never=(("edition", (document.edition,)),)))
        await self.engine.flush()
        return count

    async def delete(self, tenant: str, document_id: UUID) -> None:
        """Remove a document; no error when it is not there."""
        await self.engine.erase(Filter(tenant, (("document_id", (str(document_id),)),)))
        await self.engine.flush()

    async def count(self, tenant: str, document_id: UUID) -> int:
        """Return how many points a document has: its passages and itself."""
        return await self.engine.count(Filter(tenant, (("document_id", (str(document_id),)),)))

    async def search(self, query: Query, scope: Scope, limit: int) -> SearchResult:
        """Return the passages that fit best.

        First whole documents are ranked (by their words, their meaning, and their nearest passage), then the passages of the best ones: the
        best passage of a document stands where its document stands, further ones behind it.
        A hit's score is the cosine of the nearest passage found, scaled down by how far the hit is behind the first.
        """
        ranked, cosine = await self._documents(query, scope)
        pages = dict(sorted(ranked.items(), key=lambda item: (-item[1], item[0]))[:PAGES])
        where = scope.filter(("document_id", tuple(pages)))
        if not pages or where is None:
            return SearchResult(model=self.model)
        meanings, words = await self.engine.nearest(
            [Nearest(PASSAGE_MEANING, query.meaning, where), Nearest(PASSAGE_WORDS, query.words, where)]
        )
        places = fused([(_scores(words), WORDS_WEIGHT), (_scores(meanings), MEANING_WEIGHT)], DEPTH)
        found = {str(point.id): point for point in (*meanings, *words)}
        first = best([(point.document_id, places[key]) for key, point in found.items()])
        behind = {key: first[point.document_id] - places[key] for key, point in found.items()}
        rated = {key: pages[point.document_id] - PASSAGE_SHARE * behind[key] for key, point in found.items()}
        order = sorted(rated, key=lambda key: (-rated[key], key))
        chosen = _chosen([found[key] for key in order], limit)
        top = rated[order[0]] if order else 1.0
        hits = tuple(_hit(point, cosine * max(0.0, rated[str(point.id)]) / (top or 1.0)) for point in chosen)
        return SearchResult(hits=hits, model=self.model)

    async def _documents(self, query: Query, scope: Scope) -> tuple[dict[str, float], float]:
        """Rank documents; also return the cosine of the nearest passage of all."""
        where = scope.filter()
        if where is None:
            return {}, 0.0
        vectors: tuple[tuple[str, Dense | WordWeights, int], ...] = (
            (DOCUMENT_WORDS, query.words, DEPTH),
            (DOCUMENT_MEANING, query.meaning, DEPTH),
            (PASSAGE_MEANING, query.meaning, PASSAGES),
        )
        words, meanings, passages = await self.engine.nearest(
            [Nearest(using, vector, where, most, whole=False) for using, vector, most in vectors]
        )
        nearest = dict(islice(best([(point.document_id, point.score) for point in passages]).items(), DEPTH))
        pages = [{point.document_id: point.score for point in points} for points in (words, meanings)]
        ranked = fused([(pages[0], WORDS_WEIGHT), (pages[1], MEANING_WEIGHT), (nearest, MEANING_WEIGHT)], DEPTH)
        return ranked, max(0.0, *nearest.values()) if nearest else 0.0


def _unit(vector: NDArray[np.float64]) -> list[float]:
    length = np.linalg.norm(vector) or 1.0
    return [float(value) for value in vector / length]


def _scores(points: Sequence[Found]) -> dict[str, float]:
    return {str(point.id): point.score for point in points}


def _chosen(points: Sequence[Found], limit: int) -> list[Found]:
    """Return the first ones, at most a few of one document, and no text twice."""
    chosen: list[Found] = []
    texts: set[str] = set()
    per_document: dict[str, int] = {}
    for point in points:
        if point.payload["text"] in texts or per_document.get(point.document_id, 0) >= PER_DOCUMENT:
            continue
        texts.add(point.payload["text"])
        per_document[point.document_id] = per_document.get(point.document_id, 0) + 1
        chosen.append(point)
    return chosen[:limit]


def _hit(point: Found, score: float) -> Hit:
    payload = point.payload
    return Hit(
        chunk_id=point.id,
        document_id=UUID(point.document_id),
        name=payload["name"],
        title=payload["title"],
        collection=payload["collection"],
        heading=payload["heading"],
        text=payload["text"],
        line_start=payload["line_start"],
        line_end=payload["line_end"],
        score=round(min(1.0, score), 6),
    )
