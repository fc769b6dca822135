"""The library: what makes passages searchable and finds them again. Joins the encoder and the vector store."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from faultmaven_events.consumers.embed.encoder import Encoder, open_encoder
from faultmaven_events.consumers.embed.passages import batches, heading_of, passage_text, whole_text
from faultmaven_events.infra.embedder import WordWeights, document_words, passage_words, query_words
from faultmaven_events.infra.vectors import Document, Passage, Query, Scope, VectorStore, open_vectors
from faultmaven_events.schemas.insight import Chunk
from faultmaven_events.schemas.knowledge import SearchQuery, SearchResult
from faultmaven_events.settings import Settings

BOOK = 200_000
"""Characters from which a text counts as a book: weighing the words of so many takes a third of a second."""


@dataclass(frozen=True, slots=True)
class Library:
    """Documents in, passages out."""

    encoder: Encoder
    store: VectorStore

    @property
    def model(self) -> str:
        """The name of the embedding model."""
        return self.encoder.embedder.name

    async def shelve(self, document: Document, chunks: Sequence[Chunk]) -> int:
        """Make a document searchable; return its number of vectors. Shelving it again replaces it."""
        text = whole_text(chunks)
        thread = self.encoder.on_books if len(text) > BOOK else self.encoder.on_documents
        words = await thread(partial(document_words, heading_of(document), text))
        return await self.store.put(document, self._passages(document, chunks), words)

    async def search(self, query: SearchQuery) -> SearchResult:
        """Answer a client's query."""
        return await self.look_up(query.text, Scope.of(query), query.limit)

    async def look_up(self, text: str, scope: Scope, limit: int) -> SearchResult:
        """Return the passages in a scope that fit a text best."""
        meaning = await self.encoder.query(text)
        return await self.store.search(Query(meaning, await asyncio.to_thread(query_words, text)), scope, limit)

    async def meaning(self, text: str) -> tuple[float, ...]:
        """Return the vector of a text as a query, to six digits: what is beyond tells no two texts apart."""
        return tuple(round(value, 6) for value in await self.encoder.query(text))

    async def _passages(self, document: Document, chunks: Sequence[Chunk]) -> AsyncIterator[list[Passage]]:
        for batch in batches(chunks):
            texts = [passage_text(document, chunk) for chunk in batch]
            meanings = await self.encoder.passages(document.tenant, texts)
            words = await self.encoder.on_documents(partial(_weigh, texts))
            yield [
                Passage(chunk.index, chunk.text, chunk.line_start, chunk.line_end, meaning.tolist(), weights, chunk.heading)
                for chunk, meaning, weights in zip(batch, meanings, words, strict=True)
            ]


def _weigh(texts: Sequence[str]) -> list[WordWeights]:
    return [passage_words(text) for text in texts]


@asynccontextmanager
async def open_library(settings: Settings) -> AsyncIterator[Library]:
    """Load the model and open the vector store.

    Raises:
        SetupError: one of them cannot be had.
    """
    async with open_encoder(settings) as encoder, open_vectors(settings, encoder.embedder.name, encoder.embedder.dimension) as store:
        yield Library(encoder, store)
